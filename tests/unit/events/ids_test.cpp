#include "events/ids.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;

TEST_CASE("a MAC address is read in every form that phones and people write") {
  for (const auto* form :
       {"001565aBcDeF", "00:15:65:ab:cd:ef", "00-15-65-AB-CD-EF", "0015.65AB.CDEF", "00.15.65.ab.cd.ef"}) {
    CAPTURE(form);
    const auto mac = MacAddress::parse(form);
    REQUIRE(mac);
    CHECK(mac->text() == "001565abcdef");
    CHECK(mac->upper() == "001565ABCDEF");
    CHECK(mac->colons() == "00:15:65:AB:CD:EF");
    CHECK(mac->oui() == 0x001565);
  }
}

TEST_CASE("what is not a MAC address is refused, saying what was expected") {
  for (const auto* form : {"", "{mac}", "$mac", "001565abcde", "001565abcdef0", "00:15:65:ab:cd", "0:015:65:ab:cd:ef",
                           "00:15-65:ab:cd:ef", "001565abcdeg", "000000000000", "00156:5abcde", "0015:65ab:cdef"}) {
    CAPTURE(form);
    const auto mac = MacAddress::parse(form);
    REQUIRE_FALSE(mac);
    CHECK(mac.error().kind == ErrorKind::malformed);
    CHECK(mac.error().code == "bad_mac_address");
    CHECK_THAT(mac.error().message, ContainsSubstring("12 hex digits"));
  }
}

TEST_CASE("an extension number is 1 to 20 digits") {
  CHECK(ExtensionNumber::parse("1001")->text() == "1001");
  CHECK(ExtensionNumber::parse("+4930123456")->text() == "+4930123456");
  CHECK(ExtensionNumber::parse("*98"));
  for (const auto* bad : {"", "+", "10 01", "alice", "123456789012345678901", "1001;x", "10\n01"}) {
    CAPTURE(bad);
    CHECK_FALSE(ExtensionNumber::parse(bad));
  }
}

TEST_CASE("a stream is a category and a key") {
  const auto stream = StreamId::of(*MacAddress::parse("001565123456"));
  CHECK(stream.text() == "device/001565123456");
  CHECK(stream.category() == "device");
  CHECK(stream.key() == "001565123456");
  CHECK(StreamId::parse("device/001565123456").value() == stream);
  for (const auto* bad : {"", "device", "/x", "device/"}) CHECK_FALSE(StreamId::parse(bad));
}

TEST_CASE("both streams of a device are about the device") {
  const auto mac = *MacAddress::parse("001565123456");
  const auto decided = StreamId::of(mac), facts = StreamId::activity_of(mac);
  CHECK(facts.text() == "device-activity/001565123456");
  CHECK(decided.device() == mac);
  CHECK(facts.device() == mac);
  CHECK(facts.subject() == decided);
  CHECK(decided.subject() == decided);
  const StreamId other("extension", "001565123456");
  CHECK_FALSE(other.device());
  CHECK(other.subject() == other);
  CHECK_FALSE(StreamId("device", "none").device());
}
