// A log goes out as lines and comes back byte for byte; what is broken or partial imports nothing.
#include "adapters/rocksdb/archive/export_file.hpp"
#include "adapters/rocksdb/archive/verify.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/stored_log.hpp"
#include "tests/support/temporary_folder.hpp"

#include <fstream>
#include <map>
#include <sstream>

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t events = 60;

struct Fixture {
  TemporaryFolder folder;
  fs::path log_folder = folder.path() / "data" / "log";
  fs::path file = folder.path() / "export.ndjson";
  fs::path other = folder.path() / "other";
  IdSource ids;

  Fixture() { append(events); }

  void append(std::uint64_t count) {
    const auto log = RocksLog::open({.folder = log_folder}).value();
    for (std::uint64_t i = 0; i < count; ++i) {
      auto request = sample_append(i % 5, ids);
      request.events[0].data =
          R"({"path": "/\"quoted\" and \u00e4ä", "n":)" + std::to_string(i) + R"(, "list":[1, {}]})";
      if (i % 3 == 0) request.events[0].causation = ids.next();
      if (i % 4 == 0) request.events[0].correlation = ids.next();
      request.state.push_back({"vault", "key " + std::to_string(i), std::string("\0wrapped\xff", 9)});
      request.idempotency_key = ids.next().text();
      REQUIRE(append_and_wait(*log, std::move(request)));
    }
  }
  Result<Exported> export_log(const ExportOptions& options = {}) {
    return with_log(log_folder,
                    [&](Database& database) { return export_to_file(database, options, file, system_now(), {}); });
  }
  std::string exported() const { return read(file); }
  static std::string read(const fs::path& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
  }
  void write(const std::string& text) const { std::ofstream(file, std::ios::binary | std::ios::trunc) << text; }
  Result<Proved> import() { return import_log(file, other, {}); }
  Result<Proved> verify(const fs::path& where) {
    return with_log(where, [&](Database& database) { return verify_log(database, {}, {}); });
  }
  // Everything in the families that an export holds, as bytes. (The index follows from the events; verify_log() proves
  // it.)
  static std::map<std::string, std::string> contents(const fs::path& where) {
    const auto log = ReadOnlyLog::open(where).value();
    std::map<std::string, std::string> all;
    for (const auto family : {Family::events, Family::state, Family::receipts}) {
      const std::unique_ptr<rocksdb::Iterator> rows(log->database().db().NewIterator({}, log->database()[family]));
      for (rows->SeekToFirst(); rows->Valid(); rows->Next())
        all[std::to_string(int(family)) + rows->key().ToString()] = rows->value().ToString();
    }
    return all;
  }
};

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE_METHOD(Fixture, "an exported log is proved, and imported byte for byte, and goes on") {
  const auto done = export_log().value();
  CHECK(done.finished.events == events);
  CHECK(done.finished.whole);
  CHECK(lines(exported()) ==
        1 + events + events + 2 * events + 1);  // beginning, events, state, receipts with their ages, end
  CHECK((fs::status(file).permissions() & fs::perms::mask) == (fs::perms::owner_read | fs::perms::owner_write));
  const auto proved = verify_export(file, {}).value();
  CHECK(to_text(proved.end) == done.finished.head);
  CHECK(proved.end == verify(log_folder).value().end);

  const auto imported = import().value();
  CHECK(imported.end == proved.end);
  CHECK(contents(other / "log") == contents(log_folder));
  const auto log = RocksLog::open({.folder = other / "log"}).value();
  CHECK(number(append_and_wait(*log, sample_append(1, ids)).value().position) == events + 1);
}

TEST_CASE_METHOD(Fixture, "a log that the first releases began is exported and imported byte for byte") {
  to_first_format(log_folder, events);
  append(5);
  REQUIRE(export_log());
  REQUIRE(import());
  CHECK(contents(other / "log") == contents(log_folder));
  CHECK(*verify(other / "log").value().unchained == Position{events});
}

