#include "adapters/http/events/filter.hpp"
#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::events;

namespace {

Record record(std::string_view stream, std::string type, std::string_view time = "2026-01-08T19:40:00Z") {
  Record record;
  record.stream = StreamId::parse(stream).value();
  record.type = std::move(type);
  record.time = parse_iso8601(time).value();
  return record;
}

Filter filter(std::string_view query) {
  return read_filter(Query(query), {"after"}).value();
}

Error fault(std::string_view query) {
  const auto read = read_filter(Query(query), {"after"});
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::malformed);
  return read.error();
}

}  // namespace

TEST_CASE("a filter leaves out types and their beginnings") {
  const auto published = record("template/yealink_t46s", "template.published");
  CHECK_FALSE(filter("not_type=template.*").matches(published));
  CHECK_FALSE(filter("not_type=device.*,strowger.template.published.v1").matches(published));
  CHECK_FALSE(filter("type=template.*&not_type=template.published").matches(published));
  CHECK(filter("not_type=template.removed,device.*").matches(published));
  CHECK_FALSE(filter("not_type=template.*").takes_all());
  CHECK(fault("not_type=template").code == "bad_type");
}

TEST_CASE("a filter takes streams and categories, types and their beginnings") {
  const auto device = record("device/001565123456", "device.registered");
  CHECK(filter("").takes_all());
  CHECK(filter("after=7").matches(device));
  CHECK(filter("stream=device/001565123456").matches(device));
  CHECK(filter("stream=device/00:15:65:12:34:56").matches(device));
  CHECK(filter("stream=device%2F*").matches(device));
  CHECK(filter("stream=extension/1001,device/001565123456").matches(device));
  CHECK(filter("stream=extension/1001&stream=device/*").matches(device));
  CHECK_FALSE(filter("stream=extension/*").matches(device));
  CHECK_FALSE(filter("stream=device/001565123457").matches(device));
  for (const auto* type : {"device.registered", "strowger.device.registered.v1", "device.*", "phone.*,device.*"}) {
    CAPTURE(type);
    CHECK(filter("type=" + std::string(type)).matches(device));
  }
  for (const auto* type : {"device.register", "device.registered_again", "extension.*"}) {
    CAPTURE(type);
    CHECK_FALSE(filter("type=" + std::string(type)).matches(device));
  }
  CHECK_FALSE(filter("type=device.*&stream=extension/*").matches(device));
  CHECK(filter("stream=extension/1001,extension/1001").only_streams() ==
        std::vector<StreamId>{StreamId("extension", "1001")});
  CHECK(filter("stream=device/*").only_streams().empty());
  CHECK(filter("stream=device/001565123456,extension/1").only_streams().empty());
}

TEST_CASE("a device is asked for with its facts, which can be asked for alone") {
  const auto decision = record("device/001565123456", "device.registered");
  const auto fact = record("device-activity/001565123456", "device.config_served");
  const auto another = record("device-activity/001565123457", "device.config_served");
  for (const auto* of_device :
       {"stream=device/00:15:65:12:34:56", "stream=device/001565123456,device-activity/001565123456"}) {
    const auto both = filter(of_device);
    CHECK((both.matches(decision) && both.matches(fact)));
    CHECK_FALSE(both.matches(another));
    CHECK(both.only_streams() == std::vector{decision.stream, fact.stream});
  }
  const auto facts = filter("stream=device-activity/00:15:65:12:34:56");
  CHECK((facts.matches(fact) && !facts.matches(decision)));
  CHECK(facts.only_streams() == std::vector{fact.stream});
  const auto all = filter("stream=device/*");
  CHECK((all.matches(decision) && all.matches(fact) && all.matches(another)));
}

TEST_CASE("a filter takes a span of time and a correlation") {
  auto event = record("device/001565123456", "device.registered", "2026-01-08T19:40:00Z");
  CHECK(filter("from=2026-01-08T19:40:00Z").matches(event));
  CHECK(filter("from=2026-01-08T20:40:00%2B01:00").matches(event));
  CHECK(filter("from=2026-01-08T20:40:00+01:00").matches(event));  // as curl sends it
  CHECK_FALSE(filter("to=2026-01-08T19:40:00Z").matches(event));
  CHECK(filter("to=2026-01-08T19:40:00.001Z").matches(event));
  event.correlation = Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91").value();
  CHECK(filter("correlation=0190163d-8694-739b-aea5-966c26f8ad91").matches(event));
  CHECK_FALSE(filter("correlation=0190163d-8694-739b-aea5-966c26f8ad92").matches(event));
}

TEST_CASE("a filter that cannot be says why") {
  CHECK(fault("stream=device").code == "bad_stream");
  CHECK(fault("stream=").code == "bad_stream");
  CHECK(fault("stream=device/1,").code == "bad_stream");
  for (const auto* type : {"registered", "device.", "*", ".*", "Device.registered", "device.reg*", ""}) {
    CAPTURE(type);
    CHECK(fault("type=" + std::string(type)).code == "bad_type");
  }
  CHECK(fault("correlation=1").code == "bad_correlation");
  CHECK(fault("from=yesterday").code == "bad_time");
  CHECK(fault("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").code == "bad_time");
  CHECK_THAT(fault("streem=device/*").message, ContainsSubstring("'streem'") && ContainsSubstring("stream"));
  std::string many = "stream=a/0";
  for (int i = 1; i < 65; ++i) many += ",a/" + std::to_string(i);
  CHECK(fault(many).code == "too_many_alternatives");
}
