#include "adapters/http/events/filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace strowger::http::events {
namespace {

constexpr std::size_t most_alternatives = 64;
constexpr std::array<std::string_view, 6> own_names{"stream", "type", "not_type", "correlation", "from", "to"};

bool fits_any(const std::vector<std::string>& wanted, std::string_view text, char part_end) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
    return one.back() == part_end ? text.starts_with(one) : text == one;
  });
}

bool fits(const std::vector<std::string>& wanted, std::string_view text, char part_end) {
  return wanted.empty() || fits_any(wanted, text, part_end);
}

Result<std::string> parse_stream(std::string_view text) {
  if (text.size() > 2 && text.ends_with("/*") && text.find('/') == text.size() - 2)
    return std::string(text.substr(0, text.size() - 1));
  auto stream = StreamId::parse(text);
  if (!stream)
    return malformed("bad_stream", "'" + std::string(text) +
                                       "' is not a stream; write one such as device/001565123456, or device/* for all "
                                       "of a category.");
  // A MAC address is taken in every form that people write it in.
  if (const auto mac = stream->device()) return StreamId(stream->category(), mac->text()).text();
  return stream->text();
}

// strowger.device.registered.v1, device.registered, or device.*
Result<std::string> parse_type(std::string_view text) {
  constexpr std::string_view prefix = "strowger.";
  auto type = text;
  if (type.starts_with(prefix)) type.remove_prefix(prefix.size());
  const auto dot = type.rfind(".v");
  if (dot != std::string_view::npos && dot + 2 < type.size() &&
      type.find_first_not_of("0123456789", dot + 2) == std::string_view::npos)
    type = type.substr(0, dot);
  const bool all = type.ends_with(".*");
  if (all) type.remove_suffix(1);
  const bool plain = type.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._") == std::string_view::npos;
  if (type.size() < 2 || type.front() == '.' || !plain || type.ends_with('.') != all ||
      type.find('.') == std::string_view::npos)
    return malformed("bad_type", "'" + std::string(text) +
                                     "' is not an event type; write one such as device.registered, or device.* for all "
                                     "that start so.");
  return std::string(type);
}

Result<Timestamp> parse_time(std::string_view name, std::string_view text) {
  std::string whole(text);
  // A plus sign of an offset that was not escaped came in as a space.
  if (const auto space = whole.rfind(' '); space != std::string::npos && space > 10) whole[space] = '+';
  const auto time = parse_iso8601(whole);
  if (!time) return malformed("bad_time", std::string(name) + ": " + time.error().message + ".");
  return *time;
}

// With a device, or all, its facts.
void add_activity(std::vector<std::string>& streams) {
  const std::string device = std::string(StreamId::device_category) + "/";
  const auto asked = streams.size();
  for (std::size_t i = 0; i < asked; ++i) {
    if (!streams[i].starts_with(device)) continue;
    auto activity = std::string(StreamId::activity_category) + streams[i].substr(device.size() - 1);
    if (std::find(streams.begin(), streams.end(), activity) == streams.end()) streams.push_back(std::move(activity));
  }
}

}  // namespace

bool Filter::matches(const Record& record) const {
  return (!correlation || record.correlation == *correlation) && (!from || record.time >= *from) &&
         (!to || record.time < *to) && fits(streams, record.stream.text(), '/') && fits(types, record.type, '.') &&
         !fits_any(not_types, record.type, '.');
}

std::vector<StreamId> Filter::only_streams() const {
  std::vector<StreamId> only;
  for (const auto& text : streams) {
    if (text.back() == '/') return {};
    auto stream = StreamId::parse(text).value();
    if (!only.empty() && only.front().subject() != stream.subject()) return {};
    if (std::find(only.begin(), only.end(), stream) == only.end()) only.push_back(std::move(stream));
  }
  return only;
}

Result<Position> parse_position(std::string_view name, std::string_view text) {
  std::uint64_t position = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), position);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    return malformed("bad_position",
                     std::string(name) + " must be a position in the log: a whole number, the sequence of an event.");
  return Position{position};
}

Result<Filter> read_filter(const Query& query, std::initializer_list<std::string_view> others) {
  Filter filter;
  const auto each = [](std::string_view list, std::vector<std::string>& to, auto parse) -> Result<void> {
    for (std::size_t at = 0; at <= list.size();) {
      const auto end = std::min(list.find(',', at), list.size());
      auto parsed = parse(list.substr(at, end - at));
      if (!parsed) return parsed.error();
      if (to.size() == most_alternatives)
        return malformed("too_many_alternatives", "At most " + std::to_string(most_alternatives) +
                                                      " streams and as many types can be asked for at once.");
      to.push_back(std::move(*parsed));
      at = end + 1;
    }
    return {};
  };
  for (const auto& [name, value] : query.all()) {
    if (name == "stream") {
      if (auto read = each(value, filter.streams, parse_stream); !read) return read.error();
    } else if (name == "type") {
      if (auto read = each(value, filter.types, parse_type); !read) return read.error();
    } else if (name == "not_type") {
      if (auto read = each(value, filter.not_types, parse_type); !read) return read.error();
    } else if (name == "correlation") {
      const auto id = Uuid::parse(value);
      if (!id) return malformed("bad_correlation", "correlation must be a UUID, the correlationid of an event.");
      filter.correlation = *id;
    } else if (name == "from" || name == "to") {
      const auto time = parse_time(name, value);
      if (!time) return time.error();
      (name == "from" ? filter.from : filter.to) = *time;
    } else if (std::find(others.begin(), others.end(), name) == others.end()) {
      std::string known;
      for (const auto one : own_names) known += std::string(one) + ", ";
      for (const auto one : others) known += std::string(one) + ", ";
      known.resize(known.size() - 2);
      return malformed("unknown_parameter", "There is no parameter '" + name + "' here; there are " + known + ".");
    }
  }
  add_activity(filter.streams);
  if (filter.from && filter.to && *filter.from >= *filter.to)
    return malformed("bad_time", "from must be before to; nothing lies between them.");
  return filter;
}

}  // namespace strowger::http::events
