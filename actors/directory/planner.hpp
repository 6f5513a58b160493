// What a sync has to change: the users that a directory has, set against what there is. Pure but for its spool: no
// clock, no command, no event.
//
//   take() and present() while the directory is read; then, and only when all of it was read, finish() and walk().
//
// A user is who has the identity (objectGUID, entryUUID), whatever their name, place and number become:
//   - with another number than before: the extension of that number becomes theirs, the phones of the old one follow,
//     and the old one is disabled. Where users swapped numbers in a circle, the phones stay: they are on desks.
//   - disabled, removed, or without a number: the extension is disabled, and restored when the user returns.
// Two users with one number are both skipped, but for disabled ones: those have no claim.
//
// Memory: 64 bytes for each user that has a number, and what changes; never entries.
#pragma once

#include "actors/directory/mapping.hpp"
#include "actors/directory/spool.hpp"
#include "events/projections/extensions.hpp"
#include "events/projections/users.hpp"
#include "events/types/directory.hpp"

#include <array>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace strowger::directory {

// The extension of `person.number` becomes or stays theirs, with their name, mail and state.
struct Adopt {
  Person person;
  ExtensionsProjection::RowPtr present;  // none: it is to be made
};
// The phones follow their user.
struct MovePhones {
  ExtensionNumber from;
  ExtensionNumber to;
  std::string user;
};
struct Release {
  ExtensionsProjection::RowPtr present;
  DisabledReason reason = DisabledReason::directory_removed;
};
struct Grant {
  std::string user;
  Role role = Role::user;
  Uuid identity;
};
struct Withdraw {
  std::string user;
  Uuid identity;
};
using Change = std::variant<Adopt, MovePhones, Release, Grant, Withdraw>;

class Planner {
 public:
  struct Present {
    std::function<ExtensionsProjection::RowPtr(const ExtensionNumber&)> extension;
    std::vector<ExtensionsProjection::RowPtr> linked;  // to this directory
    std::vector<UsersProjection::RowPtr> users;        // whose roles are this directory's
  };
  static constexpr std::size_t most_listed = 1000;  // skipped users with their reasons; all are counted

  Planner(const Policy& policy, Present present, Spool spool);

  Result<void> take(const Entry& entry);
  void present(const Uuid& identity);

  // All of the directory, or (incremental) all that changed, was taken.
  Result<void> finish(SyncMode mode);

  // Each change in the order in which it must be made. `wait`: those that follow depend on it; the visitor answers
  // whether it was made.
  using Visit = std::function<Result<bool>(const Change& change, bool wait)>;
  Result<void> walk(const Visit& visit);

  // After a walk, by its own reckoning: what is read, unchanged, skipped.
  const SyncCounts& counts() const { return counts_; }
  const std::vector<SkippedUser>& skipped() const { return skipped_; }
  // Two users want one number: only a full sync can tell when one of them gives way.
  bool disputed() const { return disputed_; }
  void skip(std::string user, std::string reason);

  // Enabled extensions of this directory before the sync: what max_change_percent is of.
  std::size_t enabled_before() const;

 private:
  struct Linked {
    Uuid identity;
    ExtensionsProjection::RowPtr row;
    bool seen = false;        // was taken, with whatever came of it
    bool there = false;       // is in the directory, unchanged
    bool numberless = false;  // was taken, and is no telephone user any more
    bool barred = false;      // was taken: disabled, without a number or a name that could be used
    bool succeeded = false;   // another user has the number now
  };
  struct Item {
    Uuid identity;
    std::uint64_t offset = 0;       // in the spool
    std::array<char, 24> number{};  // zero-terminated
    bool disabled = false;
    bool contested = false;
    bool renumbered = false;
    std::string_view text() const { return number.data(); }
  };
  struct Renumbering {
    ExtensionsProjection::RowPtr from;
    std::string to;
    std::uint64_t offset = 0;
    bool succeeded = false;    // another user has the old number now
    bool phones_stay = false;  // a circle
  };

  std::span<Linked> linked_to(const Uuid& identity);
  const Item* claimant(const ExtensionNumber& number) const;  // while items_ are by number
  Result<void> find_contests();
  Result<void> contest(std::span<Item> items);
  bool held_by_another(const Item& item);
  void find_renumberings();
  void order_renumberings();
  Result<bool> settle(const Person& person, const Visit& visit, bool wait);
  void skip_read(const Person& person, std::string reason);
  Result<void> settle_disabled(const Person& person, const Visit& visit);
  bool removed(const Linked& linked) const;
  Result<void> walk_renumberings(const Visit& visit);
  Result<void> walk_people(const Visit& visit);
  Result<void> walk_releases(const Visit& visit);
  Result<void> walk_roles(const Visit& visit);

  const Policy& policy_;
  Present present_;
  Spool spool_;
  std::vector<Linked> linked_;  // by identity
  std::vector<Item> items_;     // by offset, once finished
  std::vector<Renumbering> renumberings_;
  std::vector<Uuid> users_;       // of present_.users, sorted
  std::set<Uuid> taken_users_;    // of users_
  std::set<Uuid> present_users_;  // of users_
  SyncMode mode_ = SyncMode::full;
  SyncCounts taken_;  // counts and skips of take() and finish(), kept for each walk
  std::vector<SkippedUser> taken_skipped_;
  SyncCounts counts_;
  std::vector<SkippedUser> skipped_;
  bool disputed_ = false;
};

// The user that a reason names: account and name where set, each cut at 128 bytes.
std::string label(const Person& person);

}  // namespace strowger::directory
