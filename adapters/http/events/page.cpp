#include "adapters/http/events/page.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace strowger::http::events {
namespace {

constexpr std::size_t step = 512;
constexpr std::chrono::hours most_set_back{1};  // of the clock

// The first position from which on no event is older than `time`, give or take what the clock was set back.
Result<Position> first_at(EventLog& log, Timestamp time) {
  std::uint64_t low = 1;
  auto high = number(log.last_position()) + 1;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const auto found = log.read_all(Position{middle - 1}, 1);
    if (!found) return found.error();
    if (found->empty() || found->front().time >= time)
      high = middle;
    else
      low = middle + 1;
  }
  return Position{low};
}

// How many events of the stream lie at or below the position. O(log n) reads.
Result<StreamVersion> version_at(EventLog& log, const StreamId& stream, Position position) {
  const auto last = log.last_version(stream);
  if (!last) return last.error();
  std::uint64_t low = 0;  // lies below, or is none
  std::uint64_t high = number(*last);
  while (low < high) {
    const auto middle = low + (high - low + 1) / 2;
    const auto found = log.read_stream(stream, StreamVersion{middle - 1}, 1);
    if (!found) return found.error();
    if (!found->empty() && found->front().position <= position)
      low = middle;
    else
      high = middle - 1;
  }
  return StreamVersion{low};
}

// Gives the events piece by piece, in the order of the page; an empty piece is the end.
using Source = std::function<Result<std::vector<Record>>()>;

Source forward(EventLog& log, Position after) {
  return [&log, after]() mutable {
    auto records = log.read_all(after, step);
    if (records && !records->empty()) after = records->back().position;
    return records;
  };
}

Source backward(EventLog& log, Position before) {
  return [&log, before]() mutable {
    auto records = log.read_back(before, step);
    if (records && !records->empty()) before = records->back().position;
    return records;
  };
}

Source forward(EventLog& log, const StreamId& stream, StreamVersion after) {
  return [&log, stream, after]() mutable {
    auto records = log.read_stream(stream, after, step);
    if (records && !records->empty()) after = records->back().version;
    return records;
  };
}

// A stream is only read forward: window by window from its end.
Source backward(EventLog& log, const StreamId& stream, StreamVersion last) {
  return [&log, stream, top = number(last)]() mutable -> Result<std::vector<Record>> {
    const auto from = top > step ? top - step : 0;
    auto records = log.read_stream(stream, StreamVersion{from}, top - from);
    top = from;
    if (records) std::reverse(records->begin(), records->end());
    return records;
  };
}

// Two of them as one, by position.
Source merged(Source first, Source second, bool newest_first) {
  struct Side {
    Source source;
    std::vector<Record> records{};
    std::size_t used = 0;
    bool ended = false;
  };
  return [sides = std::array<Side, 2>{Side{std::move(first)}, Side{std::move(second)}},
          newest_first]() mutable -> Result<std::vector<Record>> {
    std::vector<Record> out;
    while (out.size() < step) {
      for (auto& side : sides) {
        if (side.ended || side.used < side.records.size()) continue;
        auto records = side.source();
        if (!records) return records.error();
        side.ended = records->empty();
        side.records = std::move(*records);
        side.used = 0;
      }
      auto& [one, other] = sides;
      if (one.ended && other.ended) break;
      bool from_one = other.ended;
      if (!one.ended && !other.ended) {
        const auto a = one.records[one.used].position, b = other.records[other.used].position;
        from_one = newest_first ? a > b : a < b;
      }
      auto& side = from_one ? one : other;
      out.push_back(std::move(side.records[side.used++]));
    }
    return out;
  };
}

// Of one stream, between the positions or as near as its versions tell.
Result<Source> source_of(EventLog& log, const StreamId& stream, Position after, Position before, bool newest_first) {
  const auto version = version_at(log, stream, newest_first ? Position{number(before) - 1} : after);
  if (!version) return version.error();
  return newest_first ? backward(log, stream, *version) : forward(log, stream, *version);
}

}  // namespace

Result<Page> read_page(EventLog& log, const PageQuery& query) {
  const auto& filter = query.filter;
  auto after = query.after;
  auto before = next(log.last_position());
  if (query.before) before = std::min(before, *query.before);
  if (filter.from) {
    const auto first = first_at(log, *filter.from - most_set_back);
    if (!first) return first.error();
    after = std::max(after, Position{number(*first) - 1});
  }
  if (filter.to) {
    const auto first = first_at(log, *filter.to + most_set_back);
    if (!first) return first.error();
    before = std::min(before, *first);
  }
  Page page;
  page.reached = query.newest_first ? before : after;
  if (next(after) >= before) return page;

  Source source;
  if (const auto streams = filter.only_streams(); streams.empty()) {
    source = query.newest_first ? backward(log, before) : forward(log, after);
  } else {
    for (const auto& stream : streams) {
      auto one = source_of(log, stream, after, before, query.newest_first);
      if (!one) return one.error();
      source = source ? merged(std::move(source), std::move(*one), query.newest_first) : std::move(*one);
    }
  }

  for (std::size_t scanned = 0; scanned < query.most_scanned;) {
    auto records = source();
    if (!records) return records.error();
    if (records->empty()) return page;
    scanned += records->size();
    for (auto& record : *records) {
      if (record.position >= before || record.position <= after) return page;
      if (page.events.size() == query.limit) {
        page.more = true;
        return page;
      }
      page.reached = record.position;
      if (filter.matches(record)) page.events.push_back(std::move(record));
    }
  }
  page.more = query.newest_first ? page.reached > next(after) : next(page.reached) < before;
  return page;
}

}  // namespace strowger::http::events
