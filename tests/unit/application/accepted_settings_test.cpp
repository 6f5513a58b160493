// What an administrator accepted is that file and no other, once.
#include "adapters/application/accepted_settings.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace strowger;
using application::accept_settings;
using application::take_acceptance;

namespace {

config::Settings settings_of_text(const std::string& data_dir, const std::string& text) {
  config::Settings out;
  out.data_dir = data_dir;
  out.text = text;
  return out;
}

}  // namespace

TEST_CASE("an accepted file is taken once, and only as it was") {
  const test::TemporaryFolder folder;
  const auto wanted = settings_of_text(folder.path().string(), "api: {port: 1}\n");
  const auto other = settings_of_text(folder.path().string(), "api: {port: 12}\n");
  CHECK_FALSE(take_acceptance(folder.path(), wanted));
  REQUIRE(accept_settings(wanted));
  CHECK_FALSE(take_acceptance(folder.path(), other));
  CHECK(take_acceptance(folder.path(), wanted));
  CHECK_FALSE(take_acceptance(folder.path(), wanted));
  REQUIRE(accept_settings(wanted));
  REQUIRE(accept_settings(other));
  CHECK_FALSE(take_acceptance(folder.path(), wanted));
  CHECK(take_acceptance(folder.path(), other));
}

TEST_CASE("where no server's data is, nothing is accepted, and the way out is said") {
  const test::TemporaryFolder folder;
  const auto kept = accept_settings(settings_of_text((folder.path() / "none").string(), "{}\n"));
  REQUIRE_FALSE(kept);
  CHECK(kept.error().code == "data_dir_unusable");
  CHECK_THAT(kept.error().message, ContainsSubstring("--data-dir"));
}
