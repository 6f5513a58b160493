// The master key is replaced while the server runs, and while it does not.

#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"

#include <fstream>

using namespace strowger;
using test::Site;

namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// `strowger key rotate`, with the settings of the site.
std::string rotate(const Site& site, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"key", "rotate", "--config", site.settings_file().string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  test::Process rotation(STROWGER_PROGRAM, arguments, site.folder() / "rotation");
  const auto code = rotation.wait();
  CAPTURE(rotation.output());
  CHECK(code == 0);
  return rotation.output();
}

}  // namespace

SCENARIO("strowger key rotate, with the server running and stopped") {
  Site site;
  site.create_extension("1001", "Ann", "s3cret-1001");
  REQUIRE(site.register_device("00:15:65:12:34:56", "1001", "yealink", "t46s").status == 201);
  const auto key_file = site.folder() / "data" / "master.key";
  const auto first_key = content(key_file);
  const auto before = site.fetch("/provision/001565123456.cfg");
  REQUIRE_THAT(before.body, ContainsSubstring("s3cret-1001"));

  CHECK_THAT(rotate(site, {"--api-port", std::to_string(site.api_port())}),
             ContainsSubstring("1 data keys are wrapped by a new master key"));
  const auto second_key = content(key_file);
  CHECK(second_key != first_key);
  CHECK(content(site.folder() / "data" / "master.key.previous") == first_key);
  CHECK(site.fetch("/provision/001565123456.cfg").body == before.body);
  CHECK(site.get("/api/extensions").status == 401);  // the old key's tokens are void

  CHECK(site.stop() == 0);
  CHECK_THAT(rotate(site), ContainsSubstring("1 data keys"));
  CHECK(content(key_file) != second_key);
  site.start();
  CHECK(site.fetch("/provision/001565123456.cfg").body == before.body);
  CHECK(site.has_event("strowger.system.master_key_rotated.v1"));
}
