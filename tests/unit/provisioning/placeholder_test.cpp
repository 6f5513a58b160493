#include "actors/provisioning/placeholder.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

TEST_CASE("the log line keeps its words") {
  CHECK(placeholder_log_line("{mac}") ==
        "CONFIGURATION ERROR: Phone requested provisioning with placeholder '{mac}' instead of actual MAC address");
}

TEST_CASE("guidance names the vendor's macro and menu") {
  const std::string url = "http://192.168.1.14:8080/provision/{mac}.cfg";
  const auto told = [&](std::string_view vendor) {
    return placeholder_guidance("{mac}", catalog().find_vendor(vendor), catalog(), url);
  };
  CHECK_THAT(told("yealink"), ContainsSubstring("http://192.168.1.14:8080/provision/$mac.cfg"));
  CHECK_THAT(told("yealink"), ContainsSubstring("Auto Provision"));
  CHECK_THAT(told("cisco"), ContainsSubstring("/provision/$MA.cfg"));
  CHECK_THAT(told("polycom"), ContainsSubstring("http://192.168.1.14:8080/provision/ with no placeholder"));
  CHECK_THAT(told("grandstream"), ContainsSubstring("Config Server Path"));
  const auto all = told("somebody");
  for (const auto& vendor : catalog().vendors()) CHECK_THAT(all, ContainsSubstring(vendor.name));
}
