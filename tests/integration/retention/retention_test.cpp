// Old facts of high volume become summaries of their days: what stays, what is proved, and that totals never change.
#include "actors/history/retention.hpp"

#include "actors/history/history.hpp"
#include "adapters/rocksdb/archive/export_file.hpp"
#include "adapters/rocksdb/archive/verify.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "events/json.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/requests.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/stored_log.hpp"
#include "tests/support/temporary_folder.hpp"

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;
using namespace std::chrono_literals;
using history::Retention;

namespace {

constexpr auto day = std::chrono::days(1);
constexpr int days = 5;
constexpr int devices = 3;
constexpr int fetches = 7;  // of each device, each day

struct Fixture {
  TemporaryFolder folder;
  IdSource ids{system_now, 1};
  const Timestamp start = parse_iso8601("2026-01-01T06:00:00Z").value();
  Timestamp now = start + days * day;
  std::chrono::microseconds ahead{};  // that the wall clock was set forward by
  Clock clock{[this] { return now + ahead; }, [this] { return Instant(now.time_since_epoch()); }};
  std::unique_ptr<RocksLog> log;
  history::RetentionTimes times{90 * day, 90 * day, 90 * day};

  Fixture() {
    open();
    fill();
  }
  std::filesystem::path log_folder() const { return folder.path() / "data" / "log"; }
  void open() { log = RocksLog::open({.folder = log_folder()}).value(); }
  void reopen() {
    log.reset();
    open();
  }
  void add(const StreamId& stream, const Event& event, Timestamp time) {
    AppendRequest request;
    request.stream = stream;
    request.events.push_back(encode(event, Cause{"system", {}, {}}, time, ids));
    REQUIRE(append_and_wait(*log, std::move(request)));
  }
  static ExtensionNumber ann() { return *ExtensionNumber::parse("1001"); }
  void fill() {
    for (int d = 0; d < devices; ++d)
      add(StreamId::of(sample_mac(d)), DeviceRegistered{sample_mac(d), ann(), "yealink", "t46s"}, start);
    for (int i = 0; i < days; ++i) {
      const auto at = start + i * day;
      for (int n = 0; n < fetches; ++n)
        for (int d = 0; d < devices; ++d)
          add(StreamId::of(sample_mac(d)),
              ConfigServed{sample_mac(d), ann(), "yealink", "t46s", "/p", "\"e" + std::to_string(i) + "\"", 100,
                           static_cast<std::uint16_t>(n == 0 ? 200 : 304), "192.0.2.1", "ua"},
              at + n * 1h);
      const auto unknown = sample_mac(99);
      ConfigRefused refused{"/u", unknown.text(), unknown, "192.0.2.9", "ua", 404, "unknown_mac", "unknown"};
      add({"provisioning", "refused"}, refused, at);
      add({"provisioning", "refused"},
          ConfigRefusedRepeated{"/u",
                                unknown.text(),
                                unknown,
                                "192.0.2.9",
                                "ua",
                                404,
                                "unknown_mac",
                                "unknown",
                                "",
                                "",
                                {},
                                50,
                                at,
                                at + 1h},
          at + 1h);
      refused.code = "probe";
      add({"provisioning", "refused"}, refused, at + 2h);
      add({"provisioning", "refused"},
          OthersRefused{"192.0.2.9", 30, 20, {{"probe", 10}, {"unknown_mac", 20}}, at, at + 1h}, at + 3h);
      add({"login", "failed"}, LoginFailed{"ann", "192.0.2.9"}, at);
      add({"login", "failed"}, LoginFailedRepeated{"ann", "192.0.2.9", 4, at, at + 1h}, at + 1h);
      add(StreamId::of(sample_mac(0)), DeviceChanged{sample_mac(0), ann(), "yealink", i % 2 == 0 ? "t48s" : "t46s"},
          at + 5h);
    }
  }

