// Retention waits for whoever else reads the log, and says so when it waits no longer.
#include "actors/history/retention.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;
using namespace std::chrono_literals;
using history::Retention;

namespace {

constexpr auto day = std::chrono::days(1);
constexpr std::uint64_t days = 10;
constexpr std::uint64_t logins = 4;  // each day, and a refused request after each

struct Fixture {
  TemporaryFolder folder;
  IdSource ids{system_now, 1};
  const Timestamp start = parse_iso8601("2026-01-01T06:00:00Z").value();
  Timestamp now = start + days * day;
  Clock clock{[this] { return now; }, [this] { return Instant(now.time_since_epoch()); }};
  std::unique_ptr<RocksLog> log = RocksLog::open({.folder = folder.path() / "log"}).value();
  history::RetentionTimes times{.refused = 90 * day, .failed_logins = 90 * day, .wait_for_readers = 7 * day};
  std::vector<history::LogReader> readers;
  std::vector<std::string> warnings;
  std::vector<std::string> reports;
  std::unique_ptr<Retention> retention;

  Fixture() {
    for (std::uint64_t d = 0; d < days; ++d)
      for (std::uint64_t i = 0; i < logins; ++i) {
        const auto at = start + std::chrono::days(d) + i * 1h;
        add({"login", "failed"}, LoginFailed{"ann", "192.0.2.9"}, at);
        add({"provisioning", "refused"},
            ConfigRefused{"/u", "x", sample_mac(9), "192.0.2.9", "ua", 404, "unknown_mac", "unknown"}, at + 1min);
      }
    restart();
  }
  void add(const StreamId& stream, const Event& event, Timestamp time) {
    AppendRequest request;
    request.stream = stream;
    request.events.push_back(encode(event, Cause{"system", {}, {}}, time, ids));
    REQUIRE(append_and_wait(*log, std::move(request)));
  }
  void restart() {
    Retention::World with{*log, ids, clock};
    with.times = [this] { return times; };
    with.served_since = [](const MacAddress&, Timestamp) { return true; };
    with.fold = [this](const std::vector<FoldedRecord>& records, const MakeSummary& make) {
      return log->fold(records, make);
    };
    with.readers = [this] { return readers; };
    with.warn = [this](const std::string& line) { warnings.push_back(line); };
    with.report = [this](const std::string& line) { reports.push_back(line); };
    retention = std::make_unique<Retention>(
        std::move(with), history::RetentionOptions{.records = 5, .page = 16, .pause = 0ms, .drive = Drive::by_hand});
  }
  std::uint64_t run() {
    const auto done = retention->run_once();
    if (!done) FAIL(done.error().message);
    return *done;
  }
  std::vector<std::uint64_t> folded() const {
    std::vector<std::uint64_t> all;
    for (const auto& record : log->read_all(Position{0}, 10'000).value())
      if (record.type == Folded::type) all.push_back(number(record.position));
    return all;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a fact whose time has passed waits for the reader that is furthest behind") {
  readers = {{"kafka", Position{11}}, {"projection devices", Position{80}}};
  now = start + 90 * day + 3 * day;  // three days, 24 facts, are due
  CHECK(run() == 11);
  CHECK(folded().back() == 11);
  const auto held = retention->status().held;
  REQUIRE(held);
  CHECK(held->reader == "kafka");
  CHECK(held->reached == Position{11});
  CHECK(held->first == Position{12});
  CHECK(held->events == 24 - 11);
  CHECK(held->due == std::chrono::floor<std::chrono::days>(start) + 2 * day + 90 * day);
  CHECK(held->until == held->due + 7 * day);
  CHECK(retention->status().missed.empty());
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], ContainsSubstring("Retention waits for kafka") && ContainsSubstring("up to position 11") &&
                              ContainsSubstring("13 events from position 12"));

  CHECK(run() == 0);
  CHECK(warnings.size() == 1);  // once

  readers[0].reached = Position{20};
  CHECK(run() == 9);
  readers[0].reached = Position{80};
  CHECK(run() == 4);
  CHECK_FALSE(retention->status().held);
  CHECK(retention->status().missed.empty());
  CHECK_THAT(reports.back(), ContainsSubstring("does not wait for kafka any more"));
  CHECK(warnings.size() == 1);
}

TEST_CASE_METHOD(Fixture, "beyond the bound facts are folded, and what the reader missed is kept in the same commit") {
  readers = {{"kafka", Position{11}}, {"extension-deletion", Position{80}}};
  now = start + 97 * day + 3 * day;  // ten days are due, three of them without waiting
  CHECK(run() == 24);
  REQUIRE(retention->status().held);
  CHECK(retention->status().held->first == Position{25});
  CHECK(retention->status().held->events == 80 - 24);
  auto missed = retention->status().missed;
  REQUIRE(missed.size() == 1);
  CHECK(missed["kafka"].first == 12);
  CHECK(missed["kafka"].last == 24);
  CHECK(missed["kafka"].events == 13);
  CHECK(missed["kafka"].total == 13);
  CHECK(missed["kafka"].at == now);
  REQUIRE(warnings.size() == 2);
  CHECK_THAT(warnings[0], ContainsSubstring("13 facts from position 12 to 24 were folded before kafka read them"));

  restart();  // it is in the log
  CHECK(retention->status().missed["kafka"].total == 13);

  // It falls further behind: the same stretch. It read on: another one.
  now += day;
  CHECK(run() == 8);
  CHECK(retention->status().missed["kafka"].first == 12);
  CHECK(retention->status().missed["kafka"].events == 21);
  readers[0].reached = Position{40};
  now += 2 * day;
  CHECK(run() == 16);
  now += day;
  CHECK(run() == 8);
  missed = retention->status().missed;
  CHECK(missed["kafka"].first == 41);
  CHECK(missed["kafka"].last == 56);
  CHECK(missed["kafka"].events == 16);
  CHECK(missed["kafka"].total == 37);
}

TEST_CASE_METHOD(Fixture, "a bound of zero waits for nobody, and still tells") {
  times.wait_for_readers = {};
  readers = {{"kafka", Position{0}}};
  now = start + 91 * day;
  CHECK(run() == 8);
  CHECK_FALSE(retention->status().held);
  CHECK(retention->status().missed["kafka"].events == 8);
}

TEST_CASE_METHOD(Fixture, "a commit that fails has nobody miss anything") {
  times.wait_for_readers = {};
  readers = {{"kafka", Position{0}}};
  now = start + 91 * day;
  Retention::World with{*log, ids, clock};
  with.times = [this] { return times; };
  with.served_since = [](const MacAddress&, Timestamp) { return true; };
  with.fold = [](const std::vector<FoldedRecord>&, const MakeSummary&) -> Result<Receipt> {
    return unavailable("log_unavailable", "no");
  };
  with.readers = [this] { return readers; };
  with.warn = [this](const std::string& line) { warnings.push_back(line); };
  Retention failing(std::move(with), {.pause = 0ms, .drive = Drive::by_hand});
  CHECK_FALSE(failing.run_once());
  CHECK(failing.status().missed.empty());
  CHECK(warnings.empty());
  CHECK(folded().empty());
}
