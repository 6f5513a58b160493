#include "events/event.hpp"

#include "events/json.hpp"
#include "events/utf8.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_values.hpp"

using namespace strowger;

namespace {

Record recorded(const Event& event, IdSource& ids) {
  Record record;
  static_cast<NewRecord&>(record) =
      encode(event, Cause{"admin:ann", {}, {}}, parse_iso8601("2026-01-08T19:40:00.123456Z").value(), ids);
  record.stream = StreamId("device", "001565123456");
  record.version = StreamVersion{1};
  record.position = Position{42};
  return record;
}

template <class T>
void set_texts(T& value, const std::string& bytes) {
  if constexpr (std::is_same_v<T, std::string>) {
    value = bytes;
  } else if constexpr (json::is_optional<T>::value) {
    if (value) set_texts(*value, bytes);
  } else if constexpr (json::is_vector<T>::value) {
    for (auto& item : value) set_texts(item, bytes);
  } else if constexpr (json::is_string_map<T>::value) {
    auto item = value.begin()->second;
    set_texts(item, bytes);
    value = {{bytes, item}};
  } else if constexpr (json::Described<T>) {
    boost::mp11::mp_for_each<json::Members<T>>([&](auto member) { set_texts(value.*member.pointer, bytes); });
  }
}

}  // namespace

TEST_CASE("every event type survives the codec") {
  IdSource ids(system_now, 1);
  std::size_t types = 0;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Event>>([&](auto identity) {
    using T = typename decltype(identity)::type;
    const auto record = recorded(Event(T{}), ids);
    CAPTURE(record.type, record.data);
    const auto envelope = decode(record);
    REQUIRE(envelope);
    CHECK(std::holds_alternative<T>(envelope->event));
    CHECK(json::to_string(std::get<T>(envelope->event)) == record.data);
    ++types;
  });
  CHECK(types == std::variant_size_v<Event>);
}

TEST_CASE("an event keeps every value, awkward ones too") {
  IdSource ids(system_now, 1);
  ConfigServed served{*MacAddress::parse("00:15:65:12:34:56"),
                      *ExtensionNumber::parse("1001"),
                      "yealink",
                      "t46s",
                      "/provision/001565123456.cfg",
                      "\"abc\"",
                      4'000'000'000,
                      304,
                      "2001:db8::1",
                      "Yealink \"T46S\"\n\x01 \\ é"};
  const auto envelope = decode(recorded(served, ids)).value();
  const auto& read = std::get<ConfigServed>(envelope.event);
  CHECK(read.user_agent == served.user_agent);
  CHECK(read.size == served.size);
  CHECK(read.mac == served.mac);
  CHECK(envelope.by == "admin:ann");
  CHECK(envelope.correlation == envelope.id);  // it starts its own correlation
}

TEST_CASE("a CloudEvent shows no secret") {
  IdSource ids(system_now, 1);
  const auto record =
      recorded(ExtensionCreated{*ExtensionNumber::parse("1001"), "Ann", "", true, SealedSecret{"v1.sealed"}}, ids);
  const auto text = to_cloud_event(record, "strowger");
  const auto event = json::parse(text).value();
  CHECK_THAT(text, !ContainsSubstring("v1.sealed"));
  CHECK(event.at("type").as_string() == "strowger.extension.created.v1");
  CHECK(event.at("subject").as_string() == "device/001565123456");
  CHECK(event.at("sequence").as_string() == "42");
  CHECK(event.at("time").as_string() == "2026-01-08T19:40:00.123Z");
  CHECK(event.at("data").at("password").as_string() == "(secret)");
}

TEST_CASE("a CloudEvent of a device's fact is about the device, and names its stream") {
  IdSource ids(system_now, 1);
  auto record = recorded(ConfigServed{}, ids);
  CHECK_FALSE(json::parse(to_cloud_event(record, "strowger")).value().as_object().contains("stream"));
  record.stream = StreamId::activity_of(*MacAddress::parse("001565123456"));
  const auto event = json::parse(to_cloud_event(record, "strowger")).value();
  CHECK(event.at("subject").as_string() == "device/001565123456");
  CHECK(event.at("stream").as_string() == "device-activity/001565123456");
}

TEST_CASE("an event of a newer release is refused, not misread") {
  IdSource ids(system_now, 1);
  auto record = recorded(DeviceUnregistered{}, ids);
  record.schema = 2;
  CHECK_FALSE(decode(record));
  record.schema = 1;
  record.type = "device.teleported";
  REQUIRE_FALSE(decode(record));
  CHECK_THAT(decode(record).error().message, ContainsSubstring("device.teleported"));
}

