#include "adapters/http/provision/facts.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/memory_log.hpp"

#include <algorithm>
#include <atomic>
#include <sstream>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

using namespace strowger;
using namespace strowger::http::provision;
using namespace strowger::test;

namespace {

struct Fixture {
  MemoryLog log;
  IdSource ids{system_now, 1};
  std::ostringstream lines;
  spdlog::logger logger{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines)};
  std::atomic<Timestamp> now{parse_iso8601("2026-01-08T19:40:00Z").value()};  // which another thread reads
  RenderedFilePtr file = rendered();
  provisioning::VendorCatalog catalog = provisioning::VendorCatalog::built_in();
  http::Sightings sightings{
      log, ids, [this] { return now.load(); }, nullptr, {.window = [] { return std::chrono::hours(1); }}};
  DevicesProjection devices;
  std::unique_ptr<Facts> facts = make_facts();

  std::unique_ptr<Facts> make_facts() {
    return std::make_unique<Facts>(log, ids, [this] { return now.load(); }, logger, sightings, catalog, devices);
  }

  Fixture() { logger.set_pattern("%l %v"); }

  static RenderedFilePtr rendered() {
    auto present = std::make_shared<Present>();
    present->server = {"192.168.1.14", 5060, "strowger", "Strowger"};
    DeviceDefinition device;
    device.mac = MacAddress::parse("001565123456").value();
    device.extension = ExtensionNumber::parse("1001").value();
    device.vendor = "yealink";
    device.model = "t46s";
    ExtensionRow extension;
    extension.number = device.extension;
    extension.name = "Ann\nExample";
    auto file = std::make_shared<RenderedFile>();
    file->present = present;
    file->device = std::make_shared<const DeviceDefinition>(device);
    file->extension = std::make_shared<const ExtensionRow>(extension);
    file->representation.etag = "\"abc\"";
    file->content_type = "text/plain";
    file->size = 1234;
    return file;
  }
  void serve(std::string_view path = "/provision/001565123456.cfg", bool fetched = true) {
    facts->served({file, 200, fetched, path, "192.168.1.50", "Yealink SIP-T46S", {}, {}});
  }
  void end() { facts.reset(); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a served file is an event on its device's stream and a line in the log") {
  serve();
  now = now.load() + std::chrono::minutes(1);
  end();
  const auto records = log.records();
  REQUIRE(records.size() == 1);
  CHECK(records[0].stream.text() == "device-activity/001565123456");
  CHECK(records[0].by == "phone:001565123456");
  CHECK(to_iso8601(records[0].time) == "2026-01-08T19:40:00.000Z");  // when it was served, not when it was recorded
  const auto event = std::get<ConfigServed>(decode(records[0]).value().event);
  CHECK(event.path == "/provision/001565123456.cfg");
  CHECK(event.etag == "\"abc\"");
  CHECK(event.size == 1234);
  CHECK(event.status == 200);
  CHECK(event.ip == "192.168.1.50");
  CHECK(event.user_agent == "Yealink SIP-T46S");
  CHECK(lines.str() ==
        "info Provisioning request received for MAC: 001565123456 | Request from IP: 192.168.1.50 | "
        "User-Agent: Yealink SIP-T46S | Found device: vendor=yealink, model=t46s, extension=1001 | "
        "Extension found: 1001 (Ann\\x0aExample) | Server config: SIP=192.168.1.14:5060 | "
        "Successfully generated config for device 001565123456 | Config size: 1234 bytes, Content-Type: text/plain | "
        "Provisioning config delivered: 1234 bytes to 192.168.1.50\n");
}

TEST_CASE_METHOD(Fixture, "at debug level each phrase is a line of its own too") {
  logger.set_level(spdlog::level::debug);
  serve();
  end();
  CHECK(
      lines.str().starts_with("debug Provisioning request received for MAC: 001565123456\n"
                              "debug Request from IP: 192.168.1.50\n"));
  CHECK(lines.str().find("\ndebug Provisioning config delivered: 1234 bytes to 192.168.1.50\ninfo ") !=
        std::string::npos);
}

TEST_CASE_METHOD(Fixture, "what is asked about by HEAD is a line and no event") {
  serve("/provision/001565123456.cfg", false);
  end();
  CHECK(log.records().empty());
  CHECK(lines.str().find("asked about by HEAD from 192.168.1.50") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "each fetch is an event of its own, in the words of that fetch") {
  const auto waited = Uuid::parse("019b9f0e-7c3b-7000-8000-000000000001").value();
  serve();
  serve();
  facts->served({file, 304, true, "/provision/001565123456.cfg", "192.168.1.50", "Yealink SIP-T46S", waited, waited});
  serve("/provision/00-15-65-12-34-56.cfg");
  serve("/provision/00-15-65-12-34-56.cfg", false);
  // The same letters one after the other, and other texts.
  facts->served({file, 200, true, "/a", "bc", "", {}, {}});
  facts->served({file, 200, true, "/ab", "c", "", {}, {}});
  end();
  std::vector<Envelope> events;
  for (const auto& record : log.records()) events.push_back(decode(record).value());
  REQUIRE(events.size() == 6);
  const auto served = [&](std::size_t i) { return std::get<ConfigServed>(events[i].event); };
  CHECK(events[0].id != events[1].id);
  CHECK(events[1].correlation == events[1].id);
  CHECK(served(0).path == served(1).path);
  CHECK(served(2).status == 304);
  CHECK(events[2].correlation == waited);
  CHECK(events[2].causation == waited);
  CHECK(served(3).path == "/provision/00-15-65-12-34-56.cfg");
  CHECK(events[3].causation.is_nil());
  CHECK((served(4).path == "/a" && served(4).ip == "bc"));
  CHECK((served(5).path == "/ab" && served(5).ip == "c"));
  const auto text = lines.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 7);
  CHECK(text.find("not modified: 304") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "a line that was not wanted is written once it is") {
  logger.set_level(spdlog::level::off);
  serve();
  eventually([&] { return log.records().size() == 1; });
  end();
  facts = make_facts();
  logger.set_level(spdlog::level::info);
  serve();
  end();
  CHECK(lines.str().starts_with("info Provisioning request received"));
}

TEST_CASE_METHOD(Fixture, "texts of a stranger's length are cut off") {
  facts->refused({.path = std::string(100'000, 'p'), .user_agent = std::string(100'000, 'u'), .code = "unknown_mac"});
  serve(std::string(100'000, 'q'));
  end();
  const auto records = log.records();
  REQUIRE(records.size() == 2);
  CHECK(std::get<ConfigServed>(decode(records[1]).value().event).path == std::string(512, 'q'));
  const auto refused = std::get<ConfigRefused>(decode(records[0]).value().event);
  CHECK(refused.path == std::string(512, 'p'));
  CHECK(refused.user_agent == std::string(512, 'u'));
}

TEST_CASE_METHOD(Fixture, "while the log is slow notes wait, up to a bound, the rest is dropped and counted") {
  log.hold();
  serve();
  eventually([&] { return log.records().size() == 1; });
  // One batch is with the log and one may be made; what comes then has to wait, and not for ever.
  for (int i = 0; i < 200'000; ++i) serve();
  const auto dropped = facts->dropped();
  CHECK(dropped > 0);
  CHECK(log.records().size() == 1);
  log.release();
  end();
  CHECK(log.records().size() == 200'001 - dropped);
}

TEST_CASE_METHOD(Fixture, "what a faulty log refuses is counted") {
  log.fail_next(1);
  serve();
  eventually([&] { return facts->failed() == 1; });
  serve();
  end();
  CHECK(log.records().size() == 1);
}

TEST_CASE_METHOD(Fixture, "the first fetch of an enrolment is recorded with the address that it binds it to") {
  const auto mac = file->device->mac;
  Envelope registered;
  registered.stream = StreamId::of(mac);
  registered.time = now.load();
  registered.event = DeviceRegistered{mac, file->device->extension, "yealink", "t46s"};
  devices.apply(registered);
  serve("/provision/001565123456.cfg", false);  // HEAD is no fetch
  serve();
  end();
  const auto records = log.records();
  REQUIRE(records.size() == 2);
  CHECK(records[0].type == ConfigServed::type);
  const auto envelope = decode(records[1]).value();
  const auto enrolled = std::get<DeviceEnrolled>(envelope.event);
  CHECK(enrolled.mac == mac);
  CHECK(enrolled.ip == "192.168.1.50");
  CHECK(enrolled.opened_at == registered.time);
  CHECK(records[1].stream == StreamId::activity_of(mac));
  CHECK(records[1].by == "phone:001565123456");
  CHECK(records[1].causation == records[0].id);
  // Once it is known, no more.
  devices.apply(envelope);
  facts = make_facts();
  serve();
  serve();
  end();
  REQUIRE(log.records().size() == 4);
  CHECK(log.records()[2].type == ConfigServed::type);
  CHECK(log.records()[3].type == ConfigServed::type);
}

namespace {

// With a device that is registered and enrolled, and a projection that follows the log.
struct Counting : Fixture {
  DevicesProjection rows;
  std::atomic<std::chrono::seconds> window{std::chrono::hours(1)};

  Counting() {
    facts.reset();
    const auto mac = file->device->mac;
    tell(DeviceRegistered{mac, file->device->extension, "yealink", "t46s"});
    tell(DeviceEnrolled{mac, "192.168.1.50", now.load()});
    start();
  }
  void start() {
    facts = std::make_unique<Facts>(
        log, ids, [this] { return now.load(); }, logger, sightings, catalog, devices, http::TokenMask(),
        FactsOptions{.window = [this] { return window.load(); }, .retry = std::chrono::milliseconds(1)});
  }
  void tell(const Event& event) {
    Envelope envelope;
    envelope.id = envelope.correlation = ids.next();
    envelope.stream = StreamId::of(file->device->mac);
    envelope.time = now.load();
    envelope.event = event;
    devices.apply(envelope);
  }
  // The notes that were left by now are in the log, or counted.
  void taken(std::uint64_t fetches) {
    REQUIRE(eventually([&] { return told() + facts->untold().total == fetches; }));
  }
  std::uint64_t told() {
    std::uint64_t sum = 0;
    for (const auto& record : log.records()) {
      const auto event = decode(record).value().event;
      if (std::holds_alternative<ConfigServed>(event)) ++sum;
      if (const auto* again = std::get_if<ConfigServedRepeated>(&event)) sum += again->count;
    }
    return sum;
  }
  std::size_t of_type(std::string_view type) {
    const auto records = log.records();
    return static_cast<std::size_t>(
        std::count_if(records.begin(), records.end(), [&](const Record& record) { return record.type == type; }));
  }
  std::size_t kept() {
    std::size_t rows_kept = 0;
    REQUIRE(log.scan_state("fetch_windows", {}, [&](std::string_view, std::string_view) { ++rows_kept; }));
    return rows_kept;
  }
};

}  // namespace

TEST_CASE_METHOD(Counting, "the same fetch again and again is one event with a count, and every fetch counts") {
  for (int i = 0; i < 500; ++i) serve();
  taken(500);
  CHECK(log.records().size() == 1);
  CHECK(facts->untold(file->device->mac).count == 499);
  CHECK(facts->repeated() == 499);
  CHECK(kept() == 1);
  end();
  const auto records = log.records();
  REQUIRE(records.size() == 2);
  CHECK(records[1].stream == StreamId::activity_of(file->device->mac));
  CHECK(records[1].by == "phone:001565123456");
  const auto event = std::get<ConfigServedRepeated>(decode(records[1]).value().event);
  CHECK(event.count == 499);
  CHECK(event.etag == "\"abc\"");
  CHECK(event.path == "/provision/001565123456.cfg");
  CHECK(event.ip == "192.168.1.50");
  CHECK(event.user_agent == "Yealink SIP-T46S");
  CHECK(event.size == 1234);
  CHECK(kept() == 0);
}

TEST_CASE_METHOD(Counting, "a kill loses no count: the next start tells it") {
  for (int i = 0; i < 50; ++i) serve();
  taken(50);
  CHECK(kept() == 1);
  // As a kill leaves it: what the end would write does not come to the log.
  log.fail_next(1'000'000);
  end();
  log.fail_next(0);
  CHECK(told() == 1);
  start();
  taken(50);
  CHECK(eventually([&] { return told() == 50; }));
  CHECK(kept() == 0);
  CHECK(of_type(ConfigServedRepeated::type) == 1);
  end();
  start();
  end();
  CHECK(told() == 50);  // once
}

TEST_CASE_METHOD(Counting, "while a reboot or another configuration is waited for each fetch is an event at once") {
  serve();
  serve();
  taken(2);
  CHECK(of_type(ConfigServed::type) == 1);
  tell(RebootRequested{file->device->mac, ids.next(), file->device->extension, "yealink"});
  serve();
  taken(3);
  CHECK(of_type(ConfigServed::type) == 2);
  CHECK(told() == 3);  // with what was counted before, in its order
  CHECK(log.records()[1].type == ConfigServedRepeated::type);
  serve();
  taken(4);
  CHECK(of_type(ConfigServed::type) == 3);  // nobody has told the projection of the fetch yet
}

TEST_CASE_METHOD(Counting, "counts that the log does not take wait until it does") {
  serve();
  serve();
  taken(2);
  log.fail_next(3);
  window = std::chrono::seconds(0);  // the next fetch is told, and what was counted before it
  serve();
  // The fetch itself is lost and said to be; what was counted is not.
  CHECK(eventually([&] { return facts->failed() == 1; }));
  CHECK(eventually([&] { return told() == 2; }));
  end();
  CHECK(told() == 2);
}

TEST_CASE_METHOD(Counting, "a window of nothing counts nothing") {
  window = std::chrono::seconds(0);
  for (int i = 0; i < 10; ++i) serve();
  end();
  CHECK(of_type(ConfigServed::type) == 10);
}
