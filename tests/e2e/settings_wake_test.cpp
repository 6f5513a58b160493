// A setting that is changed at any level wakes exactly the devices whose file became another one.
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <map>
#include <set>

#include <boost/json.hpp>

using namespace strowger;
using test::eventually;
using test::Site;

namespace {

const std::string ann = "001565000001";   // yealink t46s in Berlin
const std::string bob = "001565000002";   // yealink t46s
const std::string carl = "001565000003";  // yealink t48s in Berlin
const std::string dora = "0c383e000004";  // fanvil x4
using Macs = std::set<std::string>;

struct Office {
  Office() {
    site.create_extension("1001", "Somebody", "s3cret");
    add(ann, "yealink", "t46s", "berlin");
    add(bob, "yealink", "t46s", "");
    add(carl, "yealink", "t48s", "berlin");
    add(dora, "fanvil", "x4", "");
    fetch();
  }
  void add(const std::string& mac, const std::string& vendor, const std::string& model, const std::string& where) {
    const auto reply = site.register_device(mac, "1001", vendor, model);
    CAPTURE(reply.body);
    REQUIRE(reply.status == 201);
    const std::string url(reply.json().at("device").at("config_url").as_string());
    files[mac] = url.substr(url.find("/provision/"));
    if (!where.empty())
      REQUIRE(site.send_json("PATCH", "/api/provisioning/devices/" + mac, R"({"site":")" + where + "\"}").status ==
              200);
  }
  void fetch() const {
    for (const auto& [mac, file] : files) REQUIRE(site.fetch(file).status == 200);
  }
  // Those that each correlation has woken.
  std::map<std::string, Macs> woken() const {
    std::map<std::string, Macs> all;
    for (const auto& event : site.events())
      if (event.type == "strowger.device.config_wanted.v1")
        all[event.correlation].insert(std::string(event.whole.at("subject").as_string()).substr(7));
    return all;
  }
  // Changes a setting and waits until these are woken. That it is nobody else is known at the end.
  void change(const std::string& level, const std::string& json, const Macs& who) {
    CAPTURE(level, json);
    const auto target = level.starts_with("devices/") ? "/api/provisioning/" + level + "/settings"
                                                      : "/api/provisioning/phone-settings/" + level;
    const auto reply = site.send_json("PATCH", target, json);
    CAPTURE(reply.body);
    REQUIRE(reply.status == 200);
    std::string correlation;
    for (const auto& event : site.events())
      if (event.type == "strowger.provisioning.settings_changed.v1") correlation = event.correlation;
    expected[correlation] = who;
    REQUIRE(eventually([&] { return woken()[correlation].size() >= who.size(); }));
    fetch();
  }

  Site site;
  std::map<std::string, std::string> files;
  std::map<std::string, Macs> expected;  // by the change's correlation
};

}  // namespace

TEST_CASE("a setting wakes exactly the devices whose file became another one, at each level") {
  Office office;
  office.change("global", R"({"ntp_server":"one.example.com"})", {ann, bob, carl, dora});
  office.change("site/berlin", R"({"ntp_server":"berlin.example.com"})", {ann, carl});
  office.change("vendor/yealink", R"({"ntp_server":"yealink.example.com"})", {ann, bob, carl});
  office.change("model/yealink_t46s", R"({"ntp_server":"t46s.example.com"})", {ann, bob});
  office.change("devices/" + bob, R"({"ntp_server":"bob.example.com"})", {bob});
  // Where a more particular level says something else, the file stays as it was.
  office.change("model/yealink_t46s", R"({"ntp_server":"t46s-2.example.com"})", {ann});
  office.change("vendor/yealink", R"({"ntp_server":"yealink-2.example.com"})", {carl});
  office.change("global", R"({"ntp_server":"two.example.com"})", {dora});
  office.change("site/berlin", R"({"ntp_server":"berlin-2.example.com"})", {});
  office.change("site/nowhere", R"({"ntp_server":"nowhere.example.com"})", {});
  // Taken back, the level above counts again.
  office.change("devices/" + bob, R"({"ntp_server":null})", {bob});
  office.change("global", R"({"ntp_server":null})", {dora});

  auto woken = office.woken();
  for (const auto& [correlation, who] : office.expected) CHECK(woken[correlation] == who);
}