TEST_CASE("an event that cannot be decoded has a stand-in, and is shown as such") {
  IdSource ids(system_now, 1);
  auto record = recorded(ServerStarted{"1"}, ids);
  record.data = "{\"version\":\"\xff\"}";
  CHECK(decode(record).error().code == "bad_event");
  const auto envelope = decode_or_quarantine(record);
  CHECK(envelope.id == record.id);
  CHECK(envelope.position == record.position);
  const auto& undecodable = std::get<Undecodable>(envelope.event);
  CHECK(undecodable.was == "system.server_started");
  CHECK(undecodable.was_schema == 1);
  CHECK_FALSE(undecodable.newer);
  CHECK_THAT(undecodable.reason, ContainsSubstring("not JSON"));
  const auto shown = json::parse(to_cloud_event(record, "strowger")).value();
  CHECK(shown.at("data").is_null());
  CHECK_THAT(std::string(shown.at("undecodable").as_string()), ContainsSubstring("not JSON"));
  CHECK(shown.at("type").as_string() == "strowger.system.server_started.v1");

  record.data = R"({"version":7})";
  CHECK_THAT(std::get<Undecodable>(decode_or_quarantine(record).event).reason, ContainsSubstring("version"));
  record.type = "system.teleported";
  CHECK(std::get<Undecodable>(decode_or_quarantine(record).event).newer);
  CHECK(decode(record).error().code == "unknown_event_type");
}

TEST_CASE("whatever bytes its texts are made of, every event type can be read again, and who did it too") {
  IdSource ids(system_now, 1);
  boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Event>>([&](auto identity) {
    using T = typename decltype(identity)::type;
    for (const auto* bytes : {"\xff", "Caf\xE9", "\xED\xA0\x80", "\xF0\x9F\x98", "\"\\\n\x01"}) {
      T event;
      test::fill(event);
      set_texts(event, bytes);
      Record record;
      static_cast<NewRecord&>(record) =
          encode(event, Cause{"admin:" + std::string(1'000, 'a') + bytes, {}, {}}, system_now(), ids);
      record.stream = StreamId("device", "001565123456");
      CAPTURE(record.type, record.data);
      REQUIRE(decode(record));
      CHECK(utf8::is_valid(record.by));
      CHECK(record.by.size() <= 512);
      CHECK(json::parse(to_cloud_event(record, "strowger")));
    }
  });
}

TEST_CASE("ids rise even when the clock jumps back") {
  Timestamp now = parse_iso8601("2026-01-08T19:40:00Z").value();
  IdSource ids([&] { return now; }, 7);
  Uuid last = ids.next();
  for (int i = 0; i < 10'000; ++i) {
    if (i == 5'000) now -= std::chrono::hours(1);
    const Uuid id = ids.next();
    REQUIRE(last < id);
    last = id;
  }
  CHECK(last.text()[14] == '7');
  CHECK(Uuid::parse(last.text()).value() == last);
}

TEST_CASE("times are read and written as the contract shows them") {
  CHECK(to_iso8601(parse_iso8601("2026-01-08T19:40:00.123Z").value()) == "2026-01-08T19:40:00.123Z");
  CHECK(to_iso8601(parse_iso8601("2026-01-08T20:40:00+01:00").value()) == "2026-01-08T19:40:00.000Z");
  CHECK(to_http_date(parse_iso8601("2026-01-08T19:40:00Z").value()) == "Thu, 08 Jan 2026 19:40:00 GMT");
  CHECK(parse_http_date("Thu, 08 Jan 2026 19:40:00 GMT").value() == parse_iso8601("2026-01-08T19:40:00Z").value());
  for (const auto* bad : {"", "yesterday", "2026-13-01T00:00:00Z", "2026-01-08T25:00:00Z", "2026-01-08T19:40:00"})
    CHECK_FALSE(parse_iso8601(bad));
}

TEST_CASE("names of failed logins that older releases kept as typed are read as their length") {
  Record record;
  record.stream = StreamId("login", "failed");
  record.type = "login.failed";
  record.schema = 1;
  record.data = R"({"name":"hunter2","ip":"192.0.2.1"})";
  const auto failed = std::get<LoginFailed>(decode(record).value().event);
  CHECK(failed.name.empty());
  CHECK(failed.name_length == 7);
  CHECK(failed.ip == "192.0.2.1");
  CHECK(to_cloud_event(record, "s").find("hunter2") == std::string::npos);

  record.type = "login.failed_repeated";
  record.data = R"({"name":"hunter2","ip":"192.0.2.1","count":3,"first_seen":1,"last_seen":2})";
  CHECK(std::get<LoginFailedRepeated>(decode(record).value().event).name_length == 7);
  CHECK(to_cloud_event(record, "s").find("hunter2") == std::string::npos);

  record.stream = StreamId("history", "summaries");
  record.type = "history.day_summarized";
  record.data = R"({"day":"2026-01-08","failed_logins":{"hunter2":4,"ann":1},"other_failed_logins":2})";
  const auto day = std::get<DaySummarized>(decode(record).value().event);
  CHECK(day.failed_logins.empty());
  CHECK(day.other_failed_logins == 7);
  CHECK(to_cloud_event(record, "s").find("hunter2") == std::string::npos);
}
