// What a sync would change, without a directory and without a log.

#include "actors/directory/planner.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

#include <map>

using namespace strowger;
using namespace strowger::directory;

namespace {

Uuid id(std::uint8_t n) {
  Uuid out;
  out.bytes[15] = n;
  return out;
}

Entry user(std::uint8_t n, const std::string& number, const std::string& name = "Ann") {
  Entry out;
  out.identity = id(n);
  out.account = "user" + std::to_string(n);
  out.name = name;
  out.numbers = {number};
  return out;
}

struct World {
  std::map<std::string, ExtensionsProjection::RowPtr> rows;
  std::vector<UsersProjection::RowPtr> users;
  Policy policy;
  test::TemporaryFolder folder;
  std::vector<SkippedUser> skipped;
  SyncCounts counts;

  World() {
    policy.name = "ad";
    policy.auto_provision = true;
    policy.group_roles = {{"Admins", Role::admin}};
  }

  void extension(const std::string& number, std::uint8_t linked_to, const std::string& name = "Ann",
                 bool enabled = true) {
    ExtensionRow row;
    row.number = ExtensionNumber::parse(number).value();
    row.name = name;
    row.enabled = enabled;
    row.disabled_reason = DisabledReason::directory_removed;
    if (linked_to != 0) {
      row.directory = "ad";
      row.identity = id(linked_to);
      row.account = "user" + std::to_string(linked_to);
    }
    rows[number] = std::make_shared<const ExtensionRow>(row);
  }

  // The changes as words.
  std::vector<std::string> plan(const std::vector<Entry>& entries, SyncMode mode = SyncMode::full,
                                const std::vector<std::uint8_t>& present = {}) {
    Planner::Present now{[this](const ExtensionNumber& number) -> ExtensionsProjection::RowPtr {
                           const auto found = rows.find(number.text());
                           return found == rows.end() ? nullptr : found->second;
                         },
                         {},
                         users};
    for (const auto& [number, row] : rows)
      if (row->directory == "ad") now.linked.push_back(row);
    Planner planner(policy, std::move(now), Spool::open(folder.path()).value());
    for (const auto& entry : entries) REQUIRE(planner.take(entry));
    for (const auto n : present) planner.present(id(n));
    REQUIRE(planner.finish(mode));
    std::vector<std::string> out;
    for (int twice = 0; twice < 2; ++twice) {  // a plan can be walked again, and is the same
      std::vector<std::string> said;
      REQUIRE(planner.walk([&](const Change& change, bool) -> Result<bool> {
        said.push_back(words(change));
        return true;
      }));
      if (twice == 1) CHECK(said == out);
      out = std::move(said);
    }
    skipped = planner.skipped();
    counts = planner.counts();
    return out;
  }

