// Events that cannot be decoded, as an earlier release could write them: the log opens, `strowger log verify` names
// them, `strowger log repair` mends them or sets them aside, and the chain proves what was there and what is.
#include "adapters/rocksdb/archive/repair.hpp"

#include "adapters/rocksdb/archive/export_file.hpp"
#include "adapters/rocksdb/archive/export_line.hpp"
#include "adapters/rocksdb/archive/verify.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "events/json.hpp"
#include "events/utf8.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/stored_log.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;

namespace {

// 20 events, of which 7 is not UTF-8, 12 is no event of its type, and 15 is of a newer release.
struct DamagedLog {
  TemporaryFolder folder;
  IdSource ids;
  std::string raw_text, raw_shape;  // of 7 and 12, as they were written

  DamagedLog() {
    const auto log = RocksLog::open({.folder = log_folder()}).value();
    for (std::uint64_t position = 1; position <= 20; ++position) {
      auto request = sample_append(position % 5, ids);
      auto& event = request.events[0];
      event.by = "phone:001565000002";
      event.correlation = event.causation = ids.next();
      if (position == 7) {
        event.data.replace(event.data.find("Yealink SIP"), 7, "Y\xE4link");
        event.by = "phone:\xff";
        raw_text = event.data;
      }
      if (position == 12) raw_shape = event.data = R"({"mac":7,"path":"/a\nb"})";
      if (position == 15) event.schema = 99;
      REQUIRE(append_and_wait(*log, std::move(request)));
    }
  }
  std::filesystem::path log_folder() const { return folder.path() / "data" / "log"; }
  Result<Proved> verify(std::optional<ChainEnd> anchor = {}) {
    return with_log(log_folder(), [&](Database& database) { return verify_log(database, anchor, {}); });
  }
  Repairs plan() {
    return with_log(log_folder(), [](Database& database) { return plan_repair(database, {}); }).value();
  }
  Repairs repair() {
    const auto planned = plan();
    const auto log = RocksLog::open({.folder = log_folder()}).value();
    return apply_repair(*log, planned, ids, system_now(), {}).value();
  }
  std::vector<Record> records() {
    return RocksLog::open({.folder = log_folder()}).value()->read_all(Position{}, 10'000).value();
  }
};

}  // namespace

TEST_CASE_METHOD(DamagedLog, "a log with events that cannot be decoded is read, and proved by name") {
  CHECK(records().size() == 20);
  const auto proved = verify().value();
  CHECK(proved.events == 20);
  CHECK(proved.undecodable == 3);
  REQUIRE(proved.unreadable.size() == 3);
  CHECK(proved.unreadable[0].position == Position{7});
  CHECK(proved.unreadable[0].type == "device.config_served");
  CHECK_THAT(proved.unreadable[0].reason, ContainsSubstring("event 7 ") && ContainsSubstring("not JSON"));
  CHECK_THAT(proved.unreadable[1].reason, ContainsSubstring("mac"));
  CHECK_THAT(proved.unreadable[2].reason, ContainsSubstring("start the release that wrote it"));
}

TEST_CASE_METHOD(DamagedLog, "what a repair would do is told and nothing is done") {
  const auto before = verify().value().end;
  const auto planned = plan();
  CHECK(planned.events == 20);
  CHECK(planned.mended == 1);
  CHECK(planned.set_aside == 1);
  CHECK(planned.newer == 1);
  REQUIRE(planned.listed.size() == 2);
  CHECK(planned.listed[0].position == Position{7});
  CHECK(planned.listed[0].outcome == RepairOutcome::mended);
  CHECK(planned.listed[1].position == Position{12});
  CHECK(planned.listed[1].outcome == RepairOutcome::set_aside);
  CHECK(verify().value().end == before);
}

TEST_CASE_METHOD(DamagedLog, "a repair mends text and sets the rest aside, and the chain proves both states") {
  const auto before = records();
  const auto anchor = verify().value().end;
  {
    const auto log = RocksLog::open({.folder = log_folder()}).value();
    log->save_snapshot(before[6].stream, Snapshot{StreamVersion{1}, 1, "{}"});
  }
  const auto done = repair();
  CHECK(done.mended == 1);
  CHECK(done.set_aside == 1);
  const auto proved = verify(anchor).value();  // the last record of before is what it was
  CHECK(proved.events == 21);
  CHECK(proved.repaired == 2);
  CHECK(proved.undecodable == 1);  // that of a newer release

  const auto after = records();
  REQUIRE(after.size() == 21);
  for (std::size_t i = 0; i < 20; ++i) {
    CAPTURE(i);
    CHECK(after[i].id == before[i].id);
    CHECK(after[i].stream == before[i].stream);
    CHECK(after[i].version == before[i].version);
    CHECK(after[i].time == before[i].time);
    CHECK(after[i].by == before[i].by);
    CHECK(after[i].causation == before[i].causation);
    if (i != 6 && i != 11) CHECK(after[i] == before[i]);
  }
  const auto mended = std::get<ConfigServed>(decode(after[6]).value().event);
  CHECK_THAT(mended.user_agent, ContainsSubstring("Y\xEF\xBF\xBDlink"));
  const auto aside = std::get<Undecodable>(decode(after[11]).value().event);
  CHECK(aside.was == "device.config_served");
  CHECK_THAT(aside.reason, ContainsSubstring("mac"));

  CHECK(after[20].stream.text() == "system/log");
  CHECK(aside.repair == after[20].id);
  const auto told = std::get<LogRepaired>(decode(after[20]).value().event);
  CHECK(told.left == 0);
  REQUIRE(told.records.size() == 2);
  CHECK(told.records[0].event == before[6].id);
  CHECK(from_base64(told.records[0].original.text).value() == raw_text);
  CHECK(from_base64(told.records[1].original.text).value() == raw_shape);
  CHECK(to_cloud_event(after[20], "s").find(told.records[0].original.text) == std::string::npos);  // it is masked

  const auto log = RocksLog::open({.folder = log_folder()}).value();
  CHECK(log->load_snapshot(before[6].stream).value()->schema == 0);  // which nobody reads
  CHECK(plan().damaged() == 0);
}

TEST_CASE_METHOD(DamagedLog, "whatever is changed in a repaired place, or in what the repair kept, is found") {
  repair();
  const auto check_bad = [&](const std::string& what) {
    const auto proved = verify();
    REQUIRE_FALSE(proved);
    CAPTURE(proved.error().message);
    CHECK(proved.error().code == "log_not_proved");
    CHECK_THAT(proved.error().message, ContainsSubstring(what));
  };
  SECTION("what stands there now") {
    StoredLog stored(log_folder());
    auto record = stored.get(7);
    record[record.find("192.0.2.17")] = '2';
    stored.put(7, with_checksum(std::move(record), 7));
  }
  SECTION("the marker") {
    StoredLog stored(log_folder());
    auto record = stored.get(12);
    record[record.find("config_served")] = 'x';
    stored.put(12, with_checksum(std::move(record), 12));
  }
  SECTION("the repair is cut off") {
    StoredLog(log_folder()).cut_off(21);
    check_bad("no repair tells of it");
    return;
  }
  check_bad("does not fit the repair");
}

TEST_CASE_METHOD(DamagedLog, "many events are repaired in several commits, which say how many are left") {
  {
    const auto log = RocksLog::open({.folder = log_folder()}).value();
    for (int i = 0; i < 1'100; ++i) {
      auto request = sample_append(1, ids);
      request.events[0].data = "{\"path\":\"\xff\"}";
      log->append(std::move(request), [](const Result<Receipt>&) {});
    }
  }
  CHECK(repair().damaged() == 1'102);
  CHECK(verify().value().repaired == 1'102);
  std::vector<std::uint64_t> left;
  for (const auto& record : records())
    if (record.type == LogRepaired::type) left.push_back(std::get<LogRepaired>(decode(record).value().event).left);
  CHECK(left == std::vector<std::uint64_t>{1'002, 902, 802, 702, 602, 502, 402, 302, 202, 102, 2, 0});
}

TEST_CASE_METHOD(DamagedLog, "a log with such events is exported and imported byte for byte, repaired or not") {
  const bool repaired = GENERATE(false, true);
  if (repaired) repair();
  const auto file = folder.path() / "export.ndjson";
  REQUIRE(
      with_log(log_folder(), [&](Database& database) { return export_to_file(database, {}, file, system_now(), {}); }));
  CHECK(verify_export(file, {}).value().undecodable == (repaired ? 1 : 3));
  REQUIRE(import_log(file, folder.path() / "other", {}));
  const auto imported = RocksLog::open({.folder = folder.path() / "other" / "log"}).value();
  CHECK(imported->read_all(Position{}, 1'000).value() == records());
}

TEST_CASE_METHOD(DamagedLog, "a record of the first format is repaired too") {
  to_first_format(log_folder(), 20);
  CHECK(repair().mended == 1);
  const auto proved = verify().value();
  CHECK(proved.repaired == 2);
  CHECK(proved.undecodable == 1);
}

TEST_CASE_METHOD(DamagedLog, "a repaired record that is folded later keeps its place in the chain") {
  repair();
  const auto log = RocksLog::open({.folder = log_folder()}).value();
  const auto marker = json::to_string(Folded{"device.config_served", 1, 1, 1, 0});
  REQUIRE(log->fold({{Position{7}, marker}}, [&](std::string proof) {
    DaySummarized summary;
    summary.records = 1;
    summary.first = summary.last = 7;
    summary.proof = std::move(proof);
    AppendRequest request;
    request.stream = StreamId("history", "summaries");
    request.events.push_back(encode(summary, Cause{"system", {}, {}}, system_now(), ids));
    return request;
  }));
  CHECK(std::holds_alternative<Folded>(decode(log->read_all(Position{6}, 1).value().at(0)).value().event));
  const auto proved = verify().value();
  CHECK(proved.folded == 1);
  CHECK(proved.repaired == 1);
}

TEST_CASE("an event whose stream could not be read back is refused when it is written") {
  TemporaryFolder folder;
  IdSource ids;
  const auto log = RocksLog::open({.folder = folder.path()}).value();
  auto request = sample_append(1, ids);
  request.stream = StreamId("user", "");
  CHECK(append_and_wait(*log, std::move(request)).error().code == "bad_stream");
  CHECK(append_and_wait(*log, sample_append(1, ids)));
}
