// What counts as the same answer to the same path.
#include "adapters/http/provision/served_paths.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::http::provision;

namespace {

constexpr auto path = "/provision/001565123456.cfg";
const ServedPaths::Stamp stamp{1, 2, 3};

std::shared_ptr<RenderedFile> file_of(PresentPtr present) {
  auto file = std::make_shared<RenderedFile>();
  file->present = std::move(present);
  return file;
}

}  // namespace

TEST_CASE("a path leads to its file while nothing changed") {
  ServedPaths paths;
  const auto present = std::make_shared<const Present>();
  auto file = file_of(present);
  const auto reboot = Uuid::parse("019b9f0e-7c3b-7000-8000-000000000001").value();
  CHECK_FALSE(paths.find(path, stamp, present));
  paths.keep(path, stamp, {file, reboot, reboot});
  const auto found = paths.find(path, stamp, present);
  REQUIRE(found);
  CHECK(found->file == file);
  CHECK(found->correlation == reboot);
  CHECK_FALSE(paths.find("/provision/001565123457.cfg", stamp, present));
  // A device, an extension, settings of phones, or what all files depend on changed.
  CHECK_FALSE(paths.find(path, {2, 2, 3}, present));
  CHECK_FALSE(paths.find(path, {1, 3, 3}, present));
  CHECK_FALSE(paths.find(path, {1, 2, 4}, present));
  CHECK_FALSE(paths.find(path, stamp, std::make_shared<const Present>()));
  // It is kept anew.
  const auto fresh = file_of(present);
  paths.keep(path, {2, 2, 3}, {fresh, {}, {}});
  CHECK(paths.find(path, {2, 2, 3}, present)->file == fresh);
  CHECK_FALSE(paths.find(path, stamp, present));
}

TEST_CASE("a path keeps no file alive, and there are not more than so many") {
  ServedPaths paths;
  const auto present = std::make_shared<const Present>();
  auto file = file_of(present);
  paths.keep(path, stamp, {file, {}, {}});
  std::weak_ptr<const RenderedFile> held = file;
  file.reset();
  CHECK(held.expired());
  CHECK_FALSE(paths.find(path, stamp, present));

  file = file_of(present);
  const std::size_t many = 300'000;
  for (std::size_t i = 0; i < many; ++i) paths.keep("/provision/" + std::to_string(i), stamp, {file, {}, {}});
  std::size_t kept = 0;
  for (std::size_t i = 0; i < many; ++i) kept += paths.find("/provision/" + std::to_string(i), stamp, present) ? 1 : 0;
  CHECK(kept > 0);
  CHECK(kept <= 64 * 2048);
}
