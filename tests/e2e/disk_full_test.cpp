// The whole server on a disk that fills up: phones are served all the time, writes are refused with the reason, what
// watches the server is told, and when there is space again everything goes on without a restart.

#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <fstream>
#include <optional>
#include <set>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

using namespace strowger;
using test::eventually;
using test::Site;

namespace {

// A small disk of its own over a folder: seen by this process and those that it starts, gone with them.
class SmallDisk {
 public:
  explicit SmallDisk(const std::filesystem::path& folder, const char* size) : folder_(folder) {
    missing = mount(folder, size);
  }
  ~SmallDisk() {
    if (!missing) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Takes all the space that is left.
  static void fill(const std::filesystem::path& file) {
    const int out = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE(out >= 0);
    for (std::string piece(1U << 16, 'x'); !piece.empty(); piece.resize(piece.size() / 2))
      while (::write(out, piece.data(), piece.size()) > 0) continue;
    ::close(out);
  }

  std::optional<std::string> missing;  // why there is none

 private:
  static std::optional<std::string> mount(const std::filesystem::path& folder, const char* size) {
    const auto uid = ::getuid(), gid = ::getgid();
    const bool root = ::geteuid() == 0;
    if (::unshare(root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) return "no mount namespace of its own";
    if (!root) {
      std::ofstream("/proc/self/setgroups") << "deny";
      std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
      std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
    }
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "no private mounts";
    const auto options = "size=" + std::string(size);
    if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, options.c_str()) != 0) return "no tmpfs";
    return std::nullopt;
  }

  const std::filesystem::path folder_;
};

bool says(const Site& site, const std::string& sample) {
  return ("\n" + site.get("/metrics").body).find("\n" + sample + "\n") != std::string::npos;
}

constexpr auto file = "/provision/001565123456.cfg";

}  // namespace

SCENARIO("the disk is full: phones are served, writes are refused with the reason, and it heals by itself") {
  Site site;
  REQUIRE(site.stop() == 0);
  const SmallDisk disk(site.folder() / "data", "96m");
  if (disk.missing) {
    WARN("not tested here: " << *disk.missing);
    return;
  }
  site.start();
  site.create_extension("1001", "Ann", "s3cret-1001");
  REQUIRE(site.register_device("001565123456", "1001", "yealink", "t46s").status == 201);
  const auto served = site.fetch(file);
  REQUIRE(served.status == 200);
  REQUIRE(site.get("/readyz").status == 200);
  std::set<int> acknowledged{1001};

  // Started with hardly any space left, or what is preallocated would take writes for long.
  REQUIRE(site.stop() == 0);
  const auto ballast = site.folder() / "data" / "ballast";
  SmallDisk::fill(ballast);
  std::filesystem::resize_file(ballast, std::filesystem::file_size(ballast) - (3U << 20));
  site.start();
  CHECK(site.fetch(file).body == served.body);
  int number = 2000;
  test::HttpReply refused;
  REQUIRE(eventually(
      [&] {
        const auto text = std::to_string(++number);
        refused = site.send_json("POST", "/api/extensions",
                                 R"({"number":")" + text + R"(","name":")" + std::string(100, 'x') + R"("})");
        if (refused.status == 201) acknowledged.insert(number);
        return refused.status != 201;
      },
      std::chrono::seconds(60)));
  CAPTURE(refused.body);
  CHECK(refused.status == 503);
  CHECK(refused.json().at("code").as_string() == "log_unavailable");
  CHECK_THAT(refused.body, ContainsSubstring("No space left on device") && ContainsSubstring("free space"));
  CHECK(refused.headers.contains("retry-after"));

  for (int i = 0; i < 20; ++i) {
    const auto again = site.fetch(file);
    CHECK(again.status == 200);
    CHECK(again.body == served.body);
  }
  CHECK(site.fetch("/provision/001565999999.cfg").status == 404);
  const auto ready = site.get("/readyz");
  CHECK(ready.status == 503);
  CHECK_THAT(std::string(ready.json().at("checks").at("log").as_string()),
             ContainsSubstring("No space left on device"));
  const auto to_strangers = site.fetch("/readyz");
  CHECK(to_strangers.status == 503);
  CHECK(to_strangers.json().at("checks").at("log").as_string() == "log_unavailable");
  CHECK_THAT(to_strangers.body, !ContainsSubstring("No space left") && !ContainsSubstring(site.folder().string()));
  CHECK(says(site, "strowger_log_writable 0"));
  CHECK_FALSE(says(site, "strowger_log_faults_total 0"));
  CHECK(site.get("/healthz").status == 200);
  CHECK(site.get("/api/extensions/1001").status == 200);

  std::filesystem::remove(ballast);
  REQUIRE(eventually([&] { return site.get("/readyz").status == 200; }, std::chrono::seconds(60)));
  CHECK(says(site, "strowger_log_writable 1"));
  site.create_extension("1002", "Bob", "s3cret-1002");
  acknowledged.insert(1002);
  CHECK(site.fetch(file).body == served.body);

  // Nothing that was acknowledged is lost and nothing that was refused is there, also after a crash.
  const auto extensions = [&] {
    std::set<int> all;
    const auto listed = site.get("/api/extensions").json();
    for (const auto& extension : listed.as_array())
      all.insert(std::stoi(std::string(extension.at("number").as_string())));
    return all;
  };
  CHECK(extensions() == acknowledged);
  site.kill_hard();
  site.start();
  CHECK(extensions() == acknowledged);
  CHECK(site.fetch(file).status == 200);
}
