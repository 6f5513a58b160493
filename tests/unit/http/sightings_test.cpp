// What comes again is counted: few events, right totals, bounded whatever comes.
#include "adapters/http/sightings.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/memory_log.hpp"

using namespace strowger;
using namespace strowger::http;
using namespace strowger::test;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  MemoryLog log;
  IdSource ids{system_now, 1};
  std::atomic<Timestamp> now{parse_iso8601("2026-01-08T19:40:00Z").value()};  // which another thread reads
  std::atomic<std::chrono::seconds> window = std::chrono::seconds(1h);
  std::unique_ptr<Sightings> sightings = std::make_unique<Sightings>(
      log, ids, [this] { return now.load(); }, nullptr,
      SightingOptions{.window = [this] { return window.load(); }, .retry = 1ms});

  static ConfigRefused unknown(std::uint64_t mac, const std::string& ip = "192.0.2.7") {
    const auto address = MacAddress::from_bits(0x0015'6500'0000 + mac);
    return {"/provision/" + address.text() + ".cfg",
            address.text(),
            address,
            ip,
            "Yealink",
            404,
            "unknown_mac",
            "not registered"};
  }
  void end() { sightings.reset(); }
  // As the projections would have it.
  RequestCounts counts() const {
    RequestsProjection rows;
    for (const auto& record : log.records()) rows.apply(decode(record).value());
    return rows.counts();
  }
  template <class T>
  std::vector<T> all() const {
    std::vector<T> events;
    for (const auto& record : log.records())
      if (const auto envelope = decode(record).value(); const auto* event = std::get_if<T>(&envelope.event))
        events.push_back(*event);
    return events;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "the first sighting is an event at once, those that follow are one with their count") {
  for (int i = 0; i < 20'000; ++i) {
    now = now.load() + 1ms;
    sightings->refused(unknown(1));
  }
  REQUIRE(log.records().size() == 1);
  CHECK(all<ConfigRefused>().at(0).normalized_mac == unknown(1).normalized_mac);
  CHECK(sightings->untold().total == 19'999);
  CHECK(sightings->untold().failed == 19'999);
  const auto open = sightings->open_rows();
  REQUIRE(open.size() == 1);
  CHECK(open[0].count == 19'999);
  CHECK(open[0].time == now.load());

  end();
  REQUIRE(log.records().size() == 2);
  const auto repeated = all<ConfigRefusedRepeated>().at(0);
  CHECK(repeated.count == 19'999);
  CHECK(repeated.path == unknown(1).path);
  CHECK(repeated.ip == "192.0.2.7");
  CHECK(to_iso8601(repeated.first_seen) == "2026-01-08T19:40:00.002Z");
  CHECK(repeated.last_seen == now.load());
  CHECK(log.records()[1].stream.text() == "provisioning/refused");
  CHECK(log.records()[1].by == "phone:001565000001");
  CHECK(counts().total == 20'000);
  CHECK(counts().failed == 20'000);
}

TEST_CASE_METHOD(Fixture, "of one source only so many different ones are told, the rest are others") {
  for (std::uint64_t mac = 0; mac < 5'000; ++mac) sightings->refused(unknown(mac));
  sightings->refused(unknown(1, "192.0.2.8"));  // another source has its own
  CHECK(log.records().size() == 101);
  CHECK(sightings->untold().total == 4'900);
  end();
  REQUIRE(log.records().size() == 102);
  const auto others = all<OthersRefused>().at(0);
  CHECK(others.ip == "192.0.2.7");
  CHECK(others.count == 4'900);
  CHECK(others.different > 4'800);
  CHECK(others.different < 5'000);
  CHECK(others.codes == std::map<std::string, std::uint64_t>{{"unknown_mac", 4'900}});
  CHECK(counts().total == 5'001);
  CHECK(counts().failed == 5'001);
}

TEST_CASE_METHOD(Fixture, "a flood from more sources than are kept apart is bounded too") {
  for (std::uint64_t i = 0; i < 20'000; ++i)
    sightings->refused(unknown(i, "198.51." + std::to_string(i / 256) + "." + std::to_string(i % 256)));
  end();
  CHECK(log.records().size() == 4'096 + 101);
  CHECK(counts().total == 20'000);
  const auto others = all<OthersRefused>();
  REQUIRE(others.size() == 101);
  CHECK(others[0].ip.empty());  // by source
}

TEST_CASE_METHOD(Fixture, "when the window ends the count is told, and the next is a first one again") {
  window = 1s;
  for (int i = 0; i < 3; ++i) sightings->refused(unknown(1));
  CHECK(log.records().size() == 1);
  REQUIRE(eventually([&] { return log.records().size() == 2; }));
  CHECK(all<ConfigRefusedRepeated>().at(0).count == 2);
  CHECK(eventually([&] { return sightings->untold().total == 0; }));  // once the log has said that it has it
  CHECK(sightings->open_rows().empty());
  sightings->refused(unknown(1));
  CHECK(log.records().size() == 3);
  end();
  CHECK(log.records().size() == 3);
}

TEST_CASE_METHOD(Fixture, "without a window each is an event") {
  window = 0s;
  for (int i = 0; i < 3; ++i) sightings->refused(unknown(1));
  CHECK(log.records().size() == 3);
}

TEST_CASE_METHOD(Fixture, "what differs is not folded together, and probes are no failures") {
  auto probe = unknown(1);
  probe.code = "probe";
  auto placeholder = unknown(1);
  placeholder.code = "placeholder_mac";
  for (int i = 0; i < 3; ++i)
    for (const auto& event : {unknown(1), unknown(2), unknown(1, "192.0.2.8"), probe, placeholder})
      sightings->refused(event);
  auto renamed = unknown(1);
  renamed.path = "/provision/other-name-001565000001.cfg";
  sightings->refused(renamed);  // the same phone by another name
  CHECK(log.records().size() == 5);
  end();
  CHECK(log.records().size() == 10);
  CHECK(counts().total == 16);
  CHECK(counts().failed == 13);
}

TEST_CASE_METHOD(Fixture, "a failed login is told once and counted") {
  for (int i = 0; i < 5; ++i) sightings->login_failed({"ann", "192.0.2.7"});
  sightings->login_failed({"ann", "192.0.2.8"});
  for (int i = 0; i < 500; ++i) sightings->login_failed({"guess" + std::to_string(i), "192.0.2.9"});
  CHECK(sightings->untold().total == 0);  // they are no requests for a file
  end();
  CHECK(all<LoginFailed>().size() == 102);
  const auto repeated = all<LoginFailedRepeated>();
  REQUIRE(repeated.size() == 1);
  CHECK(repeated[0].name == "ann");
  CHECK(repeated[0].count == 4);
  REQUIRE(all<OtherLoginsFailed>().size() == 1);
  CHECK(all<OtherLoginsFailed>()[0].count == 400);
  CHECK(log.records()[0].stream.text() == "login/failed");
  CHECK(counts().total == 0);
}

TEST_CASE_METHOD(Fixture, "while the log cannot be written nothing is lost") {
  window = 1s;
  log.fail_next(3);  // the first one, and two of its closing
  for (int i = 0; i < 10; ++i) sightings->refused(unknown(1));
  CHECK(log.records().empty());
  CHECK(sightings->untold().total == 10);
  eventually([&] { return log.records().size() == 1; });
  CHECK(all<ConfigRefusedRepeated>().at(0).count == 10);
  eventually([&] { return sightings->untold().total == 0; });
  end();
  CHECK(counts().total == 10);
}
