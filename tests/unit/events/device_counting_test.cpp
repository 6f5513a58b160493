// That devices are counted right without a look at each.
#include "events/projections/devices.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <random>
#include <set>

using namespace strowger;

namespace {

class CountedFleet {
 public:
  explicit CountedFleet(std::uint32_t seed) : dice_(seed), ids_(system_now, seed) {}

  void happens() {
    const auto mac = some_mac();
    const auto etag = "\"" + std::to_string(dice_() % 3) + "\"";
    const auto reboot = reboots_.empty() ? ids_.next() : reboots_[dice_() % reboots_.size()];
    switch (dice_() % 14) {
      case 0:
      case 1:
        return tell(mac, DeviceRegistered{mac, extension_, "yealink", "t46s", false});
      case 2:
        return tell(mac, DeviceUnregistered{mac, extension_});
      case 3:
        return tell(mac, DeviceChanged{mac, extension_, "yealink", dice_() % 2 == 0 ? "t46s" : "t48s"});
      case 4:
      case 5: {
        ConfigServed served;
        served.mac = mac;
        served.etag = etag;
        served.ip = "192.0.2." + std::to_string(dice_() % 4);
        return tell(mac, served);
      }
      case 6: {
        ConfigWanted wanted;
        wanted.mac = mac;
        wanted.etag = etag;
        return tell(mac, wanted);
      }
      case 7: {
        RebootRequested requested;
        requested.mac = mac;
        requested.reboot = ids_.next();
        requested.etag = dice_() % 3 == 0 ? "" : etag;
        reboots_.push_back(requested.reboot);
        return tell(mac, requested);
      }
      case 8: {
        RebootUnanswered unanswered;
        unanswered.mac = mac;
        unanswered.reboot = reboot;
        return tell(mac, unanswered);
      }
      case 9: {
        RebootDeferred deferred;
        deferred.mac = mac;
        deferred.reboot = reboot;
        return tell(mac, deferred);
      }
      case 10: {
        RebootFailed failed;
        failed.mac = mac;
        failed.reboot = reboot;
        failed.code = dice_() % 2 == 0 ? "no_phone" : "refused";
        return tell(mac, failed);
      }
      case 11: {
        DeviceConverged converged;
        converged.mac = mac;
        converged.etag = etag;
        return tell(mac, converged);
      }
      default:
        if (const auto row = projection.find(mac)) {
          if (dice_() % 4 == 0)
            projection.looked(row->definition, not_found("template_not_found", "none"));
          else
            projection.looked(row->definition, etag);
        }
    }
  }