  Retention::World world(DevicesProjection& rows) {
    Retention::World with{*log, ids, clock};
    with.times = [this] { return times; };
    with.served_since = [&rows](const MacAddress& mac, Timestamp time) {
      const auto row = rows.find(mac);
      return !row || (row->activity.last_provisioned && *row->activity.last_provisioned > time);
    };
    with.fold = [this](const std::vector<FoldedRecord>& records, const MakeSummary& make) {
      return log->fold(records, make);
    };
    with.folded = [this](Position first, Position last) { CHECK(log->compact(first, last)); };
    return with;
  }
  std::uint64_t run(std::size_t records = 5'000) {
    DevicesProjection rows;
    apply(rows);
    Retention retention(world(rows), {.records = records, .page = 16, .pause = 0ms, .drive = Drive::by_hand});
    const auto done = retention.run_once();
    if (!done) FAIL(done.error().message);
    return *done;
  }
  // From the first event.
  void apply(Projection& projection) const {
    for (const auto& record : all()) projection.apply(decode(record).value());
  }
  std::vector<Record> all() const { return log->read_all(Position{0}, 100'000).value(); }
  std::vector<DaySummarized> summaries() const {
    std::vector<DaySummarized> out;
    for (const auto& record : log->read_stream(history::summaries_stream(), {}, 1'000).value())
      out.push_back(std::get<DaySummarized>(decode(record).value().event));
    return out;
  }
  Proved verify() {
    log.reset();
    auto proved = with_log(log_folder(), [](Database& database) { return verify_log(database, {}, {}); });
    open();
    if (!proved) FAIL(proved.error().message);
    return *proved;
  }
  struct Totals {
    std::string requests;
    std::map<std::string, std::string> devices;
    bool operator==(const Totals&) const = default;
  };
  Totals totals() const {
    Totals out;
    RequestsProjection requests;
    apply(requests);
    out.requests = json::to_string(requests.counts());
    DevicesProjection rows;
    apply(rows);
    RowBatch batch;
    rows.dump(batch);
    for (const auto& row : batch.rows()) out.devices[row.key] = row.value.value();
    return out;
  }
};

std::string text(const Fixture::Totals& totals) {
  auto out = totals.requests;
  for (const auto& [key, row] : totals.devices) out += '\n' + row;
  return out;
}

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "what is old is folded, decisions and last fetches stay, and nothing that is counted changes") {
  const auto before = all();
  const auto totals_before = totals();
  const auto head = verify().end;
  now = start + 90 * day + 3 * day;  // of five days three have passed
  const auto folded = run();
  CHECK(folded == 3 * (devices * fetches + 4 + 2));
  CHECK(text(totals()) == text(totals_before));

  const auto after = all();
  REQUIRE(after.size() == before.size() + summaries().size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(after[i].position == before[i].position);
    CHECK(after[i].stream == before[i].stream);
    CHECK(after[i].version == before[i].version);
    CHECK(after[i].time == before[i].time);
    CHECK(after[i].id == before[i].id);
    const bool decision = before[i].type.starts_with("device.") && before[i].type != ConfigServed::type;
    const bool young = before[i].time >= start + 3 * day;
    if (decision || young) CHECK(after[i] == before[i]);
    if (!decision && !young) {
      const auto marker = std::get<Folded>(decode(after[i]).value().event);
      CHECK(marker.was == before[i].type);
      CHECK(after[i].data.find("192.0.2") == std::string::npos);
    }
  }
  // By stream too, and as others see it.
  CHECK(log->read_stream(StreamId::of(sample_mac(1)), {}, 1'000).value().size() == 1 + days * fetches);
  CHECK(to_cloud_event(after[3], "s").find("strowger.history.folded.v1") != std::string::npos);

  const auto proved = verify();
  CHECK(proved.folded == folded);
  CHECK(proved.summaries == summaries().size());
  CHECK(number(proved.end.position) > number(head.position));
  // What was proved before is still proved.
  log.reset();
  CHECK(with_log(log_folder(), [&](Database& database) { return verify_log(database, head, {}); }));
  open();

  const auto found = summaries();
  REQUIRE(found.size() == 9);  // fetches, refusals and logins of three days
  CHECK(found[0].day == "2026-01-01");
  CHECK(found[0].types == std::map<std::string, std::uint64_t>{{"device.config_served", devices * fetches}});
  REQUIRE(found[0].served.size() == devices);
  CHECK(found[0].served[1].mac == sample_mac(1));
  CHECK(found[0].served[1].fetches == fetches);
  CHECK(found[0].served[1].not_modified == fetches - 1);
  CHECK(found[0].served[1].bytes == 100);
  CHECK(found[0].served[1].last_etag == "\"e0\"");
  CHECK(found[1].day == "2026-01-02");
  CHECK(found[3].refused == std::map<std::string, std::uint64_t>{{"probe", 11}, {"unknown_mac", 71}});
  CHECK(found[3].unknown_macs == std::map<std::string, std::uint64_t>{{sample_mac(99).text(), 51}});
  CHECK(found[3].other_unknown == 20);
  CHECK(found[6].failed_logins == std::map<std::string, std::uint64_t>{{"ann", 5}});

  // Again: nothing is left to do; later: it goes on.
  CHECK(run() == 0);
  now = start + 200 * day;
  const auto rest = run();
  CHECK(rest == 2 * (devices * fetches + 4 + 2) - devices);  // each device's last fetch stays
  CHECK(text(totals()) == text(totals_before));
  CHECK(verify().folded == folded + rest);
  CHECK(run() == 0);
}

TEST_CASE_METHOD(Fixture, "facts of both streams of a device are folded, and those that were counted") {
  const auto mac = sample_mac(50);
  const auto served = [&](std::uint16_t status) {
    return ConfigServed{mac, ann(), "yealink", "t46s", "/p", "\"e\"", 100, status, "192.0.2.1", "ua"};
  };
  add(StreamId::of(mac), DeviceRegistered{mac, ann(), "yealink", "t46s"}, start);
  add(StreamId::of(mac), served(200), start + 1h);  // as earlier releases recorded it
  add(StreamId::activity_of(mac), served(200), start + 2h);
  const ConfigServedRepeated again{mac, ann(),       "yealink", "t46s", "/p", "\"e\"",         100,
                                   304, "192.0.2.1", "ua",      "",     9,    start + 2h + 1s, start + 2h + 50s};
  add(StreamId::activity_of(mac), again, start + 2h + 1min);
  add(StreamId::activity_of(mac), served(304), start + 10 * day);
  const auto before = totals();
  now = start + 150 * day;
  run();
  CHECK(text(totals()) == text(before));
  CHECK(log->read_stream(StreamId::of(mac), {}, 10).value().at(1).type == Folded::type);
  const auto facts = log->read_stream(StreamId::activity_of(mac), {}, 10).value();
  REQUIRE(facts.size() == 3);
  CHECK(facts[0].type == Folded::type);
  const auto marker = std::get<Folded>(decode(facts[1]).value().event);
  CHECK(marker.was == ConfigServedRepeated::type);
  CHECK(marker.requests == 9);
  CHECK(facts[2].type == ConfigServed::type);  // the last one stays
  std::uint64_t fetched = 0, not_modified = 0, bytes = 0;
  for (const auto& summary : summaries())
    for (const auto& device : summary.served) {
      if (device.mac != mac) continue;
      fetched += device.fetches;
      not_modified += device.not_modified;
      bytes += device.bytes;
    }
  CHECK(fetched == 11);
  CHECK(not_modified == 9);
  CHECK(bytes == 200);
}

TEST_CASE_METHOD(Fixture, "what a device was served is told from both its streams, newest first") {
  const auto mac = sample_mac(50);
  const auto served = [&](const std::string& etag) {
    return ConfigServed{mac, ann(), "yealink", "t46s", "/p", etag, 100, 200, "192.0.2.1", "ua"};
  };
  add(StreamId::of(mac), DeviceRegistered{mac, ann(), "yealink", "t46s"}, start);
  add(StreamId::of(mac), served("1"), start + 1h);
  add(StreamId::activity_of(mac), served("2"), start + 2h);
  const ConfigServedRepeated again{mac, ann(), "yealink",       "t46s",          "/p", "2", 100, 200, "192.0.2.1", "ua",
                                   "",  9,     start + 2h + 1s, start + 2h + 50s};
  add(StreamId::activity_of(mac), again, start + 2h + 1min);
  add(StreamId::of(mac), served("3"), start + 3h);
  struct NoVault : Vault {
    Result<SealedSecret> seal(std::string_view) override { return internal_error("no vault"); }
    Result<SealedSecret> seal_like(const SealedSecret&, std::string_view) override {
      return internal_error("no vault");
    }
    Result<std::string> open(const SealedSecret&) const override { return internal_error("no vault"); }
    Result<void> shred(const SealedSecret&) override { return internal_error("no vault"); }
  } vault;
  const auto page = history::History(*log, vault).served(mac, {}, 10).value();
  CHECK(page.total == 4);
  REQUIRE(page.files.size() == 4);
  CHECK(page.files[0].event.etag == "3");
  CHECK(page.files[1].count == 9);
  CHECK(page.files[1].time == start + 2h + 50s);
  CHECK(page.files[1].first_seen == start + 2h + 1s);
  CHECK(page.files[2].event.etag == "2");
  CHECK(page.files[3].event.etag == "1");
  CHECK(history::History(*log, vault).served(mac, page.files[0].position, 1).value().files.at(0).count == 9);
}

TEST_CASE_METHOD(Fixture, "a time of never keeps everything, and each kind has its own") {
  now = start + 1'000 * day;
  times = {};
  CHECK(run() == 0);
  times.failed_logins = 30 * day;
  CHECK(run() == days * 2);
  times.refused = 999 * day;
  CHECK(run() == 4);
}

TEST_CASE_METHOD(Fixture, "a clock that was far ahead once does not stand in the way for ever") {
  add(StreamId::of(sample_mac(1)), ConfigServed{sample_mac(1), ann()}, start + 10'000 * day);
  add(StreamId::of(sample_mac(1)), ConfigServed{sample_mac(1), ann()}, start + 10 * day);
  add(StreamId::of(sample_mac(1)), ConfigServed{sample_mac(1), ann()}, start + 11 * day);
  now = start + 200 * day;
  run();
  const auto records = log->read_stream(StreamId::of(sample_mac(1)), StreamVersion{1 + days * fetches}, 10).value();
  REQUIRE(records.size() == 3);
  CHECK(records[0].type == Folded::type);  // what is after it says how old it is
  CHECK(records[1].type == Folded::type);
  CHECK(records[2].type == ConfigServed::type);
}

TEST_CASE_METHOD(Fixture, "a clock that jumps to 2038 for a moment takes nothing away") {
  now = start + 60 * day;
  CHECK(run() == 0);
  ahead = 12 * 365 * day;
  CHECK(run() == 0);
  now += 23h;
  CHECK(run() == 0);
  ahead = {};
  now += 1h;
  CHECK(run() == 0);
  CHECK(summaries().empty());
  // Time that really passes does.
  now = start + 93 * day;
  CHECK(run() > 0);
}

TEST_CASE_METHOD(Fixture, "a machine that starts with a wrong clock takes nothing away before it has run for a day") {
  const auto restart = [&] {
    clock = Clock([this] { return now + ahead; }, [this] { return Instant(now.time_since_epoch()); });
    static_cast<void>(clock());
  };
  now = start + 60 * day;
  CHECK(run() == 0);
  ahead = 12 * 365 * day;
  restart();
  CHECK(run() == 0);
  now += 1h;
  ahead = {};  // NTP
  CHECK(run() == 0);
  now += 1h;
  restart();
  CHECK(run() == 0);
  // Switched off for a month: what became old meanwhile goes after a day.
  now = start + 95 * day;
  restart();
  CHECK(run() == 0);
  now += 24h;
  CHECK(run() > 0);
}

TEST_CASE_METHOD(Fixture, "a clock that is a year behind does not keep facts for ever") {
  now = start + 20 * day;
  add({"login", "failed"}, LoginFailed{"bob", "192.0.2.9"}, start - 365 * day);
  add({"login", "failed"}, LoginFailed{"bob", "192.0.2.9"}, now);
  times = {{}, {}, 90 * day};
  now = start + 80 * day;
  CHECK(run() == 0);  // the fact that was dated too early is as old as those before it
  ahead = -365 * day;
  CHECK(run() == 0);
  ahead = {};
  now = start + 111 * day;
  CHECK(run() == 0);
  now += 25h;  // the clock has held it for a day
  CHECK(run() == days * 2 + 2);
}

TEST_CASE_METHOD(Fixture, "parts of a day are summaries of their own") {
  const auto before = totals();
  now = start + 200 * day;
  const auto folded = run(10);
  CHECK(folded == days * (devices * fetches + 4 + 2) - devices);
  CHECK(summaries().size() == (days - 1) * (3 + 1 + 1) + (2 + 1 + 1));  // the last fetches of the last day stay
  CHECK(text(totals()) == text(before));
  CHECK(verify().folded == folded);
}

TEST_CASE_METHOD(Fixture, "what a phone was served then is told by the summaries of the days") {
  now = start + 200 * day;
  run();
  struct NoVault : Vault {
    static Error none() { return internal_error("there are no secrets here"); }
    Result<SealedSecret> seal(std::string_view) override { return none(); }
    Result<SealedSecret> seal_like(const SealedSecret&, std::string_view) override { return none(); }
    Result<std::string> open(const SealedSecret&) const override { return none(); }
    Result<void> shred(const SealedSecret&) override { return none(); }
  } vault;
  const history::History past(*log, vault);
  auto page = past.served(sample_mac(1), std::nullopt, 100).value();
  REQUIRE(page.files.size() == days + 1);
  CHECK(page.total == days + 1);
  CHECK_FALSE(page.files[0].folded);  // the last fetch, whole
  CHECK(page.files[0].event.etag == "\"e4\"");
  REQUIRE(page.files[1].folded);
  CHECK(page.files[1].folded->fetches == fetches - 1);
  REQUIRE(page.files[5].folded);
  CHECK(page.files[5].folded->day == "2026-01-01");
  CHECK(page.files[5].folded->fetches == fetches);
  CHECK(page.files[5].folded->not_modified == fetches - 1);
  CHECK(page.files[5].event.etag == "\"e0\"");
  // By page.
  page = past.served(sample_mac(1), std::nullopt, 2).value();
  CHECK(page.more);
  page = past.served(sample_mac(1), page.files.back().position, 2).value();
  REQUIRE(page.files.size() == 2);
  CHECK(page.files[0].folded->day == "2026-01-04");
  CHECK(page.files[1].folded->day == "2026-01-03");
}

TEST_CASE_METHOD(Fixture, "a log with folded events is exported and becomes the same log again") {
  now = start + 200 * day;
  const auto folded = run();
  const auto proved = verify();
  log.reset();
  const auto file = folder.path() / "export.ndjson";
  REQUIRE(with_log(log_folder(), [&](Database& database) { return export_to_file(database, {}, file, now, {}); }));
  const auto of_file = verify_export(file, {});
  REQUIRE(of_file);
  CHECK(of_file->folded == folded);
  const auto imported = import_log(file, folder.path() / "other", {});
  if (!imported) FAIL(imported.error().message);
  CHECK(imported->end == proved.end);
  CHECK(imported->folded == folded);
  open();
  const auto here = all();
  log.reset();
  log = RocksLog::open({.folder = folder.path() / "other" / "log"}).value();
  CHECK(all() == here);
  CHECK(run() == 0);  // it knows how far it went, too
}

TEST_CASE_METHOD(Fixture, "a marker that was changed is found") {
  now = start + 200 * day;
  run();
  log.reset();
  {
    StoredLog stored(log_folder());
    auto record = stored.get(5);
    const auto at = record.find("\"requests\":1");
    REQUIRE(at != std::string::npos);
    record[at + 11] = '9';
    stored.put(5, with_checksum(record, 5));
  }
  const auto proved = with_log(log_folder(), [](Database& database) { return verify_log(database, {}, {}); });
  REQUIRE_FALSE(proved);
  CHECK_THAT(proved.error().message, ContainsSubstring("does not fit the markers"));
}

TEST_CASE_METHOD(Fixture, "killed at any step, it goes on where it was") {
  const auto before = totals();
  const auto records = all().size();
  now = start + 200 * day;
  log.reset();
  int kills = 0;
  for (int after = 1;; ++after) {
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const auto child = ::fork();
    if (child == 0) {
      open();
      DevicesProjection rows;
      apply(rows);
      auto with = world(rows);
      // A sign of life before and after each commit: the kill comes between them, or in them.
      with.fold = [&](const std::vector<FoldedRecord>& some, const MakeSummary& make) {
        (void)!::write(pipe[1], "b", 1);
        auto done = log->fold(some, make);
        (void)!::write(pipe[1], "a", 1);
        return done;
      };
      with.folded = {};
      Retention retention(std::move(with), {.records = 8, .page = 16, .pause = 0ms, .drive = Drive::by_hand});
      const bool done = static_cast<bool>(retention.run_once());
      ::_exit(done ? 0 : 1);
    }
    ::close(pipe[1]);
    char sign = 0;
    int signs = 0;
    const int wanted = 1 + after % 5;
    while (signs < wanted && ::read(pipe[0], &sign, 1) == 1) ++signs;
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(pipe[0]);
    open();
    CHECK(text(totals()) == text(before));
    verify();
    log.reset();
    if (WIFSIGNALED(status)) ++kills;
    if (signs < wanted) {
      CHECK((WIFEXITED(status) || WIFSIGNALED(status)));
      break;
    }
    REQUIRE(after < 200);
  }
  CHECK(kills > 5);
  open();
  run(8);
  const auto proved = verify();
  CHECK(proved.folded == days * (devices * fetches + 4 + 2) - devices);
  CHECK(proved.events == records + proved.summaries);
}
