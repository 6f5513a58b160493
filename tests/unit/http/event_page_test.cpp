#include "adapters/http/events/page.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_log.hpp"
#include "tests/support/sample_events.hpp"

#include <algorithm>

using namespace strowger;
using namespace strowger::http::events;
using strowger::test::MemoryLog;

namespace {

constexpr std::uint64_t count = 3000;

// Three devices in turn, an event a minute; the one at position 2000 is another's.
struct Log : MemoryLog {
  Timestamp start = parse_iso8601("2026-01-01T00:00:00Z").value();
  IdSource ids;

  Log() {
    for (std::uint64_t i = 1; i <= count; ++i) {
      auto append = test::sample_append(i == 2000 ? 99 : i % 3, ids);
      append.events.front().time = start + std::chrono::minutes(i);
      CHECK(append_and_wait(*this, std::move(append)));
    }
  }

  // All positions, page by page; and that each page keeps to its limits.
  std::vector<std::uint64_t> all(PageQuery query) {
    std::vector<std::uint64_t> positions;
    for (int pages = 0; pages < 1000; ++pages) {
      const auto page = read_page(*this, query).value();
      CHECK(page.events.size() <= query.limit);
      for (const auto& record : page.events) positions.push_back(number(record.position));
      if (!page.more) return positions;
      if (query.newest_first)
        query.before = page.reached;
      else
        query.after = page.reached;
    }
    FAIL("no end");
    return {};
  }
};

std::vector<std::uint64_t> expected(std::uint64_t from, std::uint64_t to, std::uint64_t every = 1,
                                    bool newest_first = false) {
  std::vector<std::uint64_t> positions;
  for (auto i = from; i <= to; i += every)
    if (every == 1 || i != 2000) positions.push_back(i);
  if (newest_first) std::reverse(positions.begin(), positions.end());
  return positions;
}

StreamId device(std::uint64_t n) {
  return StreamId::of(test::sample_mac(n));
}

}  // namespace

TEST_CASE("pages follow each other without gap or repeat, forward and back") {
  Log log;
  for (const bool back : {false, true}) {
    for (const std::size_t limit : {7, 512, 1000}) {
      CAPTURE(back, limit);
      PageQuery query{.newest_first = back, .limit = limit};
      CHECK(log.all(query) == expected(1, count, 1, back));
      query.filter.streams = {device(1).text()};
      CHECK(log.all(query) == expected(1, count, 3, back));
      query.after = Position{400};
      query.before = Position{2501};
      CHECK(log.all(query) == expected(403, 2500, 3, back));
      query.filter.streams = {device(1).text(), device(0).text()};
      query.filter.streams.pop_back();
      query.filter.streams.push_back("nothing/");
      CHECK(log.all(query) == expected(403, 2500, 3, back));
      query.filter.streams.clear();
      CHECK(log.all(query) == expected(401, 2500, 1, back));
    }
  }
}

TEST_CASE("a rare match costs bounded reads, and is found on a later page") {
  Log log;
  for (const bool back : {false, true}) {
    CAPTURE(back);
    PageQuery query{.newest_first = back, .most_scanned = 512};
    query.filter.streams = {device(99).text(), "nothing/"};
    const auto first = read_page(log, query).value();
    CHECK(first.events.empty());
    CHECK(first.more);
    CHECK(number(first.reached) == (back ? count - 511 : 512));
    CHECK(log.all(query) == std::vector<std::uint64_t>{2000});
  }
}

TEST_CASE("a span of time is found, also where the clock was set back in it") {
  Log log;
  PageQuery query{.limit = 1000, .most_scanned = 512};
  query.filter.from = log.start + std::chrono::minutes(1500);
  query.filter.to = log.start + std::chrono::minutes(1600);
  CHECK(log.all(query) == expected(1500, 1599));
  query.newest_first = true;
  CHECK(log.all(query) == expected(1500, 1599, 1, true));
  query.filter.from = log.start + std::chrono::hours(1000);
  query.filter.to.reset();
  CHECK(log.all(query).empty());

  auto late = test::sample_append(1, log.ids);
  late.events.front().time = log.start + std::chrono::minutes(count - 30);
  CHECK(append_and_wait(log, std::move(late)));
  query.newest_first = false;
  query.filter.from = log.start + std::chrono::minutes(count - 30);
  query.filter.to = *query.filter.from + std::chrono::minutes(1);
  CHECK(log.all(query) == std::vector<std::uint64_t>{count - 30, count + 1});
}

TEST_CASE("an empty log and an unknown stream have empty pages") {
  MemoryLog empty;
  for (const bool back : {false, true}) {
    const auto page = read_page(empty, {.newest_first = back}).value();
    CHECK(page.events.empty());
    CHECK_FALSE(page.more);
  }
  Log log;
  PageQuery query;
  query.filter.streams = {"device/nobody"};
  CHECK(log.all(query).empty());
  query.newest_first = true;
  CHECK(log.all(query).empty());
}

TEST_CASE("pages of a device have what was decided and its facts, in the log's order") {
  MemoryLog log;
  IdSource ids;
  const auto mac = test::sample_mac(1);
  std::vector<std::uint64_t> of_device;
  for (std::uint64_t i = 1; i <= 3'000; ++i) {
    auto append = test::sample_append(i % 2 == 0 ? 7 : 1, ids);
    if (i % 3 == 0) append.stream = StreamId::activity_of(mac);
    if (append.stream.subject() == StreamId::of(mac)) of_device.push_back(i);
    REQUIRE(append_and_wait(log, std::move(append)));
  }
  for (const bool back : {false, true}) {
    for (const std::size_t limit : {3, 500, 5'000}) {
      CAPTURE(back, limit);
      PageQuery query{.newest_first = back, .limit = limit};
      query.filter.streams = {StreamId::of(mac).text(), StreamId::activity_of(mac).text()};
      std::vector<std::uint64_t> positions;
      for (bool more = true; more;) {
        const auto page = read_page(log, query).value();
        for (const auto& record : page.events) positions.push_back(number(record.position));
        more = page.more;
        if (back)
          query.before = page.reached;
        else
          query.after = page.reached;
      }
      if (back) std::reverse(positions.begin(), positions.end());
      CHECK(positions == of_device);
    }
  }
}
