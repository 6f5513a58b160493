// TFTP as a site has it: the program with its settings, and a client that is not ours.
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace strowger::test;

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

}  // namespace

SCENARIO("phones that know only TFTP find their firmware and the way to HTTP") {
  TemporaryFolder around;
  const auto firmware = around.path() / "firmware";
  std::filesystem::create_directories(firmware);
  std::string image;
  while (image.size() < 2'000'000) image += std::to_string(image.size()) + "\n";
  std::ofstream(firmware / "T46S-66.86.0.15.rom", std::ios::binary) << image;
  Site site("provisioning: {firmware_dir: " + firmware.string() +
            ", tftp: {enabled: true, host: 127.0.0.1, port: 0}}\nserver: {external_ip: 127.0.0.1}\n");
  const auto log = site.log();
  const auto at = log.find("TFTP port: ");
  REQUIRE(at != std::string::npos);
  const auto base = "tftp://127.0.0.1:" + std::to_string(std::stoul(log.substr(at + 11))) + "/";
  site.create_extension("1001", "Ann Example", "a-long-secret");
  REQUIRE(site.register_device("001565123456", "1001", "yealink", "t46s").status == 201);

  const auto out = around.path() / "out";
  const auto curl = [&](const std::string& file, std::vector<std::string> more) {
    std::filesystem::remove(out);
    more.insert(more.end(), {"-sS", "--max-time", "30", "-o", out.string(), base + file});
    Process client("curl", more, around.path() / "curl");
    client.wait();
    return client.output();
  };
  WHEN("curl asks with options, without them, and with small and large blocks") {
    THEN("it has what HTTP has") {
      const auto by_http = site.fetch("/provision/spa504G.cfg", "Cisco/SPA504G-7.6.2f (001565123457)").body;
      CHECK(by_http.find("http://127.0.0.1:") != std::string::npos);
      curl("spa504G.cfg", {});
      CHECK(read(out) == by_http);
      curl("spa504G.cfg;mode=netascii", {});
      auto lines = read(out);
      lines.erase(std::remove(lines.begin(), lines.end(), '\r'), lines.end());
      CHECK(lines == by_http);
      for (const auto& more : std::vector<std::vector<std::string>>{
               {}, {"--tftp-no-options"}, {"--tftp-blksize", "1024"}, {"--tftp-blksize", "65464"}}) {
        curl("T46S-66.86.0.15.rom", more);
        CHECK(read(out) == image);
      }
    }
  }
  WHEN("curl asks for what holds a password, or is not there") {
    THEN("it gets nothing, and the diagnostics say what to do") {
      CHECK_FALSE(curl("001565123456.cfg", {}).empty());
      CHECK(read(out).empty());
      CHECK_FALSE(curl("none.rom", {}).empty());
      // What it was refused is recorded a moment later.
      CHECK(eventually([&] {
        return site.get("/api/provisioning/diagnostics")
                   .body.find("00:15:65:12:34:56: This phone asks by TFTP; point it at http://127.0.0.1:") !=
               std::string::npos;
      }));
      CHECK(site.log().find("a-long-secret") == std::string::npos);
      const auto metrics = site.get("/metrics").body;
      CHECK(metrics.find("strowger_tftp_transfers_total{result=\"refused\"} 2") != std::string::npos);
    }
  }
}
