// Every projection: what it answers, and that rows loaded from its store give the same answers as the fold.
#include "events/projections/contacts.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/discovered.hpp"
#include "events/projections/extensions.hpp"
#include "events/projections/requests.hpp"
#include "events/projections/users.hpp"
#include "tests/support/catch.hpp"

#include <map>

using namespace strowger;

namespace {

using Store = std::map<std::string, std::string>;

const MacAddress mac = *MacAddress::parse("001565123456");
const ExtensionNumber ann = *ExtensionNumber::parse("1001");
const ExtensionNumber bob = *ExtensionNumber::parse("1002");

Store rows(const RowBatch& batch) {
  Store store;
  for (const auto& row : batch.rows())
    if (row.value) store[row.key] = *row.value;
  return store;
}

// Feeds events to a projection, flushing after each into a store as the runner does.
template <class P>
class Fold {
 public:
  void operator()(StreamId stream, Event event) {
    Envelope envelope;
    envelope.id = ids_.next();
    envelope.correlation = envelope.id;
    envelope.version = StreamVersion{++versions_[stream.text()]};
    envelope.stream = std::move(stream);
    envelope.position = Position{++position_};
    envelope.time = now_ += std::chrono::seconds(1);
    envelope.event = std::move(event);
    projection.apply(envelope);
    RowBatch batch;
    projection.flush(batch);
    for (const auto& row : batch.rows()) {
      if (row.value)
        store[row.key] = *row.value;
      else
        store.erase(row.key);
    }
    check_store();
  }

  void pass(std::chrono::hours time) { now_ += time; }

  P projection;
  Store store;

 private:
  void check_store() const {
    RowBatch all;
    projection.dump(all);
    CHECK(rows(all) == store);
    P loaded;
    for (const auto& [key, row] : store) REQUIRE(loaded.load(key, row));
    RowBatch again;
    loaded.dump(again);
    CHECK(rows(again) == store);
  }

  IdSource ids_{system_now, 1};
  Timestamp now_ = parse_iso8601("2026-01-08T19:40:00Z").value();
  std::uint64_t position_ = 0;
  std::map<std::string, std::uint64_t> versions_;
};

}  // namespace

TEST_CASE("extensions are answered as they are now") {
  Fold<ExtensionsProjection> fold;
  fold(StreamId::of(ann), ExtensionCreated{ann, "Ann", "", true, SealedSecret{"a"}});
  fold(StreamId::of(bob), ExtensionCreated{bob, "Bob", "", true, SealedSecret{"b"}});
  const auto before = fold.projection.find(ann);
  const auto changes = fold.projection.changes();
  fold(StreamId::of(ann), PhoneRegistered{ann});
  CHECK(fold.projection.find(ann) == before);  // the same row: caches that hold it stay valid
  CHECK(fold.projection.changes() == changes);
  fold(StreamId::of(ann), ExtensionChanged{ann, "Anna", {}, false});
  CHECK(fold.projection.changes() > changes);
  fold(StreamId::of(ann), ExtensionPasswordChanged{ann, SealedSecret{"c"}});
  const auto row = fold.projection.find(ann);
  REQUIRE(row);
  CHECK(row->name == "Anna");
  CHECK_FALSE(row->allow_external);
  CHECK(row->password.text == "c");
  CHECK(number(row->version) == 4);
  CHECK(before->name == "Ann");
  CHECK(fold.projection.list({}, 1).front()->number == ann);
  CHECK(fold.projection.list(ann, 10).front()->number == bob);
  fold(StreamId::of(ann), ExtensionDeleted{ann, SealedSecret{"c"}});
  CHECK_FALSE(fold.projection.find(ann));
  CHECK(fold.projection.size() == 1);
}

