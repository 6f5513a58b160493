#include "actors/history/history.hpp"

#include "actors/history/publisher.hpp"
#include "actors/history/retention.hpp"
#include "actors/provisioning/recorded.hpp"
#include "events/merged_streams.hpp"

#include <algorithm>
#include <deque>

#include <boost/json/value_from.hpp>

namespace strowger::history {
namespace {

using provisioning::Origin;
using provisioning::PastExtension;

constexpr std::size_t history_page = 512;
constexpr auto foreign_clock_tolerance = std::chrono::minutes(1);  // that another's clock may be ahead

std::string at_position(Position position) {
  return "position " + std::to_string(number(position));
}

std::string when(const Origin& origin) {
  return to_iso8601(origin.time) + " (" + at_position(origin.position) + ", by " + origin.by + ")";
}

Error with_origin(Error error, std::string_view key, const Origin& origin) {
  return std::move(error).with(
      key, boost::json::object{{"position", number(origin.position)}, {"time", to_iso8601(origin.time)}});
}

void put_repeated(ServedFile& file, const ConfigServedRepeated& e) {
  file.event = last_of(e);
  file.time = e.last_seen;
  file.first_seen = e.first_seen;
  file.count = e.count;
}

Error never_registered(const MacAddress& mac) {
  return not_found("device_not_found", "Device " + mac.text() + " was never registered.");
}

}  // namespace

Result<Moment> History::find(const provisioning::PointInTime& point, Timestamp now) const {
  const auto last = log_.last_position();
  if (point.position && *point.position > last)
    return unacceptable("not_yet", "The log ends at " + at_position(last) + "; there is no " +
                                       at_position(*point.position) + " yet.")
        .with("last_position", number(last));
  if (point.until && *point.until > now + foreign_clock_tolerance)
    return unacceptable("not_yet", "The time " + to_iso8601(*point.until) + " is still to come.");

  // The last event at or before the time; positions rise, but not always by one.
  auto end = point.position.value_or(last);
  if (point.until) {
    Position from{};
    while (from < end) {
      const Position middle{number(from) + (number(end) - number(from)) / 2};
      const auto next = log_.read_all(middle, 1);
      if (!next) return next.error();
      if (next->empty() || next->front().time > *point.until)
        end = middle;
      else
        from = next->front().position;
    }
    end = from;
  }
  auto found = last_at(end);
  if (!found) return found.error();
  if (*found) return std::move(**found);
  auto error = not_found("before_the_log", "That was before the first event of the log.");
  const auto first = log_.read_all(Position{}, 1);
  if (first && !first->empty())
    error = std::move(error).with("first", boost::json::value(to_iso8601(first->front().time)));
  return error;
}

// The last event up to a position.
Result<std::optional<Moment>> History::last_at(Position position) const {
  const auto found = log_.read_back(strowger::next(position), 1);
  if (!found) return found.error();
  if (found->empty()) return std::optional<Moment>{};
  Moment moment{found->front().position, found->front().time};
  if (is_served(found->front().type)) {
    auto envelope = decode_or_quarantine(found->front());
    if (auto* served = std::get_if<ConfigServed>(&envelope.event)) moment.served = std::move(*served);
    if (const auto* again = std::get_if<ConfigServedRepeated>(&envelope.event)) moment.served = last_of(*again);
  }
  return std::optional(std::move(moment));
}

Result<std::optional<Moment>> History::before_last_change(const provisioning::Past& past) const {
  const auto last = provisioning::last_change(past);
  if (last == Position{}) return std::optional<Moment>{};
  return last_at(Position{number(last) - 1});
}

Result<bool> History::scan(const std::vector<StreamId>& streams, Position until, Wanted wanted,
                           const std::function<void(const Envelope&)>& visit) const {
  std::vector<MergedStreams::Start> starts;
  for (const auto& stream : streams) starts.push_back({stream, StreamVersion{}});
  MergedStreams merged(log_, std::move(starts), history_page);
  for (std::size_t read = 0; read < most_read; ++read) {
    const auto record = merged.next();
    if (!record) return record.error();
    if (!*record || (*record)->position > until) return read > 0;
    if (!wanted((*record)->type)) continue;
    const auto envelope = decode_or_quarantine(**record);
    if (!std::holds_alternative<Undecodable>(envelope.event)) visit(envelope);
  }
  return unacceptable("history_too_long", "The stream " + streams.front().text() + " has more than " +
                                              std::to_string(most_read) +
                                              " events, which is more than is looked through "
                                              "for one question.");
}

Result<provisioning::Past> History::read(const MacAddress& mac, const Moment& moment) const {
  provisioning::Past past;
  const auto fold = [&](const StreamId& stream, auto& part) {
    return scan({stream}, moment.position, &std::remove_reference_t<decltype(part)>::concerns,
                [&part](const Envelope& envelope) { part.apply(envelope); });
  };
  const auto then = "at " + at_position(moment.position) + " (" + to_iso8601(moment.time) + ")";

  auto done = fold(StreamId::of(mac), past.device);
  if (!done) return done.error();
  if (!past.device.registered) {
    if (past.device.unregistration)
      return with_origin(not_found("device_not_registered_then", "Device " + mac.text() + " was not registered " +
                                                                     then + ": it had been unregistered at " +
                                                                     when(*past.device.unregistration) + "."),
                         "unregistered", *past.device.unregistration);
    std::optional<Origin> first;
    const auto later = scan(
        {StreamId::of(mac)}, log_.last_position(), [](std::string_view type) { return type == DeviceRegistered::type; },
        [&](const Envelope& envelope) {
          if (!first) first = provisioning::origin_of(envelope);
        });
    if (!later) return later.error();
    if (!first) return never_registered(mac);
    return with_origin(
        not_found("device_not_registered_then", "Device " + mac.text() + " was not registered yet " + then +
                                                    ": it was registered at " + when(*first) + "."),
        "registered", *first);
  }

  const auto& number = past.device.extension.value;
  past.extension.number = number;
  done = fold(StreamId::of(number), past.extension);
  if (!done) return done.error();
  if (!past.extension.exists) {
    auto error = not_found(
        "extension_not_found_then",
        "Extension " + number.text() + " of device " + mac.text() + " did not exist " + then +
            (past.extension.deletion ? ": it had been deleted at " + when(*past.extension.deletion) + "." : ".") +
            " Its phone got no file.");
    if (past.extension.deletion) return with_origin(std::move(error), "deleted", *past.extension.deletion);
    return error;
  }

  for (const auto& line : past.device.lines.value) {
    if (line.line == 1) continue;
    PastExtension more;
    more.number = line.extension;
    done = fold(StreamId::of(line.extension), more);
    if (!done) return done.error();
    if (more.exists) past.more_extensions.emplace(line.line, std::move(more));  // one that is deleted is left out
  }
  const auto layers = layers_of(mac, past.device.vendor.value, past.device.model.value, past.device.site.value);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (!layers[i]) continue;
    done = fold(*layers[i], past.layers[i]);
    if (!done) return done.error();
  }

