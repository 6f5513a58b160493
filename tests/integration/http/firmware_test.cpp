// Firmware from a folder: whole and in ranges, streamed, and nothing from beside it.
#include "adapters/http/provision/firmware.hpp"

#include "tests/integration/http/house.hpp"

#include <filesystem>
#include <fstream>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;

namespace {

namespace fs = std::filesystem;

struct Site : House {
  strowger::test::TemporaryFolder around;
  fs::path images = around.path() / "firmware";
  std::string image;

  Site() {
    fs::create_directories(images / "yealink");
    for (int i = 0; image.size() < 700'000; ++i) image += std::to_string(i) + ",";
    std::ofstream(images / "T46S-66.86.0.15.rom", std::ios::binary) << image;
    std::ofstream(images / "yealink" / "small.bin") << "0123456789";
    std::ofstream(around.path() / "secret.txt") << "master key";
    fs::create_symlink(around.path() / "secret.txt", images / "out.bin");
    fs::create_symlink("yealink/small.bin", images / "in.bin");
    set([&](config::Settings& settings) { settings.provisioning.firmware_dir = images; });
  }
};

}  // namespace

TEST_CASE_METHOD(Site, "firmware: whole, by name and by folder, with validators") {
  const auto reply = fetch("/provision/T46S-66.86.0.15.rom");
  CHECK(reply.status == 200);
  CHECK(reply.body == image);
  CHECK(reply.header("content-length") == std::to_string(image.size()));
  CHECK(reply.header("accept-ranges") == "bytes");
  CHECK(reply.header("content-type") == "application/octet-stream");
  CHECK(fetch("/T46S-66.86.0.15.rom").body == image);
  CHECK(fetch("/provision/firmware/T46S-66.86.0.15.rom").body == image);
  CHECK(fetch("/provision/firmware/yealink/small.bin").body == "0123456789");
  CHECK(fetch("/provision/firmware/in.bin").body == "0123456789");
  const auto head = fetch("/provision/T46S-66.86.0.15.rom", "", "HEAD");
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  CHECK(head.header("content-length") == std::to_string(image.size()));
  CHECK(fetch("/provision/T46S-66.86.0.15.rom", "If-None-Match: " + reply.header("etag") + "\r\n").status == 304);
  CHECK(
      fetch("/provision/T46S-66.86.0.15.rom", "If-Modified-Since: " + reply.header("last-modified") + "\r\n").status ==
      304);
  CHECK_THAT(ask("GET", "/metrics").body, ContainsSubstring("result=\"firmware\""));
}

TEST_CASE_METHOD(Site, "firmware: ranges") {
  const auto part = [&](const std::string& range, const std::string& more = {}) {
    return fetch("/provision/firmware/yealink/small.bin", "Range: " + range + "\r\n" + more);
  };
  auto reply = part("bytes=2-4");
  CHECK(reply.status == 206);
  CHECK(reply.body == "234");
  CHECK(reply.header("content-range") == "bytes 2-4/10");
  CHECK(part("bytes=7-").body == "789");
  CHECK(part("bytes=-3").body == "789");
  CHECK(part("bytes=-99").body == "0123456789");
  CHECK(part("bytes=8-99").body == "89");
  reply = part("bytes=10-");
  CHECK(reply.status == 416);
  CHECK(reply.header("content-range") == "bytes */10");
  for (const auto* whole : {"bytes=4-2", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4", "bytes="}) {
    CAPTURE(whole);
    CHECK(part(whole).status == 200);
    CHECK(part(whole).body == "0123456789");
  }
  const auto etag = part("bytes=0-0").header("etag");
  CHECK(part("bytes=2-4", "If-Range: " + etag + "\r\n").status == 206);
  CHECK(part("bytes=2-4", "If-Range: \"other\"\r\n").status == 200);
}

TEST_CASE_METHOD(Site, "firmware: nothing from outside the folder, and no folder") {
  for (const auto* path :
       {"/provision/firmware/../secret.txt", "/provision/firmware/%2e%2e/secret.txt",
        "/provision/firmware/..%2fsecret.txt", "/provision/firmware/yealink/../../secret.txt",
        "/provision/firmware//etc/passwd", "/provision/firmware/out.bin", "/provision/firmware/yealink",
        "/provision/firmware/", "/provision/firmware/none.bin", "/provision/firmware/%2fetc%2fpasswd"}) {
    CAPTURE(path);
    const auto reply = fetch(path);
    CHECK(reply.status == 404);
    CHECK(reply.body.find("master key") == std::string::npos);
  }
}

TEST_CASE_METHOD(Site, "firmware: under the access rules, and off where no folder is set") {
  set([](config::Settings& settings) { settings.provisioning.access.allowed_networks = {"192.0.2.0/24"}; });
  CHECK(fetch("/provision/T46S-66.86.0.15.rom").status == 403);
  set([](config::Settings& settings) {
    settings.provisioning.access.allowed_networks = {"127.0.0.0/8"};
    settings.provisioning.firmware_dir.clear();
  });
  CHECK(fetch("/provision/T46S-66.86.0.15.rom").status == 404);
}

TEST_CASE_METHOD(Site, "firmware: a file that is replaced while it is sent is sent to its end as it was") {
  Client client(port());
  client.shrink_window(32 * 1024);  // one much smaller makes TCP itself wait
  REQUIRE(client.send("GET /provision/T46S-66.86.0.15.rom HTTP/1.1\r\nHost: test\r\n\r\n"));
  std::ofstream(images / "next.rom") << "new";
  fs::rename(images / "next.rom", images / "T46S-66.86.0.15.rom");
  const auto reply = client.read();
  CHECK((reply.body == image || reply.body == "new"));  // opened before or after, and whole either way
}

TEST_CASE_METHOD(Site, "firmware: a download of gigabytes is never whole in memory") {
  const auto big = images / "big.bin";
  std::ofstream(big).close();
  fs::resize_file(big, 4ULL << 30U);  // sparse: it takes no room on the disk
  const auto resident = [] {
    std::ifstream status("/proc/self/status");
    std::string word;
    std::size_t kilobytes = 0;
    while (status >> word)
      if (word == "VmRSS:") status >> kilobytes;
    return kilobytes;
  };
  CHECK(fetch("/provision/firmware/big.bin", {}, "HEAD").header("content-length") == "4294967296");
  const auto end = fetch("/provision/firmware/big.bin", "Range: bytes=4294967290-\r\n");
  CHECK(end.status == 206);
  CHECK(end.body == std::string(6, '\0'));
  const auto before = resident();
  Client client(port());
  REQUIRE(client.send("GET /provision/firmware/big.bin HTTP/1.1\r\nHost: test\r\n\r\n"));
  // Other phones are served while it waits for its reader.
  for (int i = 0; i < 20; ++i) CHECK(fetch("/provision/firmware/yealink/small.bin").status == 200);
  CHECK(resident() < before + 64 * 1024);
}

TEST_CASE_METHOD(Site, "firmware: one source has only so many downloads at once, and others have theirs") {
  constexpr int most_of_source = 128;  // downloads.hpp
  set([](config::Settings& settings) { settings.provisioning.access.trusted_proxies = {"127.0.0.1"}; });
  std::ofstream(images / "large.rom", std::ios::binary) << std::string(8 << 20, 'x');
  const auto from = [](const std::string& ip) { return "X-Forwarded-For: " + ip + "\r\n"; };
  const auto ask_for = [&](const std::string& ip) {
    return "GET /provision/large.rom HTTP/1.1\r\nHost: test\r\n" + from(ip) + "\r\n";
  };
  {
    std::vector<std::unique_ptr<Client>> slow;
    for (int i = 0; i < most_of_source; ++i) {
      slow.push_back(std::make_unique<Client>(port()));
      slow.back()->shrink_window();
      REQUIRE(slow.back()->ask(ask_for("10.0.0.7"), true).status == 200);
    }
    Client one_more(port());
    const auto refused = one_more.ask(ask_for("10.0.0.7"));
    CHECK(refused.status == 503);
    CHECK_FALSE(refused.header("retry-after").empty());
    CHECK(fetch("/provision/firmware/yealink/small.bin", from("10.0.0.7")).status == 503);
    CHECK(fetch("/provision/firmware/yealink/small.bin", from("10.0.0.8")).body == "0123456789");
    CHECK(fetch("/provision/firmware/yealink/small.bin", from("10.0.0.7"), "HEAD").status == 503);
  }
  CHECK(strowger::test::eventually(
      [&] { return fetch("/provision/firmware/yealink/small.bin", from("10.0.0.7")).status == 200; }));
  CHECK(strowger::test::eventually(
      [&] { return ask("GET", "/metrics").body.find("strowger_provisioning_downloads 0\n") != std::string::npos; }));
}

TEST_CASE_METHOD(Site, "firmware: which version phones shall run, and which they do") {
  create_extension("1001", "Ann Example");
  for (const auto* mac : {"001565123450", "001565123451", "001565123452"})
    REQUIRE(register_device(mac, "1001").status == 201);
  const auto run = [&](const std::string& mac, const std::string& version) {
    REQUIRE(
        fetch("/provision/" + mac + ".cfg", "User-Agent: Yealink SIP-T46S " + version + " " + mac + "\r\n").status ==
        200);
  };
  run("001565123450", "66.85.0.5");
  run("001565123451", "66.86.0.15");
  const auto models = [&] { return ask("GET", "/api/provisioning/firmware").json(); };
  REQUIRE(
      strowger::test::eventually([&] { return models().at("models").at(0).at("running").as_object().size() == 2; }));
  auto overview = models();
  CHECK(overview.at("devices").as_int64() == 3);
  CHECK(overview.at("behind").as_int64() == 0);
  CHECK(overview.at("models").at(0).at("unknown").as_int64() == 1);

  const auto set_version =
      ask("PATCH", "/api/provisioning/phone-settings/model/yealink_t46s", R"({"firmware_version":"66.86.0.15"})");
  INFO(set_version.body);
  REQUIRE(set_version.status == 200);
  overview = models();
  const auto& model = overview.at("models").at(0);
  CHECK(model.at("wanted") == boost::json::parse(R"(["66.86.0.15"])"));
  CHECK(model.at("running") == boost::json::parse(R"({"66.85.0.5":1,"66.86.0.15":1})"));
  CHECK(model.at("behind").as_int64() == 1);
  CHECK(model.at("current").as_int64() == 1);
  const auto behind = ask("GET", "/api/provisioning/firmware/devices?state=behind&vendor=yealink&model=SIP-T46S");
  REQUIRE(behind.json().as_array().size() == 1);
  CHECK(behind.json().at(0).at("mac_address").as_string() == "001565123450");
  CHECK_THAT(std::string(behind.json().at(0).at("next_step").as_string()), ContainsSubstring("firmware_url"));
  CHECK(ask("GET", "/api/provisioning/firmware/devices?state=old").status == 400);
  CHECK(ask("GET", "/api/provisioning/firmware/devices?vendor=none").status == 422);
  CHECK_THAT(ask("GET", "/api/provisioning/diagnostics").body, ContainsSubstring("1 devices run an older firmware"));
  // A device of its own mind.
  REQUIRE(
      ask("PATCH", "/api/provisioning/devices/001565123450/settings", R"({"firmware_version":"66.85.0.5"})").status ==
      200);
  CHECK(models().at("behind").as_int64() == 0);
  CHECK(fetch("/provision/001565123450.cfg").body.find("66.8") == std::string::npos);
}