  // What counting each device would say, where nobody looked at any.
  static DeviceCounts counted(const DevicesProjection& rows) {
    DeviceCounts out;
    for (const auto& row : rows.list({}, 1'000)) out.add(standing_of(row.activity, {}));
    return out;
  }

  DevicesProjection projection;

 private:
  MacAddress some_mac() { return MacAddress::from_bits(0x001565000000 + dice_() % 6); }
  void tell(const MacAddress& mac, Event event) {
    Envelope envelope;
    envelope.id = envelope.correlation = ids_.next();
    envelope.stream = StreamId::of(mac);
    envelope.position = Position{++position_};
    envelope.version = StreamVersion{position_};
    envelope.time = now_ += std::chrono::seconds(1);
    envelope.event = std::move(event);
    projection.apply(envelope);
  }

  std::mt19937 dice_;
  IdSource ids_;
  ExtensionNumber extension_ = *ExtensionNumber::parse("1001");
  std::vector<Uuid> reboots_;
  Timestamp now_ = parse_iso8601("2026-01-08T19:40:00Z").value();
  std::uint64_t position_ = 0;
};

void check_indexes(const DevicesProjection& rows) {
  const auto counts = rows.counts();
  CHECK(counts.devices == rows.size());
  std::size_t unsettled = 0;
  for (const auto state : {ConvergenceState::pending, ConvergenceState::stale, ConvergenceState::failed,
                           ConvergenceState::unreachable, ConvergenceState::unservable})
    unsettled += counts.of(state);
  CHECK(rows.unsettled(1'000).size() == unsettled);
  std::set<std::string> addresses;
  for (const auto& row : rows.list({}, 1'000)) addresses.insert(row.activity.last_ip);
  for (const auto* ip : {"192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"}) {
    const auto found = rows.served_at(ip);
    CHECK(found.has_value() == addresses.contains(ip));
    if (found) CHECK(found->activity.last_ip == ip);
  }
}

}  // namespace

TEST_CASE("devices: counted as events come, after a load and after a rebuild as a look at each would count them") {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    CountedFleet fleet(seed);
    for (int i = 0; i < 150; ++i) {
      fleet.happens();
      check_indexes(fleet.projection);
    }
    RowBatch all;
    fleet.projection.dump(all);
    DevicesProjection loaded;
    for (const auto& row : all.rows()) REQUIRE(loaded.load(row.key, *row.value));
    CHECK(loaded.counts() == CountedFleet::counted(loaded));  // looks are of the process
    check_indexes(loaded);
    fleet.projection.adopt(loaded);
    CHECK(fleet.projection.counts() == CountedFleet::counted(fleet.projection));
    check_indexes(fleet.projection);
  }
}

TEST_CASE("devices: a look says who is stale or unservable, until what it saw is over") {
  const auto mac = *MacAddress::parse("001565123456");
  DevicesProjection rows;
  std::uint64_t position = 0;
  const auto tell = [&](Event event) {
    Envelope envelope;
    envelope.stream = StreamId::of(mac);
    envelope.position = Position{++position};
    envelope.version = StreamVersion{position};
    envelope.time = Timestamp(std::chrono::seconds(1'000'000 + position));
    envelope.event = std::move(event);
    rows.apply(envelope);
  };
  const auto is = [&](ConvergenceState state) { return rows.counts().of(state) == 1; };
  const auto serve = [&](std::string etag) {
    ConfigServed served;
    served.mac = mac;
    served.etag = std::move(etag);
    tell(served);
  };
  const auto look = [&](const Result<std::string>& etag) { rows.looked(rows.find(mac)->definition, etag); };
  tell(DeviceRegistered{mac, *ExtensionNumber::parse("1001"), "yealink", "t46s", false});
  CHECK(is(ConvergenceState::waiting));
  look(not_found("template_not_found", "none"));
  CHECK(is(ConvergenceState::unservable));
  CHECK(rows.counts().of(DeviceStatus::unservable) == 1);
  look(std::string("\"1\""));
  CHECK(is(ConvergenceState::waiting));
  serve("\"1\"");
  CHECK(is(ConvergenceState::converged));
  look(std::string("\"2\""));
  CHECK(is(ConvergenceState::stale));
  CHECK(rows.counts().of(DeviceStatus::stale) == 1);
  const auto old = rows.find(mac)->definition;
  serve("\"2\"");
  CHECK(is(ConvergenceState::converged));
  look(std::string("\"3\""));
  CHECK(is(ConvergenceState::stale));
  tell(DeviceChanged{mac, *ExtensionNumber::parse("1002"), "yealink", "t46s"});
  CHECK(is(ConvergenceState::converged));  // until it is looked at again
  rows.looked(old, std::string("\"4\""));
  CHECK(is(ConvergenceState::converged));  // that was another definition's file
  ConfigWanted wanted;
  wanted.mac = mac;
  wanted.etag = "\"5\"";
  look(std::string("\"5\""));
  CHECK(is(ConvergenceState::stale));
  tell(wanted);
  CHECK(is(ConvergenceState::pending));
  tell(DeviceUnregistered{mac, *ExtensionNumber::parse("1002")});
  CHECK(rows.counts() == DeviceCounts{});
  CHECK(rows.unsettled(10).empty());
}

TEST_CASE("devices: those around a MAC are the nearest in order") {
  DevicesProjection rows;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto mac = MacAddress::from_bits(0x001565000000 + i);
    Envelope envelope;
    envelope.stream = StreamId::of(mac);
    envelope.position = Position{i + 1};
    envelope.event = DeviceRegistered{mac, *ExtensionNumber::parse("1001"), "yealink", "t46s", false};
    rows.apply(envelope);
  }
  CHECK(rows.around(MacAddress::from_bits(0x001565000005), 100).size() == 20);
  auto near = rows.around(MacAddress::from_bits(0x001565000005), 4);
  std::sort(near.begin(), near.end());
  REQUIRE(near.size() == 4);
  CHECK(near.front() == MacAddress::from_bits(0x001565000003));
  CHECK(near.back() == MacAddress::from_bits(0x001565000006));
  CHECK(rows.around(MacAddress::from_bits(0xffffffffffff), 3).size() == 3);
}