  done = fold(settings_stream(), past.settings);
  if (!done) return done.error();
  done = fold(template_stream(past.device.vendor.value, past.device.model.value), past.published);
  if (!done) return done.error();
  if (!past.settings.value || !past.published.value)
    return not_found("not_recorded_then",
                     std::string(past.settings.value ? "The template of " + past.device.vendor.value + " " +
                                                           past.device.model.value + " was"
                                                     : "The settings that files depend on were") +
                         " not recorded yet " + then +
                         "; what the log tells of that time is which file was served, not what was in it.");
  if (!past.settings.value->provisioning_enabled)
    return not_found("provisioning_disabled_then", "Provisioning was switched off " + then + ": no phone got a file.");
  auto text = text_of(past.published.value->sha256);
  if (!text) return text.error();
  auto values = values_of(past.published.value->values_sha256);
  if (!values) return values.error();
  past.source = provisioning::in_force(*past.published.value, std::move(*text), std::move(*values));
  return past;
}

Result<std::shared_ptr<const provisioning::VendorValues>> History::values_of(const std::string& sha256) const {
  if (sha256.empty()) return provisioning::VendorValues::none();
  auto text = text_of(sha256);
  if (!text) return text.error();
  return provisioning::VendorValues::parse(std::move(*text));
}

