#include "adapters/http/provision/fetch_windows.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::http::provision;
using namespace std::chrono_literals;

namespace {

struct Phone {
  std::string path = "/provision/001565123456.cfg";
  std::string ip = "192.168.1.50";
  std::string user_agent = "Yealink";
  std::string etag = "\"a\"";
  std::uint16_t status = 200;
  MacAddress mac = *MacAddress::parse("001565123456");
};

struct Fixture {
  IdSource ids{system_now, 1};
  FetchWindows windows{[this] { return ids.next(); }, {.of_device = 3, .of_all = 100}};
  FetchWindows::Ticks now{};
  Timestamp date = parse_iso8601("2026-01-08T19:40:00Z").value();
  std::vector<FetchWindows::Repeats> closed;

  bool told(const Phone& phone, bool matters = false) {
    const auto asked = phone.path + phone.ip + phone.user_agent;
    const FetchWindows::Fetch fetch{
        phone.mac,
        asked,
        {static_cast<std::uint16_t>(phone.path.size()), static_cast<std::uint16_t>(phone.ip.size()),
         static_cast<std::uint16_t>(phone.user_agent.size()), 0},
        phone.etag,
        phone.status,
        date};
    return windows.add(
        fetch, matters, now, 60s,
        [&] {
          ConfigServed event;
          event.mac = phone.mac;
          event.etag = phone.etag;
          event.ip = phone.ip;
          return event;
        },
        closed);
  }
  void pass(std::chrono::seconds time) {
    now += time;
    date += time;
  }
  std::uint64_t counted() const {
    std::uint64_t sum = 0;
    for (const auto& repeats : closed) sum += repeats.event.count;
    return sum;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "the first fetch is told, the same again is counted until the window ends") {
  const Phone phone;
  CHECK(told(phone));
  const auto began = date;
  for (int i = 0; i < 5; ++i) {
    pass(1s);
    CHECK_FALSE(told(phone));
  }
  windows.close(now, closed);
  CHECK(closed.empty());
  CHECK(windows.next_end() == FetchWindows::Ticks{} + 60s);
  pass(55s);
  windows.close(now, closed);
  REQUIRE(closed.size() == 1);
  const auto& event = closed[0].event;
  CHECK(event.count == 5);
  CHECK(event.first_seen == began + 1s);
  CHECK(event.last_seen == began + 5s);
  CHECK(event.etag == phone.etag);
  CHECK_FALSE(windows.next_end());
  CHECK(told(phone));  // of a window of its own
}

TEST_CASE_METHOD(Fixture, "another file, status, address or User-Agent is told at once") {
  Phone phone;
  CHECK(told(phone));
  phone.status = 304;
  CHECK(told(phone));
  phone.ip = "192.168.1.51";
  CHECK(told(phone));
  CHECK_FALSE(told(phone));
  phone.mac = *MacAddress::parse("001565123457");
  CHECK(told(phone));
}

TEST_CASE_METHOD(Fixture, "changed and changed back: each fetch of another file than the last one is told") {
  Phone a, b;
  b.etag = "\"b\"";
  CHECK(told(a));
  CHECK_FALSE(told(a));
  CHECK(told(b));
  REQUIRE(closed.size() == 1);  // what was counted of the one before comes first
  CHECK(closed[0].event.etag == a.etag);
  CHECK(told(a));
  CHECK(told(b));
  CHECK(counted() == 1);
}

TEST_CASE_METHOD(Fixture, "a fetch that is waited for is told at once, after what was counted before it") {
  const Phone phone;
  CHECK(told(phone));
  CHECK_FALSE(told(phone));
  CHECK(told(phone, true));
  CHECK(counted() == 1);
  CHECK(told(phone, true));
  CHECK_FALSE(told(phone));
}

TEST_CASE_METHOD(Fixture, "who asks under ever other names is counted too, and nothing is lost") {
  constexpr int fetches = 1'000;
  int tellings = 0;
  for (int i = 0; i < fetches; ++i) {
    Phone phone;
    phone.user_agent = "agent " + std::to_string(i);
    phone.path += "?" + std::to_string(i);
    tellings += told(phone) ? 1 : 0;
  }
  CHECK(tellings == 4);  // of_device, and the first of anybody
  windows.close(FetchWindows::Ticks::max(), closed);
  CHECK(counted() == fetches - 4);
  REQUIRE(closed.size() == 1);
}

TEST_CASE_METHOD(Fixture, "beyond all windows each fetch is told") {
  int tellings = 0;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    Phone phone;
    phone.mac = MacAddress::from_bits(i);
    tellings += told(phone) ? 1 : 0;
    tellings += told(phone) ? 1 : 0;
  }
  CHECK(tellings == 100 + 2 * 100);
}

TEST_CASE_METHOD(Fixture, "what counted can be kept: each window once, with its count so far") {
  const Phone phone;
  std::vector<FetchWindows::Repeats> changed;
  told(phone);
  windows.take_changed(changed);
  CHECK(changed.empty());
  told(phone);
  told(phone);
  windows.take_changed(changed);
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].event.count == 2);
  told(phone);
  windows.take_changed(changed);
  REQUIRE(changed.size() == 2);
  CHECK(changed[1].event.count == 3);
  CHECK(changed[1].window == changed[0].window);
  told(phone);
  windows.close(FetchWindows::Ticks::max(), closed);
  windows.take_changed(changed);
  CHECK(changed.size() == 2);
  CHECK(closed[0].window == changed[0].window);
}