  static std::string words(const Change& change) {
    if (const auto* adopt = std::get_if<Adopt>(&change))
      return std::string(adopt->present ? "sync " : "create ") + adopt->person.number->text() + " " +
             adopt->person.account + (adopt->person.disabled ? " off" : "");
    if (const auto* move = std::get_if<MovePhones>(&change)) return "move " + move->from.text() + " " + move->to.text();
    if (const auto* release = std::get_if<Release>(&change))
      return "release " + release->present->number.text() + " " + std::string(json::word(release->reason));
    if (const auto* grant = std::get_if<Grant>(&change)) return "grant " + grant->user;
    return "withdraw " + std::get<Withdraw>(change).user;
  }
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a user is known by their identity") {
  World world;
  CHECK(world.plan({user(1, "1001"), user(2, "")}) == Words{"create 1001 user1"});
  CHECK(world.counts.without_number == 1);
  world.extension("1001", 1);
  CHECK(world.plan({user(1, "1001")}).empty());
  CHECK(world.counts.unchanged == 1);
  CHECK(world.plan({user(1, "1001", "Ann Married")}) == Words{"sync 1001 user1"});
  CHECK(world.plan({user(1, "1002")}) == Words{"create 1002 user1", "move 1001 1002", "release 1001 renumbered"});
  CHECK(world.plan({user(1, "")}) == Words{"release 1001 directory_removed"});
  CHECK(world.plan({}) == Words{"release 1001 directory_removed"});
  world.policy.deactivate_removed_users = false;
  CHECK(world.plan({}).empty());
}

TEST_CASE("an extension that was there becomes the user's, without auto_provision too") {
  World world;
  world.policy.auto_provision = false;
  world.extension("1001", 0, "Desk");
  CHECK(world.plan({user(1, "1001"), user(2, "1002")}) == Words{"sync 1001 user1"});
  REQUIRE(world.skipped.size() == 1);
  CHECK_THAT(world.skipped[0].user, ContainsSubstring("user2"));
  CHECK_THAT(world.skipped[0].reason, ContainsSubstring("auto_provision"));
}

TEST_CASE("two users with one number: neither, but a disabled one has no claim") {
  World world;
  world.extension("1001", 1);
  CHECK(world.plan({user(1, "1001"), user(2, "1001"), user(3, "1003")}) == Words{"create 1003 user3"});
  REQUIRE(world.skipped.size() == 2);
  CHECK_THAT(world.skipped[0].reason, ContainsSubstring("user2"));
  CHECK_THAT(world.skipped[1].reason, ContainsSubstring("user1"));
  auto left = user(1, "1001");
  left.disabled = true;
  CHECK(world.plan({left, user(2, "1001")}) == Words{"sync 1001 user2"});
  CHECK(world.plan({left}) == Words{"sync 1001 user1 off"});
}

TEST_CASE("who is disabled is, whatever became of their number and name") {
  World world;
  world.extension("1001", 1);
  for (auto left : {user(1, "nonsense"), user(1, ""), user(1, "1001", " ")}) {
    CAPTURE(left.numbers, left.name);
    CHECK(world.plan({left}) == (left.numbers.front().empty() ? Words{"release 1001 directory_removed"} : Words{}));
    left.disabled = true;
    for (const bool deactivate : {true, false}) {
      world.policy.deactivate_removed_users = deactivate;
      CHECK(world.plan({left}) == Words{"release 1001 directory_disabled"});
      CHECK(world.skipped.empty());
    }
    world.policy.deactivate_removed_users = true;
  }
}

TEST_CASE("in an incremental sync the one who did not change has the number") {
  World world;
  world.extension("1001", 1);
  CHECK(world.plan({user(2, "1001")}, SyncMode::incremental, {1, 2}).empty());
  REQUIRE(world.skipped.size() == 1);
  CHECK(world.plan({user(2, "1002")}, SyncMode::incremental, {1, 2}) == Words{"create 1002 user2"});
  CHECK(world.plan({}, SyncMode::incremental, {1}).empty());
  CHECK(world.plan({}, SyncMode::incremental, {2}) == Words{"release 1001 directory_removed"});
}

TEST_CASE("a chain of new numbers goes from its free end, in a circle the phones stay") {
  World world;
  world.extension("1001", 1);
  world.extension("1002", 2);
  CHECK(world.plan({user(1, "1002"), user(2, "1003")}) ==
        Words{"create 1003 user2", "move 1002 1003", "sync 1002 user1", "move 1001 1002", "release 1001 renumbered"});
  CHECK(world.plan({user(1, "1002"), user(2, "1001")}) == Words{"sync 1001 user2", "sync 1002 user1"});
}

TEST_CASE("a sync that was cut off in a renumbering goes on where it was") {
  World world;
  world.extension("1001", 1);
  world.extension("1002", 1);  // linked already, the phones not moved
  CHECK(world.plan({user(1, "1002")}) == Words{"move 1001 1002", "release 1001 renumbered"});
}

TEST_CASE("what an administrator disabled stays so, what a directory disabled returns") {
  World world;
  world.extension("1001", 1, "Ann", false);
  CHECK(world.plan({user(1, "1001")}) == Words{"sync 1001 user1"});
  auto row = *world.rows["1001"];
  row.disabled_reason = DisabledReason::administrator;
  world.rows["1001"] = std::make_shared<const ExtensionRow>(row);
  CHECK(world.plan({user(1, "1001")}).empty());
}

TEST_CASE("roles come and go with the groups, also without a number") {
  World world;
  auto admin = user(1, "");
  admin.groups = {"Admins"};
  CHECK(world.plan({admin}) == Words{"grant user1"});
  UserRow row;
  row.name = "user1";
  row.role = Role::admin;
  row.directory = "ad";
  row.identity = id(1);
  world.users = {std::make_shared<const UserRow>(row)};
  CHECK(world.plan({admin}).empty());
  CHECK(world.plan({user(1, "")}) == Words{"withdraw user1"});
  CHECK(world.plan({}, SyncMode::incremental, {1}).empty());
  CHECK(world.plan({}, SyncMode::incremental, {2}) == Words{"withdraw user1"});
  admin.account = "renamed";
  CHECK(world.plan({admin}) == Words{"grant renamed", "withdraw user1"});
  admin.account = "user1";
  admin.disabled = true;
  CHECK(world.plan({admin}) == Words{"withdraw user1"});
}

TEST_CASE("an extension that another directory keeps is not taken over") {
  World world;
  world.extension("1001", 1);
  auto row = *world.rows["1001"];
  row.directory = "ldap";
  row.identity = id(9);
  world.rows["1001"] = std::make_shared<const ExtensionRow>(row);
  CHECK(world.plan({user(2, "1001")}).empty());
  REQUIRE(world.skipped.size() == 1);
  CHECK_THAT(world.skipped[0].reason, ContainsSubstring("kept by the directory ldap"));
}

TEST_CASE("a user is described in a few words, however long their name is") {
  World world;
  std::string endless;
  while (endless.size() < 5'000'000) endless += "ñ";
  CHECK(world.plan({user(1, "1001", endless)}).empty());
  REQUIRE(world.skipped.size() == 1);
  CHECK(world.skipped[0].user.size() < 200);
  CHECK(is_plain_text(world.skipped[0].user));
  CHECK_THAT(world.skipped[0].user, ContainsSubstring("user1"));
  CHECK_THAT(world.skipped[0].reason, ContainsSubstring("128 is the most"));
}
