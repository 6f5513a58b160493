// Logs of releases before DeviceEnrolled: each device stays bound to the address that it was bound to.
#include "events/projections/enrolments.hpp"

#include "events/event.hpp"
#include "events/json.hpp"
#include "events/projections/devices.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_log.hpp"

using namespace strowger;
using namespace std::chrono_literals;

namespace {

// What the release before left.
struct StoredRows : ProjectionStore {
  std::optional<Checkpoint> present;
  std::map<std::string, std::string> rows;

  Result<std::optional<Checkpoint>> checkpoint(std::string_view) override { return present; }
  Result<void> load(std::string_view,
                    const std::function<Result<void>(std::string_view, std::string_view)>& visit) override {
    for (const auto& [key, row] : rows)
      if (auto done = visit(key, row); !done) return done;
    return {};
  }
  Result<void> commit(std::string_view, Checkpoint, const RowBatch&, bool) override { return {}; }
};

struct Before {
  test::MemoryLog log;
  StoredRows store;
  IdSource ids{system_now, 1};
  Timestamp now = parse_iso8601("2026-01-08T19:40:00Z").value();
  const MacAddress mac = *MacAddress::parse("001565123456");
  const ExtensionNumber ann = *ExtensionNumber::parse("1001");

  Before() { add(StreamId::of(mac), DeviceRegistered{mac, ann, "yealink", "t46s"}); }

  void add(const StreamId& stream, const Event& event) {
    AppendRequest request;
    request.facts.push_back({stream, encode(event, Cause{"system", {}, {}}, now += 1s, ids)});
    REQUIRE(append_and_wait(log, std::move(request)));
  }
  void serve(const std::string& ip) {
    add(StreamId::of(mac), ConfigServed{mac, ann, "yealink", "t46s", "/p", "\"e\"", 1, 200, ip, "ua"});
  }
  void register_phone(const std::string& ip) {
    PhoneRegistered phone;
    phone.extension = ann;
    phone.ip = ip;
    add(StreamId::of(ann), phone);
  }
  // A row as schema 2 had it.
  void keep_row(Timestamp opened_at, const std::string& ip) {
    store.present = Checkpoint{log.last_position(), 2};
    store.rows[mac.text()] =
        R"({"definition":{"mac":"001565123456","extension":"1001","vendor":"yealink","model":"t46s",)"
        R"("created_at":1,"updated_at":1,"version":1,"token":"","site":"","lines":[]},)"
        R"("activity":{"fetches":2},"enrolment":{"opened_at":)" +
        std::to_string(opened_at.time_since_epoch().count()) + R"(,"ip":")" + ip + R"("}})";
  }
  std::uint64_t record() { return record_enrolments(log, store, ids, now).value(); }
  std::string ip() const {
    DevicesProjection devices;
    for (const auto& event : log.records()) devices.apply(decode(event).value());
    return devices.find(mac)->enrolment.ip;
  }
  Timestamp opened_at() const {
    DevicesProjection devices;
    for (const auto& event : log.records()) devices.apply(decode(event).value());
    return devices.find(mac)->enrolment.opened_at;
  }
};

}  // namespace

TEST_CASE_METHOD(Before, "enrolments: where the first fetch is still there, it tells the address, once") {
  serve("10.1.1.5");
  register_phone("10.1.1.6");
  serve("10.9.9.77");
  CHECK(record() == 1);
  CHECK(ip() == "10.1.1.5");
  const auto size = log.records().size();
  CHECK(record() == 0);
  CHECK(log.records().size() == size);
}

TEST_CASE_METHOD(Before, "enrolments: where the first fetch is folded, the row that saw it tells the address") {
  const auto opened = now;
  add(StreamId::of(mac), Folded{"device.config_served", 1, 1, 1, 0});
  serve("10.9.9.77");
  keep_row(opened, "10.1.1.5");
  CHECK(record() == 1);
  CHECK(ip() == "10.1.1.5");
}

TEST_CASE_METHOD(Before, "enrolments: a row of an enrolment before the present one tells nothing") {
  keep_row(now, "10.1.1.5");
  add(StreamId::of(mac), DeviceEnrolmentOpened{mac});
  serve("10.9.9.77");
  CHECK(record() == 1);
  CHECK(ip() == "10.9.9.77");
}

TEST_CASE_METHOD(Before, "enrolments: where there is no row either, the day's summary tells the last address") {
  add(StreamId::of(mac), Folded{"device.config_served", 1, 1, 1, 0});
  serve("10.9.9.77");
  DaySummarized day;
  day.day = "2026-01-08";
  day.served = {{mac, 1, 0, 1, "\"e\"", "10.1.1.5", now}};
  add({"history", "summaries"}, day);
  CHECK(record() == 1);
  CHECK(ip() == "10.1.1.5");
}

TEST_CASE_METHOD(Before, "enrolments: what SIP told first, what is recorded already and who is gone need nothing") {
  SECTION("a phone that registered before it fetched") {
    register_phone("10.1.1.6");
    serve("10.9.9.77");
    CHECK(record() == 0);
    CHECK(ip() == "10.1.1.6");
  }
  SECTION("an enrolment of this release") {
    serve("10.1.1.5");
    add(StreamId::of(mac), DeviceEnrolled{mac, "10.1.1.5", opened_at()});
    CHECK(record() == 0);
  }
  SECTION("a device that was unregistered") {
    serve("10.1.1.5");
    add(StreamId::of(mac), DeviceUnregistered{mac, ann});
    CHECK(record() == 0);
  }
  SECTION("a device that nobody fetched for") {
    CHECK(record() == 0);
    serve("10.1.1.5");  // from now on with its own event
    CHECK(record() == 0);
  }
}
