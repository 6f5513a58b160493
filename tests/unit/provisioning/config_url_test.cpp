#include "actors/provisioning/config_url.hpp"

#include "tests/support/catch.hpp"

using namespace strowger::provisioning;

TEST_CASE("the URL follows the settings") {
  const std::string format = "http://{{SERVER_IP}}:{{PORT}}/provision/{mac}.cfg";
  CHECK(config_url({format, "192.168.1.14", 8080}, "001565123456") ==
        "http://192.168.1.14:8080/provision/001565123456.cfg");
  CHECK(config_url({format, "fd00::14", 80}, "001565123456") == "http://[fd00::14]:80/provision/001565123456.cfg");
  CHECK(config_url({"https://pbx.example.com/p/{mac}/{mac}.cfg", "x", 1}, "$MA") ==
        "https://pbx.example.com/p/$MA/$MA.cfg");
}

TEST_CASE("a URL's parts are what phones want on their own") {
  const auto parts = url_parts("http://192.168.1.14:8080/provision/001565123456.cfg?t=1/2");
  CHECK(parts.base == "http://192.168.1.14:8080/provision");
  CHECK(parts.path == "192.168.1.14:8080/provision");
  CHECK_FALSE(parts.https);
  CHECK(url_parts("https://pbx.example.com/x.cfg").base == "https://pbx.example.com");
  CHECK(url_parts("https://pbx.example.com/x.cfg").https);
  CHECK(url_parts("http://host").path == "host");
}