TEST_CASE_METHOD(Fixture, "each line is a CloudEvent, the events as in the log with their hashes") {
  REQUIRE(export_log());
  std::istringstream in(exported());
  std::string line;
  std::size_t seen = 0;
  while (std::getline(in, line)) {
    const auto event = json::parse(line).value().as_object();
    CHECK(event.at("specversion") == "1.0");
    CHECK(event.at("source") == "urn:strowger");
    CHECK(event.contains("id"));
    if (event.at("type") != "strowger.device.config_served.v2") continue;
    CHECK(event.at("sequence").as_string() == std::to_string(++seen));
    CHECK(event.at("hash").as_string().size() == 64);
    CHECK_THAT(line, ContainsSubstring(R"("data":{"path": "/\"quoted\" and \u00e4ä")"));  // word for word
  }
  CHECK(seen == events);
}

TEST_CASE_METHOD(Fixture, "an interrupted export goes on where the file ends, with what was appended since") {
  REQUIRE(export_log());
  const auto whole = exported();
  // Cut anywhere: inside a line, at its end, among the rows.
  for (const std::size_t size : {std::size_t{0}, std::size_t{50}, whole.size() / 5, whole.size() * 4 / 5}) {
    write(whole.substr(0, size));
    CHECK(verify_export(file, {}).error().code == "export_incomplete");
    const auto done = export_log().value();
    CAPTURE(size);
    CHECK(done.finished.events == events);
    CHECK(verify_export(file, {}));
  }
  append(7);
  write(whole.substr(0, whole.size() / 5));
  const auto done = export_log().value();
  CHECK(done.resumed_after > 0);
  CHECK(done.finished.events == events + 7);
  REQUIRE(import());
  CHECK(contents(other / "log") == contents(log_folder));
  CHECK(export_log().error().code == "export_finished");
}

TEST_CASE_METHOD(Fixture, "an export is not continued into a file of another one") {
  REQUIRE(export_log());
  const auto begun = exported().substr(0, exported().size() / 5);
  write(begun);
  CHECK(export_log({.from = Position{3}}).error().code == "other_export");
  write(begun);
  CHECK(export_log({.to = Position{2}}).error().code == "other_export");
  fs::remove_all(log_folder);
  append(events);
  write(begun);
  CHECK(export_log().error().code == "other_export");
  write("{\"a\":1}\n");
  CHECK(export_log().error().code == "bad_export");
  CHECK(exported() == "{\"a\":1}\n");  // what was there stays
}

TEST_CASE_METHOD(Fixture, "a part by position or by time is proved, and is not imported") {
  const auto log = RocksLog::open({.folder = log_folder}).value();
  const auto records = log->read_all(Position{0}, events).value();
  ExportOptions options;
  SECTION("by position") {
    options = {.from = Position{11}, .to = Position{40}};
  }
  SECTION("by time") {
    options = {.from = records[10].time, .to = records[39].time};
  }
  REQUIRE(export_log(options));
  const auto proved = verify_export(file, {}).value();
  CHECK(number(proved.first) == 11);
  CHECK(number(proved.end.position) == 40);
  CHECK(import().error().code == "partial_export");
  CHECK_FALSE(fs::exists(other / "log"));
  fs::remove(file);
  CHECK(export_log({.from = Position{500}}).error().code == "empty_export");
  CHECK(parse_place("17").value() == Place(Position{17}));
  CHECK(parse_place("2026-01-08T19:40:00Z"));
  CHECK_FALSE(parse_place("yesterday"));
}

TEST_CASE_METHOD(Fixture, "without what is beside the events there is nothing to import") {
  REQUIRE(export_log({.events_only = true}));
  CHECK(lines(exported()) == events + 2);
  CHECK(import().error().code == "partial_export");
}

TEST_CASE_METHOD(Fixture, "a broken file is found out, and imports nothing") {
  REQUIRE(export_log());
  auto text = exported();
  const auto from = text.find("\"n\":33");
  REQUIRE(from != std::string::npos);
  const auto line_start = text.rfind('\n', from) + 1, line_end = text.find('\n', from) + 1;
  const auto state = text.rfind("export.state");
  std::string code = "log_not_proved";
  SECTION("a changed event") {
    text[from + 5] = '4';
  }
  SECTION("an event taken out") {
    text.erase(line_start, line_end - line_start);
  }
  SECTION("two events exchanged") {
    const auto second_end = text.find('\n', line_end) + 1;
    text = text.substr(0, line_start) + text.substr(line_end, second_end - line_end) +
           text.substr(line_start, line_end - line_start) + text.substr(second_end);
  }
  SECTION("a changed row") {
    const auto value = text.find("\"value\":\"", state) + 9;
    text[value] = text[value] == 'A' ? 'B' : 'A';
    code = "bad_export";
  }
  SECTION("a row taken out") {
    const auto row = text.rfind('\n', state) + 1;
    text.erase(row, text.find('\n', row) + 1 - row);
    code = "bad_export";
  }
  SECTION("its end taken off") {
    text.erase(text.rfind('\n', text.size() - 2) + 1);
    code = "export_incomplete";
  }
  SECTION("its last byte taken off") {
    text.pop_back();
    code = "export_incomplete";
  }
  SECTION("something behind its end") {
    text += "{}\n";
    code = "bad_export";
  }
  SECTION("no JSON") {
    text.insert(line_start, "{\n");
    code = "bad_export";
  }
  write(text);
  const auto proved = verify_export(file, {});
  REQUIRE_FALSE(proved);
  CAPTURE(proved.error().message);
  CHECK(proved.error().code == code);
  CHECK(import().error().code == code);
  CHECK((!fs::exists(other) || fs::is_empty(other)));
}

TEST_CASE_METHOD(Fixture, "a log is imported into an empty data directory only, beside its master key") {
  REQUIRE(export_log());
  fs::create_directories(other / "projections");
  CHECK(import().error().code == "data_dir_not_empty");
  CHECK_FALSE(fs::exists(other / "log"));
  fs::remove(other / "projections");
  std::ofstream(other / "master.key") << "key";
  fs::create_directories(other / "log.unfinished" / "left behind");
  CHECK(import());
  CHECK(read(other / "master.key") == "key");
  CHECK_FALSE(fs::exists(other / "log.unfinished"));
  CHECK(import().error().code == "data_dir_not_empty");
}

TEST_CASE("base64 is read as it was written, and nothing else is") {
  for (const std::string& bytes : {std::string(), std::string("\0", 1), std::string("ab"), std::string("abc\xff")})
    CHECK(from_base64(to_base64(bytes)).value() == bytes);
  for (const auto* bad : {"a", "====", "YQ=", "Y===", "YR==", "Y\nQ=", "=YQ=", "YQ==YQ=="})
    CHECK_FALSE(from_base64(bad));
}
