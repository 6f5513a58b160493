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
