// The real program on a machine whose wall clock is set while it runs.
#include "adapters/digest/digest.hpp"
#include "events/time.hpp"
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/phone.hpp"

#include <atomic>
#include <cstdlib>
#include <fstream>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace strowger;
using test::Site;

namespace {

// Of the programs that are started while it lives.
class WallClock {
 public:
  WallClock() {
    const auto file = (folder_.path() / "ahead").string();
    std::ofstream(file, std::ios::binary) << std::string(sizeof(std::int64_t), '\0');
    const int opened = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    void* memory = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, opened, 0);
    ::close(opened);
    REQUIRE(memory != MAP_FAILED);
    ahead_ = static_cast<std::atomic<std::int64_t>*>(memory);
    ::setenv("STROWGER_TEST_WALL_CLOCK", file.c_str(), 1);
    ::setenv("LD_PRELOAD", STROWGER_WALL_CLOCK, 1);
  }
  ~WallClock() {
    ::unsetenv("LD_PRELOAD");
    ::unsetenv("STROWGER_TEST_WALL_CLOCK");
    ::munmap(ahead_, sizeof(std::int64_t));
  }
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  void set(std::chrono::seconds ahead) { ahead_->store(ahead.count()); }

 private:
  test::TemporaryFolder folder_;
  std::atomic<std::int64_t>* ahead_ = nullptr;
};

constexpr auto clocked_mac = "001565123456";
const std::string clocked_file = "/provision/001565123456.cfg";

// Fetches the device's file by digest, as a phone that was not challenged before.
int fetch_by_digest(const Site& site, const std::string& password) {
  const auto asked = test::http(site.api_port(), "GET", clocked_file, {});
  const auto challenge = asked.headers.contains("www-authenticate") ? asked.headers.at("www-authenticate") : "";
  const auto at = challenge.find("nonce=\"");
  if (asked.status != 401 || at == std::string::npos) return static_cast<int>(asked.status);
  digest::Hasher hasher;
  digest::DigestClaim claim;
  claim.nonce = challenge.substr(at + 7, challenge.find('"', at + 7) - at - 7);
  claim.uri = clocked_file;
  claim.qop = "auth";
  claim.cnonce = "0a4f113b";
  claim.nc_text = "00000001";
  const auto ha1 = digest::digest_ha1(hasher, digest::Algorithm::md5, clocked_mac, "provisioning", password);
  const auto response = digest::digest_response(hasher, digest::Algorithm::md5, ha1.view(), "GET", claim);
  const auto header = std::string("Digest username=\"") + clocked_mac + "\", realm=\"provisioning\", nonce=\"" +
                      claim.nonce + "\", uri=\"" + clocked_file + "\", algorithm=MD5, qop=auth, nc=00000001, " +
                      "cnonce=\"0a4f113b\", response=\"" + std::string(response.view()) + "\"";
  return static_cast<int>(test::http(site.api_port(), "GET", clocked_file, {{"Authorization", header}}).status);
}

}  // namespace

TEST_CASE("phones are let in by SIP and HTTP whatever the machine's clock is set to, and keep their registrations") {
  using namespace std::chrono_literals;
  WallClock clock;
  Site site("provisioning: {access: {require_credentials: true, http_authentication: digest}}\n");
  site.create_extension("1001", "Ann Example", "s3cret-1001");
  site.create_extension("1002", "Bob Example", "s3cret-1002");
  REQUIRE(site.register_device(clocked_mac, "1001", "yealink", "t46s").status == 201);
  const auto access = std::string("/api/provisioning/devices/") + clocked_mac + "/access/credentials";
  REQUIRE(site.send_json("PUT", access, R"({"password":"provision-1"})").status == 200);
  test::Phone stays(test::Wire::Kind::udp, site.sip_port(), "1001", "s3cret-1001");
  test::Phone asks(test::Wire::Kind::udp, site.sip_port(), "1002", "s3cret-1002");
  REQUIRE(stays.register_as(stays.contact(), "3600").status() == 200);
  REQUIRE(asks.register_as(asks.contact(), "3600").status() == 200);
  REQUIRE(fetch_by_digest(site, "provision-1") == 200);

  for (const std::chrono::seconds ahead : {-8'760h, 0h, -2h, 0h, 8'760h, 0h}) {
    clock.set(ahead);
    INFO("the clock is ahead by " << ahead.count() << " s");
    CHECK(asks.register_as(asks.contact(), "3600").status() == 200);
    CHECK(fetch_by_digest(site, "provision-1") == 200);
    CHECK(site.get("/api/extensions").status == 200);  // the administrator's token
    // The server's timers go on: one of them writes down when the registration ends by the clock as it is now.
    CHECK(test::eventually([&] {
      const auto phones = site.get("/api/registered-phones/extension/1001").json();
      if (!phones.is_array() || phones.as_array().size() != 1) return false;
      const auto ends = parse_iso8601(std::string(phones.at(0).at("expires_at").as_string())).value();
      const auto left = ends - (system_now() + ahead);
      return left > 3'000s && left <= 3'601s;
    }));
  }
  for (const auto& event : site.events()) CHECK(event.type.find("registration_expired") == std::string::npos);
  CHECK_THAT(site.get("/metrics").body, ContainsSubstring("strowger_clock_steps_total 6"));
  CHECK(site.stop() == 0);
}
