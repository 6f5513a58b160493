#include "actors/provisioning/unknown_device.hpp"

#include "actors/provisioning/common_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

TEST_CASE("an unknown phone's lines keep their words and end with the command that registers it") {
  const auto mac = MacAddress::parse("00:0B:EA:85:AB:CD").value();
  const std::vector<MacAddress> registered{MacAddress::parse("000bea85abce").value()};
  const auto lines = unknown_device_lines(mac, similar_macs(mac, registered),
                                          parse_user_agent("Zultys ZIP 33G - 47.80.132.4"), catalog(), "http://h:8080");
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "Device 00:0B:EA:85:AB:CD not registered in provisioning system");
  CHECK(lines[1] == "Normalized MAC: 000bea85abcd");
  CHECK(lines[2] == "Similar MACs found (same vendor): ['000bea85abce']");
  CHECK_THAT(lines[3], ContainsSubstring("POST http://h:8080/api/provisioning/devices"));
  CHECK_THAT(lines[3], ContainsSubstring(R"("vendor":"zultys","model":"zip33g")"));
  CHECK_THAT(registration_command(mac, {}, catalog(), ""), ContainsSubstring(R"("vendor":"zultys","model":"MODEL")"));
}

TEST_CASE("a prefix that is another maker's is worth a warning, not more") {
  const auto mac = MacAddress::parse("001565123456").value();
  CHECK(oui_warning(mac, *catalog().find_vendor("yealink"), catalog()).empty());
  CHECK_THAT(oui_warning(mac, *catalog().find_vendor("zultys"), catalog()), ContainsSubstring("belongs to Yealink"));
  CHECK(oui_warning(MacAddress::parse("020000000001").value(), *catalog().find_vendor("zultys"), catalog()).empty());
}

TEST_CASE("a common file is its hardware's, else its phone's, else its name's") {
  const auto whose = [](std::string_view target, std::string_view agent) {
    const auto* vendor = common_file_vendor(resolve(target), parse_user_agent(agent), catalog());
    return vendor == nullptr ? std::string() : vendor->vendor;
  };
  CHECK(whose("/y000000000066.cfg", "") == "yealink");
  CHECK(whose("/y000000000047.cfg", "") == "zultys");
  CHECK(whose("/y000000000099.cfg", "Zultys ZIP 57G") == "zultys");
  CHECK(whose("/y000000000099.cfg", "") == "yealink");
  CHECK(whose("/000000000000.cfg", "") == "polycom");
  CHECK(whose("/spa504G.cfg", "curl/8") == "cisco");
}