TEST_CASE("a device's definition, what it was served, and how its reboot goes") {
  Fold<DevicesProjection> fold;
  const auto stream = StreamId::of(mac);
  fold(stream, DeviceRegistered{mac, ann, "yealink", "t46s", false});
  const auto defined = fold.projection.find(mac)->definition;
  const Uuid reboot = Uuid::parse("01890000-0000-7000-8000-000000000001").value();
  CHECK(fold.projection.find_for_serving(mac).correlation.is_nil());
  const auto changes = fold.projection.changes();
  fold(stream, ConfigServed{mac, ann});  // nothing waited for it
  CHECK(fold.projection.changes() == changes);
  fold(stream, RebootRequested{mac, reboot, ann, "yealink"});
  CHECK(fold.projection.changes() > changes);
  const auto serving = fold.projection.find_for_serving(mac);
  CHECK(serving.definition == defined);
  CHECK_FALSE(serving.correlation.is_nil());
  fold(stream, RebootAccepted{mac, reboot, "sip:1001@192.0.2.1", 200});
  CHECK(fold.projection.find(mac)->activity.reboot->stage == RebootStage::accepted);
  fold(stream, ConfigServed{mac, ann, "yealink", "t46s", "/p", "\"e1\"", 100, 200, "192.0.2.1", "ua"});
  fold(stream, ConfigServed{mac, ann, "yealink", "t46s", "/p", "\"e1\"", 0, 304, "192.0.2.1", "ua"});
  const auto row = fold.projection.find(mac);
  CHECK(row->definition == defined);
  CHECK(row->activity.fetches == 3);
  CHECK(row->activity.last_etag == "\"e1\"");
  CHECK(row->activity.reboot->fetched_at < row->activity.last_provisioned);
  CHECK(fold.projection.find_for_serving(mac).correlation.is_nil());  // the reboot has been fetched for

  CHECK(fold.projection.on_extension(ann) == std::vector<MacAddress>{mac});
  fold(stream, DeviceChanged{mac, bob, "yealink", "t48s"});
  CHECK(fold.projection.on_extension(ann).empty());
  CHECK(fold.projection.on_extension(bob) == std::vector<MacAddress>{mac});
  CHECK(fold.projection.find(mac)->definition->created_at == defined->created_at);
  fold(stream, DeviceUnregistered{mac, bob});
  CHECK_FALSE(fold.projection.find(mac));
  CHECK(fold.projection.on_extension(bob).empty());
}

TEST_CASE("the request history keeps the newest and counts all, probes are no failures") {
  Fold<RequestsProjection> fold;
  fold(StreamId::of(mac), ConfigServed{mac, ann, "yealink", "t46s", "/a", "\"e\"", 10, 200, "192.0.2.1", "ua"});
  fold({"provisioning", "refused"},
       ConfigRefused{"/{mac}.cfg", "{mac}", {}, "192.0.2.1", "ua", 400, "placeholder_mac", "e"});
  fold({"provisioning", "refused"},
       ConfigRefused{"/001565123456.boot", "001565123456", mac, "192.0.2.1", "ua", 404, "probe", ""});
  const auto counts = fold.projection.counts();
  CHECK(counts.total == 3);
  CHECK(counts.successful == 1);
  CHECK(counts.failed == 1);
  const auto newest = fold.projection.newest(2);
  REQUIRE(newest.size() == 2);
  CHECK(newest[0].path == "/001565123456.boot");
  CHECK(newest[1].mac_address == "{mac}");
  for (std::size_t i = 0; i < RequestsProjection::kept + 5; ++i) {
    Envelope envelope;
    envelope.event = ConfigServed{mac, ann, "yealink", "t46s", "/" + std::to_string(i)};
    fold.projection.apply(envelope);
  }
  CHECK(fold.projection.newest(5000).size() == RequestsProjection::kept);
  CHECK(fold.projection.counts().total == RequestsProjection::kept + 8);
  RowBatch batch;
  fold.projection.flush(batch);
  CHECK(batch.rows().size() == RequestsProjection::kept + 1);
}

