// What happens when users are taken from a directory (Active Directory, LDAP). A sync itself is told on the stream
// directory/<name>; what it changes on the stream of the extension or user that it changes, caused by
// DirectorySyncStarted.
#pragma once

#include "events/ids.hpp"
#include "events/types/user.hpp"
#include "events/uuid.hpp"

#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace strowger {

// --- Stream directory/<name>: ad, ldap

enum class SyncMode : std::uint8_t { full, incremental };
BOOST_DESCRIBE_ENUM(SyncMode, full, incremental)

struct DirectorySyncStarted {
  static constexpr std::string_view type = "directory.sync_started";
  static constexpr std::uint16_t schema = 1;
  std::string directory;
  Uuid sync;
  SyncMode mode = SyncMode::full;
  bool forced = false;  // more than max_change_percent may be disabled
};
BOOST_DESCRIBE_STRUCT(DirectorySyncStarted, (), (directory, sync, mode, forced))

// Users, by what became of each.
struct SyncCounts {
  std::uint32_t read = 0;            // entries that the directory gave
  std::uint32_t without_number = 0;  // of them: not telephone users
  std::uint32_t created = 0;         // extensions
  std::uint32_t updated = 0;         // name, mail, number or link
  std::uint32_t disabled = 0;
  std::uint32_t enabled = 0;
  std::uint32_t unchanged = 0;
  std::uint32_t skipped = 0;
  std::uint32_t devices_moved = 0;  // phones that followed their user to another number
  std::uint32_t roles = 0;          // users whose role changed
  bool operator==(const SyncCounts&) const = default;
};
BOOST_DESCRIBE_STRUCT(SyncCounts, (),
                      (read, without_number, created, updated, disabled, enabled, unchanged, skipped, devices_moved,
                       roles))

struct SkippedUser {
  std::string user;
  std::string reason;
  bool operator==(const SkippedUser&) const = default;
};
BOOST_DESCRIBE_STRUCT(SkippedUser, (), (user, reason))

struct DirectorySyncCompleted {
  static constexpr std::string_view type = "directory.sync_completed";
  static constexpr std::uint16_t schema = 1;
  std::string directory;
  Uuid sync;
  SyncMode mode = SyncMode::full;
  std::string server;  // that answered
  SyncCounts counts;
  std::vector<SkippedUser> skipped;  // the first of them
  std::string cursor;                // where the next incremental sync goes on; empty: only a full one can follow
};
BOOST_DESCRIBE_STRUCT(DirectorySyncCompleted, (), (directory, sync, mode, server, counts, skipped, cursor))

// It changed nothing, or not all that it should have: the next one finishes.
struct DirectorySyncFailed {
  static constexpr std::string_view type = "directory.sync_failed";
  static constexpr std::uint16_t schema = 1;
  std::string directory;
  Uuid sync;
  SyncMode mode = SyncMode::full;
  std::string server;  // that was asked last
  std::string code;
  std::string cause;  // for people
};
BOOST_DESCRIBE_STRUCT(DirectorySyncFailed, (), (directory, sync, mode, server, code, cause))

// --- Stream extension/<number>

// Name and mail as the directory has them now; only what changed is set. To who reads names it is ExtensionChanged.
struct NameSynced {
  static constexpr std::string_view type = "extension.name_synced";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber number;
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::string source;  // directory:ad
};
BOOST_DESCRIBE_STRUCT(NameSynced, (), (number, name, email, source))

// From now on the extension is that directory user's, whatever their name and number become.
struct ExtensionLinked {
  static constexpr std::string_view type = "extension.linked";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber number;
  std::string directory;
  Uuid identity;        // objectGUID, entryUUID
  std::string account;  // sAMAccountName, uid
};
BOOST_DESCRIBE_STRUCT(ExtensionLinked, (), (number, directory, identity, account))

struct ExtensionUnlinked {
  static constexpr std::string_view type = "extension.unlinked";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber number;
  std::string directory;
  Uuid identity;
};
BOOST_DESCRIBE_STRUCT(ExtensionUnlinked, (), (number, directory, identity))

// Who disabled decides who may enable: a sync restores what a sync took, never what an administrator did.
enum class DisabledReason : std::uint8_t { administrator, directory_disabled, directory_removed, renumbered };
BOOST_DESCRIBE_ENUM(DisabledReason, administrator, directory_disabled, directory_removed, renumbered)

// Its phones can neither register nor call, and what was registered is not; all else stays for its return.
struct ExtensionDisabled {
  static constexpr std::string_view type = "extension.disabled";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber number;
  DisabledReason reason = DisabledReason::administrator;
};
BOOST_DESCRIBE_STRUCT(ExtensionDisabled, (), (number, reason))

struct ExtensionEnabled {
  static constexpr std::string_view type = "extension.enabled";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber number;
};
BOOST_DESCRIBE_STRUCT(ExtensionEnabled, (), (number))

// --- Stream user/<name>

// The role that the user's groups give; a user that was not known is made, without a password of ours.
struct UserRoleSynced {
  static constexpr std::string_view type = "user.role_synced";
  static constexpr std::uint16_t schema = 1;
  std::string name;
  Role role = Role::user;
  std::string directory;
  Uuid identity;
};
BOOST_DESCRIBE_STRUCT(UserRoleSynced, (), (name, role, directory, identity))

// Disabled in the directory, removed from it, or in no group that gives a role: nothing may be done any more.
struct UserRoleWithdrawn {
  static constexpr std::string_view type = "user.role_withdrawn";
  static constexpr std::uint16_t schema = 1;
  std::string name;
  std::string directory;
};
BOOST_DESCRIBE_STRUCT(UserRoleWithdrawn, (), (name, directory))

}  // namespace strowger
