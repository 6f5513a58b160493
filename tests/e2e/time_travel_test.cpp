// "What did this phone get then, and why?", with the program itself: templates edited on disk, SIGHUP, a crash, the
// deletion of an extension.

#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <csignal>
#include <fstream>
#include <vector>

using namespace strowger;
using test::eventually;
using test::Site;

namespace {

const std::string device = "/api/provisioning/devices/001565123456";

std::size_t count(const Site& site, const std::string& type) {
  std::size_t n = 0;
  for (const auto& event : site.events()) n += event.type == type ? 1 : 0;
  return n;
}

struct TimeTravel {
  Site site;
  std::filesystem::path templates = site.folder() / "templates";
  std::vector<test::HttpReply> got;

  void fetch() {
    got.push_back(site.fetch("/provision/001565123456.cfg"));
    REQUIRE(got.back().status == 200);
    REQUIRE(eventually([&] { return served().as_array().size() == got.size(); }));
  }
  boost::json::value served() const { return site.get(device + "/served").json(); }
  void write_template(const std::string& text) {
    const auto before = count(site, "strowger.template.published.v2");
    std::ofstream(templates / "yealink_t46s.template") << text;
    site.send(SIGHUP);
    REQUIRE(eventually([&] { return count(site, "strowger.template.published.v2") > before; }));
    // The event comes before the first file that is rendered by it; this asks until that file is there.
    REQUIRE(eventually([&] {
      const auto present = site.get(device).json().at("status").as_string();
      return present != "provisioned";
    }));
  }
};

}  // namespace

TEST_CASE_METHOD(TimeTravel, "what a phone got is made again, byte by byte, after edits on disk, reloads and a crash") {
  std::filesystem::create_directory(templates);
  site.write_settings("provisioning: {custom_templates_dir: " + templates.string() + "}\n");
  site.send(SIGHUP);
  site.create_extension("1001", "Ann", "s3cret-1001");
  REQUIRE(site.register_device("001565123456", "1001", "yealink", "t46s").status == 201);
  fetch();
  write_template("#!version:1.0.0.1\na = {{EXTENSION_NAME}}\nadmin_password = hunter2\np = {{EXTENSION_PASSWORD}}\n");
  fetch();
  write_template("#!version:1.0.0.1\na = {{EXTENSION_NAME}}!\nadmin_password = hunter3\np = {{EXTENSION_PASSWORD}}\n");
  fetch();
  const auto recorded = count(site, "strowger.template.published.v2");
  site.kill_hard();
  site.start();
  CHECK(count(site, "strowger.template.published.v2") == recorded);  // nothing had changed
  fetch();

  const auto list = served();
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    const auto at = std::to_string(list.at(got.size() - 1 - i).at("position").as_int64());
    CHECK(site.get(device + "/config?raw=true&secrets=true&at=" + at).body == got[i].body);
  }
  const auto whole = site.get("/api/events?limit=1000").body;
  CHECK(whole.find("hunter2") == std::string::npos);
  CHECK(whole.find("s3cret-1001") == std::string::npos);

  // The program shreds the password of a deleted extension: then the bytes are gone, and it says so.
  const auto last = std::to_string(list.at(0).at("position").as_int64());
  REQUIRE(site.remove("/api/extensions/1001").status == 200);
  CHECK(eventually([&] {
    return site.get(device + "/config?secrets=true&at=" + last).json().at("secrets").as_string() == "destroyed";
  }));
  CHECK(site.get(device + "/config").json().at("code").as_string() == "extension_not_found_then");
}