TEST_CASE("a revoked token is known until it has surely expired, whatever a clock says for a moment") {
  Fold<UsersProjection> fold;
  IdSource ids(system_now, 1);
  const StreamId stream("user", "admin");
  const auto first = ids.next(), second = ids.next();
  fold(stream, UserCreated{"admin", Role::admin, PasswordHash{"h"}});
  fold(stream, TokenRevoked{"admin", first, parse_iso8601("2026-01-08T19:40:03Z").value()});
  CHECK(fold.projection.revoked(first));
  fold(stream, UserPasswordChanged{"admin", PasswordHash{"i"}});
  fold(stream, TokenRevoked{"admin", second, parse_iso8601("2026-01-18T00:00:00Z").value()});
  // The clock is ten years ahead for a moment.
  fold.pass(std::chrono::days(3'650));
  fold(stream, TokenRevoked{"admin", ids.next(), parse_iso8601("2036-02-01T00:00:00Z").value()});
  fold(stream, UserPasswordChanged{"admin", PasswordHash{"i"}});
  CHECK(fold.projection.revoked(first));
  CHECK(fold.projection.revoked(second));
  fold.pass(-std::chrono::days(3'650));
  fold(stream, UserPasswordChanged{"admin", PasswordHash{"i"}});
  for (int hours = 0; hours < 3 * 24; hours += 5) {
    fold.pass(std::chrono::hours(5));
    fold(stream, UserPasswordChanged{"admin", PasswordHash{"i"}});
  }
  CHECK_FALSE(fold.projection.revoked(first));
  CHECK(fold.projection.revoked(second));
  CHECK(fold.projection.find("admin")->password.text == "i");
}

TEST_CASE("devices: what a phone may prove itself with, and where it was enrolled") {
  Fold<DevicesProjection> fold;
  const auto device = StreamId::of(mac);
  const auto row = [&] { return fold.projection.find(mac).value(); };
  fold(device, DeviceRegistered{mac, ann, "yealink", "t46s"});
  CHECK_FALSE(row().credentials);
  CHECK_FALSE(fold.projection.any_with_password());

  fold(device, DeviceCredentialsSet{mac, "user-1", SealedSecret{"v1.a"}});
  CHECK(fold.projection.with_username("user-1") == mac);
  const auto version = row().credentials->password_version;
  fold(device, DeviceCredentialsSet{mac, "user-2", SealedSecret{"v1.b"}});
  CHECK_FALSE(fold.projection.with_username("user-1"));
  CHECK(fold.projection.with_username("user-2") == mac);
  CHECK(row().credentials->password_version > version);

  const std::string first(64, 'a');
  const std::string second(64, 'b');
  const auto before = row().definition;
  fold(device, DeviceTokenIssued{mac, SealedSecret{"v1.t"}, first, {}});
  CHECK(row().definition != before);  // its file holds the token: what was rendered is not current any more
  CHECK(row().definition->version == before->version);
  fold(device, DeviceTokenIssued{mac, SealedSecret{"v1.u"}, second, Timestamp(std::chrono::hours(24 * 365 * 60))});
  CHECK(fold.projection.with_token(first) == mac);
  CHECK(fold.projection.with_token(second) == mac);
  fold(device, DeviceChanged{mac, bob, "yealink", "t46s"});
  CHECK(row().definition->token.text == "v1.u");
  fold(device, DeviceTokenRevoked{mac, SealedSecret{"v1.u"}});
  CHECK_FALSE(fold.projection.with_token(first));
  CHECK_FALSE(fold.projection.with_token(second));
  CHECK(row().definition->token.empty());

  ConfigServed served;
  served.mac = mac;
  served.ip = "10.0.0.6";
  fold(device, served);
  CHECK(row().enrolment.ip.empty());  // a fetch is folded one day
  CHECK(fold.projection.open_enrolment(mac) == row().enrolment.opened_at);
  const auto changes = fold.projection.changes();
  fold(device, DeviceEnrolled{mac, "10.0.9.8", row().enrolment.opened_at - std::chrono::hours(1)});  // of one before
  CHECK(row().enrolment.ip.empty());
  fold(device, DeviceEnrolled{mac, "10.0.0.7", row().enrolment.opened_at});
  fold(device, DeviceEnrolled{mac, "10.0.9.9", row().enrolment.opened_at});
  CHECK(row().enrolment.ip == "10.0.0.7");
  CHECK_FALSE(fold.projection.open_enrolment(mac));
  CHECK(fold.projection.changes() == changes);  // what is served stays as it is
  PhoneRegistered phone;
  phone.extension = bob;
  phone.ip = "10.0.0.8";
  fold(StreamId("extension", "1002"), phone);
  REQUIRE(row().enrolment.registered_at);
  fold(device, DeviceEnrolmentOpened{mac});
  CHECK_FALSE(row().enrolment.registered_at);
  CHECK(row().enrolment.ip.empty());

  fold(device, DeviceCredentialsRemoved{mac, SealedSecret{"v1.b"}});
  CHECK_FALSE(row().credentials);
  fold(device, DeviceCredentialsSet{mac, "user-3", SealedSecret{"v1.c"}});
  fold(device, DeviceUnregistered{mac, bob});
  CHECK_FALSE(fold.projection.with_username("user-3"));
}

TEST_CASE("contacts are answered as they are now") {
  Fold<ContactsProjection> fold;
  const auto first = Uuid::parse("019b9f0e-7c3b-7000-8000-000000000001").value();
  const auto second = Uuid::parse("019b9f0e-7c3b-7000-8000-000000000002").value();
  fold({"contact", second.text()}, ContactAdded{second, "Zoe", "", {{NumberKind::mobile, "2"}}});
  fold({"contact", first.text()}, ContactAdded{first, "Ann", "Acme", {{NumberKind::work, "1"}}});
  const auto changes = fold.projection.changes();
  fold(StreamId::of(ann), ExtensionCreated{ann, "Ann", "", true, SealedSecret{"a"}});
  CHECK(fold.projection.changes() == changes);
  fold({"contact", first.text()}, ContactChanged{first, "Anna", "", {{NumberKind::home, "3"}}});
  CHECK(fold.projection.changes() > changes);
  const auto row = fold.projection.find(first);
  REQUIRE(row);
  CHECK(row->name == "Anna");
  CHECK(number(row->version) == 2);
  CHECK(row->created_at < row->updated_at);
  REQUIRE(fold.projection.list(std::nullopt, 10).size() == 2);
  CHECK(fold.projection.list(first, 10).front()->name == "Zoe");
  fold({"contact", first.text()}, ContactRemoved{first});
  CHECK_FALSE(fold.projection.find(first));
  CHECK(fold.projection.size() == 1);
}

TEST_CASE("extensions are listed in phone books until they are hidden") {
  Fold<ExtensionsProjection> fold;
  fold(StreamId::of(ann), ExtensionCreated{ann, "Ann", "", true, SealedSecret{"a"}});
  CHECK(fold.projection.find(ann)->listed);
  const auto changes = fold.projection.changes();
  fold(StreamId::of(ann), PhoneRegistered{ann, "sip:x", "", "10.0.0.1", 5060, "udp", "", {}, {}});
  CHECK(fold.projection.changes() == changes);
  fold(StreamId::of(ann), ExtensionListingChanged{ann, false});
  CHECK_FALSE(fold.projection.find(ann)->listed);
  CHECK(fold.projection.changes() > changes);
}

namespace {

ConfigRefused unknown_phone(std::uint64_t bits, const std::string& ip, std::uint16_t status = 404) {
  ConfigRefused event;
  event.normalized_mac = MacAddress::from_bits(bits);
  event.path = "/provision/" + event.normalized_mac->text() + ".cfg";
  event.ip = ip;
  event.status = status;
  event.code = "unknown_mac";
  return event;
}

const StreamId refused_stream("provisioning", "refused");

}  // namespace

TEST_CASE("phones that were seen and are not registered are discovered") {
  Fold<DiscoveredProjection> fold;
  auto first = unknown_phone(mac.bits(), "10.0.0.7");
  first.user_agent = "Yealink SIP-T46S 66.86.0.15";
  fold(refused_stream, first);
  ConfigRefusedRepeated again;
  again.normalized_mac = mac;
  again.ip = "10.0.0.8";
  again.status = 404;
  again.code = "unknown_mac";
  again.count = 5;
  fold(refused_stream, again);
  const auto row = fold.projection.find(mac);
  REQUIRE(row);
  CHECK(row->requests == 6);
  CHECK(row->ip == "10.0.0.8");
  CHECK(row->user_agent == "Yealink SIP-T46S 66.86.0.15");
  CHECK_FALSE(row->denied);
  fold(StreamId::of(ann), PhoneRegistered{ann, "sip:x", "", "10.0.0.9", 5060, "udp", "T46S", mac, {}});
  CHECK(fold.projection.find(mac)->registrations == 1);
  CHECK(fold.projection.find(mac)->extension == ann);

  fold(StreamId::of(mac), DeviceRegistered{mac, ann, "yealink", "t46s", false});
  CHECK_FALSE(fold.projection.find(mac));
  fold(refused_stream, unknown_phone(mac.bits(), "10.0.0.7", 401));
  CHECK_FALSE(fold.projection.find(mac));
  fold(StreamId::of(mac), DeviceUnregistered{mac, ann});
  fold(refused_stream, unknown_phone(mac.bits(), "10.0.0.7"));
  CHECK(fold.projection.find(mac));
}

TEST_CASE("a flood of invented MAC addresses neither grows what is discovered nor drives the real phones out") {
  DiscoveredProjection projection;
  Envelope envelope;
  envelope.stream = refused_stream;
  envelope.time = parse_iso8601("2026-01-08T19:40:00Z").value();
  const auto seen = [&](ConfigRefused event) {
    envelope.time += std::chrono::seconds(1);
    envelope.event = std::move(event);
    projection.apply(envelope);
  };
  for (std::uint64_t i = 1; i <= 50; ++i) seen(unknown_phone(i, "10.0.0." + std::to_string(i)));
  for (std::uint64_t i = 1000; i < 6000; ++i) seen(unknown_phone(i, "10.9.9.9"));
  CHECK(projection.list().size() <= DiscoveredProjection::kept);
  CHECK(projection.evicted() >= 4000);
  for (std::uint64_t i = 1; i <= 50; ++i) CHECK(projection.find(MacAddress::from_bits(i)));
  CHECK(projection.find(MacAddress::from_bits(5999)));
  // Strangers whom access rules refuse leave before anybody else, wherever they come from.
  for (std::uint64_t i = 10'000; i < 14'000; ++i) seen(unknown_phone(i, "192.0.2." + std::to_string(i % 250), 403));
  CHECK(projection.list().size() <= DiscoveredProjection::kept);
  for (std::uint64_t i = 1; i <= 50; ++i) CHECK(projection.find(MacAddress::from_bits(i)));
}

TEST_CASE("what a phone asked for on a day leaves with the day's summary, what it did by SIP stays") {
  Fold<DiscoveredProjection> fold;
  Fold<RequestsProjection> requests;
  const auto happen = [&](const StreamId& stream, const Event& event) {
    fold(stream, event);
    requests(stream, event);
  };
  happen(refused_stream, unknown_phone(mac.bits(), "10.0.0.7"));
  happen(StreamId::of(ann), PhoneRegistered{ann, "sip:x", "", "10.0.0.9", 5060, "udp", "T46S", mac, {}});
  happen(refused_stream, unknown_phone(1, "10.0.0.8"));
  happen(StreamId::of(mac), ConfigServed{mac, ann, "yealink", "t46s", "/a"});
  CHECK(fold.projection.find(mac)->requests == 1);
  CHECK(requests.projection.newest(10).size() == 3);

  DaySummarized logins;
  logins.day = "2026-01-08";
  logins.first = 1;
  logins.last = 4;
  logins.types = {{"login.failed", 2}};
  happen({"history", "summaries"}, logins);
  CHECK(fold.projection.find(mac)->requests == 1);
  CHECK(requests.projection.newest(10).size() == 3);

  DaySummarized day = logins;
  day.types = {{"provisioning.config_refused", 2}};
  happen({"history", "summaries"}, day);
  CHECK_FALSE(fold.projection.find(MacAddress::from_bits(1)));
  const auto row = fold.projection.find(mac).value();
  CHECK(row.requests == 0);
  CHECK(row.registrations == 1);
  CHECK(row.ip == "10.0.0.9");
  const auto left = requests.projection.newest(10);
  REQUIRE(left.size() == 1);
  CHECK(left[0].path == "/a");
  CHECK(requests.projection.counts().total == 3);
}

TEST_CASE("tokens of an account end with its password, its role, and with itself") {
  Fold<UsersProjection> fold;
  const auto& users = fold.projection;
  const Timestamp before = parse_iso8601("2026-01-08T19:39:00Z").value();
  const Timestamp later = parse_iso8601("2026-01-08T20:40:00Z").value();
  // A name that is no account's stands for itself, as long as it is none.
  CHECK(users.stands("ann", {}, before, later));
  CHECK_FALSE(users.stands("ann", Uuid::parse("019b9f0e-7c3b-7000-8000-000000000001").value(), later, later));

  const StreamId stream("user", "ann");
  fold(stream, UserCreated{"ann", Role::operator_, PasswordHash{"h"}});
  CHECK_FALSE(users.stands("ann", {}, before, later));
  CHECK(users.stands("ann", {}, later, later));
  CHECK(users.stands("ann", {}, before, before));  // the clock was put back: nobody can tell which was first
  auto epoch = users.user_epoch("ann");
  const auto ends = [&](const Event& event) {
    CHECK(users.stands("ann", epoch, later, later));
    fold(stream, event);
    CHECK_FALSE(users.stands("ann", epoch, later, later));
    epoch = users.user_epoch("ann");
  };
  ends(UserPasswordChanged{"ann", PasswordHash{"i"}});
  ends(UserRoleSynced{"ann", Role::viewer, "ad", {}});
  ends(UserRoleWithdrawn{"ann", "ad"});
  fold(stream, TokenRevoked{"ann", Uuid{}, later});
  CHECK(users.stands("ann", epoch, later, later));  // one token, and no other

  fold(StreamId::of(ann), ExtensionCreated{ann, "Ann", "", true, SealedSecret{"a"}});
  auto phone = users.extension_epoch("1001");
  const auto ends_for_phone = [&](const Event& event) {
    CHECK(users.stands("1001", phone, later, later));
    fold(StreamId::of(ann), event);
    CHECK_FALSE(users.stands("1001", phone, later, later));
    phone = users.extension_epoch("1001");
  };
  fold(StreamId::of(ann), ExtensionChanged{ann, "Anna", {}, {}});
  ends_for_phone(ExtensionPasswordChanged{ann, SealedSecret{"b"}});
  ends_for_phone(ExtensionDisabled{ann, {}});
  ends_for_phone(ExtensionDeleted{ann, SealedSecret{"b"}});
  CHECK_FALSE(users.stands("1001", {}, before, later));  // gone, and not forgotten
  // A user of the same name is somebody else.
  fold({"user", "1001"}, UserCreated{"1001", Role::viewer, PasswordHash{"h"}});
  CHECK(users.stands("1001", users.user_epoch("1001"), later, later));
}

TEST_CASE("devices are found by their model, page by page") {
  Fold<DevicesProjection> fold;
  const auto nth = [](std::uint64_t i) { return MacAddress::from_bits(i); };
  for (std::uint64_t i = 1; i <= 5; ++i)
    fold(StreamId::of(nth(i)), DeviceRegistered{nth(i), ann, "yealink", i == 3 ? "t42s" : "t46s"});
  using Macs = std::vector<MacAddress>;
  const auto& rows = fold.projection;
  CHECK(rows.macs(std::nullopt, 2) == Macs{nth(1), nth(2)});
  CHECK(rows.macs(nth(2), 9) == Macs{nth(3), nth(4), nth(5)});
  CHECK(rows.of_model("yealink", "t46s", std::nullopt, 3) == Macs{nth(1), nth(2), nth(4)});
  CHECK(rows.of_model("yealink", "t46s", nth(4), 3) == Macs{nth(5)});
  CHECK(rows.of_model("yealink", "t48s", std::nullopt, 3).empty());
  fold(StreamId::of(nth(3)), DeviceChanged{nth(3), ann, "yealink", "t46s"});
  fold(StreamId::of(nth(1)), DeviceUnregistered{nth(1), ann});
  CHECK(rows.of_model("yealink", "t42s", std::nullopt, 3).empty());
  CHECK(rows.of_model("yealink", "t46s", std::nullopt, 9) == Macs{nth(2), nth(3), nth(4), nth(5)});
  CHECK(rows.runs(nth(2)).definition->model == "t46s");
  CHECK_FALSE(rows.runs(nth(1)).definition);
}

TEST_CASE("fetches that were counted count, and what they tell is no older than what is known") {
  Fold<DevicesProjection> devices;
  Fold<RequestsProjection> requests;
  const auto decided = StreamId::of(mac), facts = StreamId::activity_of(mac);
  const auto served = [&](const std::string& etag, const std::string& ip) {
    return ConfigServed{mac, ann, "yealink", "t46s", "/p", etag, 10, 200, ip, "ua"};
  };
  const auto at = [](const char* time) { return parse_iso8601(time).value(); };
  const auto again = [&](const std::string& etag, const std::string& ip, std::uint64_t count, Timestamp last) {
    return ConfigServedRepeated{mac, ann, "yealink", "t46s", "/p", etag, 10, 200, ip, "ua2", "", count, last, last};
  };
  const auto both = [&](const StreamId& stream, const Event& event) {
    devices(stream, event);
    requests(stream, event);
  };
  const auto activity = [&] { return devices.projection.find(mac)->activity; };
  both(decided, DeviceRegistered{mac, ann, "yealink", "t46s"});
  both(decided, served("\"old\"", "192.0.2.1"));  // as earlier releases recorded it
  both(facts, served("\"a\"", "192.0.2.1"));
  CHECK(activity().last_etag == "\"a\"");
  both(facts, again("\"b\"", "192.0.2.2", 7, at("2026-01-09T00:00:00Z")));
  CHECK(activity().fetches == 9);
  CHECK(activity().last_etag == "\"b\"");
  CHECK(activity().last_ip == "192.0.2.2");
  CHECK(activity().last_provisioned == at("2026-01-09T00:00:00Z"));
  both(facts, again("\"a\"", "192.0.2.1", 3, at("2026-01-08T20:00:00Z")));
  CHECK(activity().fetches == 12);
  CHECK(activity().last_etag == "\"b\"");
  CHECK(requests.projection.counts().total == 12);
  CHECK(requests.projection.counts().successful == 12);
  const auto newest = requests.projection.newest(1).at(0);
  CHECK(newest.count == 3);
  CHECK(newest.success);
  CHECK(newest.config_size == 10);
  // Nobody waited for them: no reboot is proved by one.
  both(decided, RebootRequested{mac, Uuid::parse("019b9f0e-7c3b-7000-8000-000000000001").value(), ann, "yealink"});
  both(facts, again("\"b\"", "192.0.2.2", 1, at("2026-01-09T00:00:01Z")));
  CHECK_FALSE(activity().reboot->fetched_at);
  both(facts, served("\"b\"", "192.0.2.2"));
  CHECK(activity().reboot->fetched_at);
}