Result<std::string> History::text_of(const std::string& sha256) const {
  const auto stream = template_text_stream(sha256);
  const auto records = log_.read_stream(stream, StreamVersion{}, 1);
  if (!records) return records.error();
  if (records->empty()) return internal_error("the log has no " + stream.text());
  const auto envelope = decode(records->front());
  if (!envelope) return envelope.error();
  const auto* stored = std::get_if<TemplateTextStored>(&envelope->event);
  if (stored == nullptr || (!stored->text && !stored->sealed))
    return internal_error(stream.text() + " does not hold a template's text");
  auto text = stored->text ? Result<std::string>(*stored->text) : vault_.open(*stored->sealed);
  if (!text) return text.error();
  if (provisioning::sha256_of(*text) != sha256)
    return internal_error("the text in " + stream.text() + " is not the one that it is named by");
  return text;
}

Result<std::vector<PublishedTemplate>> History::templates(std::string_view vendor, std::string_view model) const {
  std::vector<PublishedTemplate> out;
  const auto any =
      scan({template_stream(vendor, model)}, log_.last_position(), &provisioning::PastTemplate::concerns,
           [&](const Envelope& envelope) {
             out.push_back({std::get<TemplatePublished>(envelope.event), provisioning::origin_of(envelope)});
           });
  if (!any) return any.error();
  return out;
}

Result<ServedPage> History::served(const MacAddress& mac, std::optional<Position> before, std::size_t limit) const {
  ServedPage page;
  std::deque<ServedFile> newest;
  std::uint64_t summary = 0;  // of the item before, where that was folded
  const auto any = scan(
      {StreamId::of(mac), StreamId::activity_of(mac)}, log_.last_position(),
      [](std::string_view type) { return is_served(type) || type == Folded::type; },
      [&](const Envelope& envelope) {
        const auto* folded = std::get_if<Folded>(&envelope.event);
        if (folded != nullptr && !is_served(folded->was)) return;
        const auto fetches = folded != nullptr ? std::max<std::uint64_t>(1, folded->requests) : 1;
        const bool same = folded != nullptr && folded->summary == summary;
        summary = folded != nullptr ? folded->summary : 0;
        if (!same) ++page.total;
        if (before && envelope.position >= *before) return;
        if (same) {
          newest.front().folded->fetches += fetches;
          return;
        }
        newest.push_front({envelope.position, envelope.version, envelope.time, envelope.by, envelope.id,
                           envelope.correlation, envelope.causation});
        if (folded != nullptr)
          newest.front().folded = ServedFile::FoldedFetches{summary, fetches};
        else if (const auto* again = std::get_if<ConfigServedRepeated>(&envelope.event))
          put_repeated(newest.front(), *again);
        else
          newest.front().event = std::get<ConfigServed>(envelope.event);
        if (newest.size() > limit) {
          newest.pop_back();
          page.more = true;
        }
      });
  if (!any) return any.error();
  if (!*any) return never_registered(mac);
  page.files.assign(std::make_move_iterator(newest.begin()), std::make_move_iterator(newest.end()));
  for (auto& file : page.files) {
    if (!file.folded) continue;
    if (auto done = fill_in(mac, file); !done) return done.error();
  }
  return page;
}

Result<void> History::fill_in(const MacAddress& mac, ServedFile& file) const {
  auto& folded = *file.folded;
  const auto records = log_.read_stream(summaries_stream(), StreamVersion{folded.summary - 1}, 1);
  if (!records) return records.error();
  if (records->empty()) return internal_error("the log has no summary " + std::to_string(folded.summary));
  const auto envelope = decode(records->front());
  if (!envelope) return envelope.error();
  const auto* summary = std::get_if<DaySummarized>(&envelope->event);
  if (summary == nullptr) return internal_error("summary " + std::to_string(folded.summary) + " is none");
  folded.day = summary->day;
  const auto device = std::find_if(summary->served.begin(), summary->served.end(),
                                   [&](const ServedSummary& served) { return served.mac == mac; });
  if (device == summary->served.end()) return {};
  folded.not_modified = device->not_modified;
  folded.bytes = device->bytes;
  folded.last_served = device->last_served;
  file.event.mac = mac;
  file.event.etag = device->last_etag;
  file.event.ip = device->last_ip;
  return {};
}

}  // namespace strowger::history
