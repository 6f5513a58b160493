// Whatever the log folded, a projection that is built anew answers as the one that saw all events: random logs under
// random retentions, for every projection and every type of event.
#include "actors/history/retention.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "events/projections/campaigns.hpp"
#include "events/projections/contacts.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/directories.hpp"
#include "events/projections/discovered.hpp"
#include "events/projections/extensions.hpp"
#include "events/projections/phone_settings.hpp"
#include "events/projections/quarantine.hpp"
#include "events/projections/requests.hpp"
#include "events/projections/users.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_values.hpp"
#include "tests/support/temporary_folder.hpp"

#include <random>

using namespace strowger;
using namespace strowger::test;
using namespace std::chrono_literals;
using history::Retention;

namespace {

using RowsByKey = std::map<std::string, std::string>;

struct AllProjections {
  CampaignsProjection campaigns;
  ContactsProjection contacts;
  DevicesProjection devices;
  DirectoriesProjection directories;
  DiscoveredProjection discovered;
  ExtensionsProjection extensions;
  PhoneSettingsProjection phone_settings;
  QuarantineProjection quarantine;
  RequestsProjection requests;
  UsersProjection users;

  std::vector<Projection*> all() {
    return {&campaigns,  &contacts,       &devices,    &directories, &discovered,
            &extensions, &phone_settings, &quarantine, &requests,    &users};
  }
  void apply(const Envelope& envelope) {
    for (auto* projection : all()) projection->apply(envelope);
  }
};

RowsByKey dumped(const Projection& projection) {
  RowBatch batch;
  projection.dump(batch);
  RowsByKey rows;
  for (const auto& row : batch.rows()) rows[row.key] = *row.value;
  return rows;
}

std::string difference(const RowsByKey& expected, const RowsByKey& present) {
  for (const auto& [key, row] : expected) {
    const auto found = present.find(key);
    if (found == present.end()) return key + " is missing: " + row;
    if (found->second != row) return key + ":\n" + row + "\n" + found->second;
  }
  for (const auto& [key, row] : present)
    if (!expected.contains(key)) return key + " is too much: " + row;
  return {};
}

class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed) : random_(seed), ids_([this] { return now_; }, seed) {
    log_ = rocks::RocksLog::open({.folder = folder_.path() / "log"}).value();
    boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Event>>([this](auto identity) {
      using T = typename decltype(identity)::type;
      // The log makes these itself.
      if constexpr (!std::is_same_v<T, Folded> && !std::is_same_v<T, DaySummarized>) {
        T event;
        fill(event);
        samples_.emplace_back(std::move(event));
      }
    });
  }

  void happen(std::size_t events) {
    for (std::size_t i = 0; i < events; ++i) {
      pass(std::chrono::minutes(below(240)));
      if (one_in(50)) now_ -= 3h;  // a clock that was put right
      something();
    }
    store();
  }
  // More phones in one day than are kept, and more requests.
  void flood(std::size_t requests) {
    for (std::size_t i = 0; i < requests; ++i) {
      pass(std::chrono::seconds(below(60)));
      refuse(MacAddress::from_bits(0x0200'0000'0000 + below(5'000)), "unknown_mac");
    }
    store();
  }

  // Folds what is due, and brings the live projections up to date.
  std::uint64_t retain() {
    apply();
    pass(std::chrono::days(below(20)));
    Retention::World world{*log_, ids_, [this] { return now_; }};
    const history::RetentionTimes times{some_days(), some_days(), some_days()};
    world.times = [times] { return times; };
    world.served_since = [this](const MacAddress& mac, Timestamp time) {
      const auto row = live_.devices.find(mac);
      return !row || (row->activity.last_provisioned && *row->activity.last_provisioned > time);
    };
    world.fold = [this](const std::vector<FoldedRecord>& records, const MakeSummary& make) {
      return log_->fold(records, make);
    };
    Retention retention(std::move(world),
                        {.records = 1 + below(200), .page = 64, .pause = 0ms, .drive = Drive::by_hand});
    const auto folded = retention.run_once();
    if (!folded) FAIL(folded.error().message);
    apply();
    return *folded;
  }

  void check() {
    AllProjections rebuilt;
    for (const auto& record : log_->read_all(Position{0}, 1'000'000).value()) rebuilt.apply(decode(record).value());
    const auto live = live_.all();
    const auto anew = rebuilt.all();
    for (std::size_t i = 0; i < live.size(); ++i) {
      INFO(std::string(live[i]->name()));
      const auto expected = dumped(*live[i]);
      CHECK(difference(expected, dumped(*anew[i])) == "");
      // And what was stored along the way is the same again.
      auto& stored = stored_[std::string(live[i]->name())];
      RowBatch changed;
      live[i]->flush(changed);
      for (const auto& row : changed.rows()) {
        if (row.value)
          stored[row.key] = *row.value;
        else
          stored.erase(row.key);
      }
      CHECK(difference(expected, stored) == "");
      const auto loaded = live[i]->blank();
      for (const auto& [key, row] : stored) REQUIRE(loaded->load(key, row));
      CHECK(difference(expected, dumped(*loaded)) == "");
    }
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  void pass(std::chrono::microseconds time) { now_ += time; }
  std::chrono::seconds some_days() { return std::chrono::days(one_in(5) ? 0 : 1 + below(30)); }
  MacAddress device() { return MacAddress::from_bits(0x0015'65ab'cde0 + (one_in(3) ? 15 : below(4))); }
  ExtensionNumber extension() { return ExtensionNumber::parse(std::to_string(1001 + below(3))).value(); }
  std::string address() { return "10.0." + std::to_string(below(2)) + "." + std::to_string(below(9)); }

  void add(const StreamId& stream, const Event& event) {
    pending_.push_back({stream, encode(event, Cause{"system", {}, {}}, now_, ids_)});
  }
  void store() {
    AppendRequest request;
    request.facts = std::exchange(pending_, {});
    REQUIRE(append_and_wait(*log_, std::move(request)));
  }
  void apply() {
    for (const auto& record : log_->read_all(applied_, 1'000'000).value()) {
      live_.apply(decode(record).value());
      applied_ = record.position;
    }
  }

  void something() {
    switch (below(12)) {
      case 0:
        return register_device();
      case 1:
      case 2:
      case 3:
        return serve();
      case 4:
        return refuse(MacAddress::from_bits(0x0015'6500'0000 + below(6)), one_in(4) ? "probe" : "unknown_mac");
      case 5:
        return refuse_again();
      case 6:
        return fail_login();
      case 7:
        return register_phone();
      default:
        return add_sample();
    }
  }
  void register_device() {
    const auto mac = device();
    const auto stream = StreamId::of(mac);
    if (one_in(3)) return add(stream, DeviceUnregistered{mac, extension()});
    if (one_in(2))
      add(stream, DeviceEnrolmentOpened{mac});
    else
      add(stream, DeviceRegistered{mac, extension(), "yealink", "t46s"});
    opened_[mac] = now_;
  }
  void serve() {
    const auto mac = device();
    const auto ip = address();
    // Earlier releases had facts among the decisions.
    const auto stream = one_in(2) ? StreamId::of(mac) : StreamId::activity_of(mac);
    const auto etag = "\"e" + std::to_string(below(5));
    const auto status = static_cast<std::uint16_t>(one_in(2) ? 200 : 304);
    const auto agent = "ua" + std::to_string(below(5));
    if (one_in(3)) {
      const auto last = now_ - std::chrono::seconds(below(100));
      return add(StreamId::activity_of(mac),
                 ConfigServedRepeated{mac, extension(), "yealink", "t46s", "/p", etag, 100, status, ip, agent, "",
                                      1 + below(9), last - 10s, last});
    }
    add(stream, ConfigServed{mac, extension(), "yealink", "t46s", "/p", etag, 100, status, ip, agent});
    if (opened_.contains(mac) && one_in(2)) add(StreamId::of(mac), DeviceEnrolled{mac, ip, opened_[mac]});
  }
  void refuse(const MacAddress& mac, const std::string& code) {
    ConfigRefused event{"/p", mac.text(), mac, address(), "ua", 404, code, "error"};
    if (one_in(5)) event.status = 403;
    if (one_in(9)) event.normalized_mac.reset();
    add({"provisioning", "refused"}, event);
  }
  void refuse_again() {
    if (one_in(2)) {
      const auto probes = below(10);
      return add({"provisioning", "refused"},
                 OthersRefused{address(), probes + 7, 5, {{"probe", probes}, {"unknown_mac", 7}}, now_ - 1h, now_});
    }
    const auto mac = MacAddress::from_bits(0x0015'6500'0000 + below(6));
    ConfigRefusedRepeated event;
    event.path = "/p";
    event.mac_address = mac.text();
    event.normalized_mac = mac;
    event.ip = address();
    event.code = "unknown_mac";
    event.count = 1 + below(50);
    event.first_seen = now_ - 1h;
    event.last_seen = now_;
    add({"provisioning", "refused"}, event);
  }
  void fail_login() {
    if (one_in(3)) return add({"login", "failed"}, OtherLoginsFailed{address(), 5, 3, now_ - 1h, now_});
    if (one_in(2)) return add({"login", "failed"}, LoginFailedRepeated{"ann", address(), 3, now_ - 1h, now_, 0});
    add({"login", "failed"}, LoginFailed{one_in(2) ? "ann" : "", address(), 7});
  }
  void register_phone() {
    PhoneRegistered event;
    event.extension = extension();
    event.ip = address();
    if (one_in(2)) event.mac = one_in(2) ? device() : MacAddress::from_bits(0x0015'6500'0000 + below(6));
    add(StreamId::of(event.extension), event);
  }
  // Any type of event there is, on a stream of its own kind.
  void add_sample() {
    const auto& event = samples_[below(samples_.size())];
    const auto type = type_of(event);
    const auto kind = type.substr(0, type.find('.'));
    if (kind == "device") return add(StreamId::of(MacAddress::from_bits(0x0015'65ab'cdef)), event);
    if (kind == "extension" || kind == "phone") return add({"extension", "1001"}, event);
    if (kind == "user" || kind == "campaign" || kind == "contact") return add({kind, "one"}, event);
    add({"others", kind}, event);
  }

  TemporaryFolder folder_;
  std::mt19937_64 random_;
  Timestamp now_ = parse_iso8601("2026-01-01T06:00:00Z").value();
  IdSource ids_;
  std::unique_ptr<rocks::RocksLog> log_;
  std::vector<Event> samples_;
  std::vector<Fact> pending_;
  std::map<MacAddress, Timestamp> opened_;
  AllProjections live_;
  Position applied_{};
  std::map<std::string, RowsByKey> stored_;
};

}  // namespace

TEST_CASE("a projection that is built anew from a log with folded events is the one that saw them all") {
  std::uint64_t folded = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    INFO("seed " << seed);
    RandomHistory history(seed);
    for (int round = 0; round < 3; ++round) {
      history.happen(200);
      folded += history.retain();
      history.check();
    }
  }
  CHECK(folded > 1'000);
}

TEST_CASE("the same holds where strangers ask for more than is kept") {
  for (std::uint64_t seed = 100; seed <= 103; ++seed) {
    INFO("seed " << seed);
    RandomHistory history(seed);
    history.happen(150);
    history.flood(2'500);
    history.happen(150);
    history.retain();
    history.check();
    history.flood(1'500);
    history.retain();
    history.check();
  }
}
