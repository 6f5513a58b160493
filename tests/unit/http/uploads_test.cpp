#include "adapters/http/provision/uploads.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

#include <fstream>

using namespace strowger;
using namespace strowger::http::provision;
namespace fs = std::filesystem;

namespace {

const MacAddress ann = MacAddress::parse("0004f2aabbcc").value();
const MacAddress bob = MacAddress::parse("0004f2aabbdd").value();

struct Store {
  strowger::test::TemporaryFolder folder;
  Timestamp now = parse_iso8601("2026-01-08T19:40:00Z").value();
  fs::path root = folder.path() / "uploads";
  UploadLimits limits{100, 250, 3};
  std::unique_ptr<Uploads> uploads;

  Store() { open(); }
  void open() {
    uploads = std::make_unique<Uploads>([this] { return root; }, [this] { return now += std::chrono::seconds(1); });
  }
  Result<Uploads::Kept> keep(const MacAddress& mac, const std::string& name, const std::string& bytes) {
    return uploads->keep(mac, name, bytes, limits);
  }
  std::string read(const Upload& upload) {
    const auto file = uploads->open(upload).value();
    return file->read(0, file->size()).value();
  }
  std::vector<std::string> names(const std::optional<MacAddress>& mac = {}) {
    std::vector<std::string> out;
    for (const auto& upload : uploads->list(mac)) out.push_back(upload.file);
    return out;
  }
};

}  // namespace

TEST_CASE_METHOD(Store, "uploads: kept, listed, read, found again after a restart, removed") {
  const auto kept = keep(ann, "0004F2AABBCC-app.log", "one").value();
  CHECK(kept.fresh);
  CHECK(kept.upload.file == "0004f2aabbcc-app.log");
  CHECK(read(kept.upload) == "one");
  CHECK_FALSE(keep(ann, "0004f2aabbcc-app.log", "one").value().fresh);  // the same again
  REQUIRE(keep(ann, "0004f2aabbcc-app.log", "two"));
  REQUIRE(keep(bob, "0004f2aabbdd-phone.cfg", ""));
  CHECK(uploads->total_size() == 6);

  std::ofstream(root / ann.text() / "1767901201000000-x.part") << "half";
  std::ofstream(root / ann.text() / "stray") << "x";
  open();
  CHECK(names() == std::vector<std::string>{"0004f2aabbdd-phone.cfg", "0004f2aabbcc-app.log", "0004f2aabbcc-app.log"});
  CHECK(uploads->total_size() == 6);
  CHECK_FALSE(fs::exists(root / ann.text() / "1767901201000000-x.part"));
  CHECK(read(*uploads->newest(ann, "0004F2AABBCC-APP.LOG")) == "two");
  CHECK_FALSE(uploads->newest(bob, "0004f2aabbcc-app.log"));

  const auto newest = *uploads->newest(ann, "0004f2aabbcc-app.log");
  REQUIRE(uploads->remove(ann, newest.id));
  CHECK(uploads->remove(ann, newest.id).error().code == "upload_not_found");
  CHECK(uploads->remove(bob, "../" + ann.text()).error().code == "upload_not_found");
  CHECK_FALSE(uploads->open(newest));
  CHECK(read(*uploads->newest(ann, "0004f2aabbcc-app.log")) == "one");
}

TEST_CASE_METHOD(Store, "uploads: the oldest leave, of the device and of all") {
  for (int i = 0; i < 5; ++i) REQUIRE(keep(ann, "a" + std::to_string(i), "x"));
  CHECK(names(ann) == std::vector<std::string>{"a4", "a3", "a2"});
  REQUIRE(keep(bob, "b0", std::string(100, 'b')));
  REQUIRE(keep(bob, "b1", std::string(100, 'c')));
  CHECK(uploads->total_size() == 203);
  const auto kept = keep(bob, "b2", std::string(50, 'd')).value();  // 253: the three of ann are older than all of bob's
  CHECK(kept.dropped == 3);
  CHECK(names() == std::vector<std::string>{"b2", "b1", "b0"});
  CHECK_FALSE(fs::exists(root / ann.text()));
  CHECK(uploads->total_size() == 250);
}

TEST_CASE_METHOD(Store, "uploads: what is too large is refused, and nothing of it stays") {
  const auto refused = keep(ann, "a", std::string(101, 'x'));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "upload_too_large");
  CHECK(uploads->list({}).empty());
  CHECK_FALSE(fs::exists(root));
}

TEST_CASE_METHOD(Store, "uploads: a name is never a path, and a folder that cannot be written is said") {
  for (const auto* name : {"../../etc/passwd", "logs/0004f2aabbcc-app.log", "..", "a\nb", "/x", ".hidden"}) {
    CAPTURE(name);
    const auto kept = keep(ann, name, name).value();
    CHECK(kept.upload.file.find('/') == std::string::npos);
    CHECK(kept.upload.file.front() != '.');
    CHECK(read(kept.upload) == name);
  }
  for (const auto& entry : fs::directory_iterator(root)) CHECK(entry.path().filename() == ann.text());
  root = folder.path() / "file";
  std::ofstream(root) << "no folder";
  open();
  const auto refused = keep(ann, "a", "x");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "upload_not_kept");
  CHECK(uploads->list({}).empty());
}

TEST_CASE_METHOD(Store, "uploads: a clock that went back does not put the new before the old") {
  REQUIRE(keep(ann, "a", "old"));
  now -= std::chrono::hours(1);
  REQUIRE(keep(ann, "a", "new"));
  CHECK(read(*uploads->newest(ann, "a")) == "new");
  open();
  CHECK(read(*uploads->newest(ann, "a")) == "new");
}
