#include "actors/decide_together.hpp"

#include "actors/device/device.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_log.hpp"

using namespace strowger;
using namespace strowger::actors;

namespace {

struct Two {
  test::MemoryLog log;
  IdSource ids{system_now, 1};
  const MacAddress first = *MacAddress::parse("001565000001");
  const MacAddress second = *MacAddress::parse("001565000002");
  DecideTogether<Device> together{EntityWorld{log, ids, system_now}};

  static RegisterDevice as(const MacAddress& mac, const std::string& model) {
    return {mac, *ExtensionNumber::parse("1001"), "yealink", model, false, {}, {}, {}, true};
  }
  AppendRequest decide() { return together.decide({"admin:ann", {}, {}}, "key").value(); }
  void write(const MacAddress& mac, const Event& event) {
    AppendRequest request;
    request.facts.push_back({StreamId::of(mac), encode(event, {}, system_now(), ids)});
    REQUIRE(append_and_wait(log, std::move(request)));
  }
};

}  // namespace

TEST_CASE_METHOD(Two, "many entities are decided by the log and committed as one chain") {
  write(second, DeviceRegistered{second, *ExtensionNumber::parse("1001"), "yealink", "t46s"});
  together.add(first.text(), as(first, "t46s"));
  together.add(second.text(), as(second, "t48s"));
  REQUIRE(append_and_wait(log, decide()));
  CHECK_FALSE(together.before(0).registered);
  CHECK(together.before(1).registered);
  CHECK(std::get<DeviceRegistered>(together.events(1).front()).replaced);
  const auto records = log.records();
  REQUIRE(records.size() == 3);
  CHECK(records[1].correlation == records[2].correlation);
  CHECK(records[1].by == "admin:ann");
}

TEST_CASE_METHOD(Two, "where somebody wrote one of them meanwhile none is committed, and all are decided again") {
  write(second, DeviceRegistered{second, *ExtensionNumber::parse("1001"), "yealink", "t46s"});
  together.add(first.text(), as(first, "t46s"));
  together.add(second.text(), as(second, "t48s"));
  auto stale = decide();
  write(second, DeviceChanged{second, *ExtensionNumber::parse("1001"), "yealink", "t48s"});
  const auto refused = append_and_wait(log, std::move(stale));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "version_conflict");
  CHECK(log.records().size() == 2);
  auto fresh = decide();
  CHECK(together.events(1).empty());  // it is what it is to be by now
  CHECK(fresh.facts.size() == 1);
  REQUIRE(append_and_wait(log, std::move(fresh)));
  CHECK(log.records().size() == 3);
  CHECK(decide().facts.empty());
}
