// The extension's decider: a dialable number, its user's name, and the password that its phones register with.
#pragma once

#include "actors/decider.hpp"

#include <optional>
#include <string>
#include <variant>

namespace strowger::actors {

struct CreateExtension {
  ExtensionNumber number;
  std::string name;
  std::string email;
  bool allow_external = true;
  SealedSecret password;
  bool enabled = true;
  bool listed = true;  // in phone books
};

// Members that are not set stay as they are.
struct ChangeExtension {
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<bool> allow_external;
  std::optional<SealedSecret> password;
  std::optional<bool> enabled{};
  std::optional<bool> listed{};  // in phone books
  SealedSecret sealed_like{};    // the password whose data key `password` was sealed with; empty: its own
};

struct DeleteExtension {};

// What a directory says of the user whose extension this is. Makes it where it does not exist and there is a password
// for it; the second of two equal commands changes nothing.
struct SyncExtension {
  ExtensionNumber number;
  std::string directory;  // ad, ldap
  Uuid identity;
  std::string account;
  std::string name;
  std::string email;
  bool enabled = true;
  SealedSecret password{};  // of a new one; empty: only an existing extension is meant
};

// The directory's user has it no more: it is disabled, never deleted. Nothing where it is somebody else's by now.
struct ReleaseExtension {
  std::string directory;
  Uuid identity;
  DisabledReason reason = DisabledReason::directory_removed;  // renumbered: its user has another, the link goes
};

// Faults `bad_name`, `bad_email`; no mail is a good one.
Result<void> check_name(const std::string& name);
Result<void> check_email(const std::string& email);

struct Extension {
  static constexpr std::string_view category = "extension";
  static constexpr std::uint32_t snapshot_schema = 1;

  struct State {
    bool exists = false;
    ExtensionNumber number;
    std::string name;
    std::string email;
    bool allow_external = true;
    SealedSecret password;
    bool enabled = true;
    DisabledReason disabled_reason{};
    std::string directory;  // whose user `identity` it is; empty: none's
    Uuid identity;
    std::string account;
    bool listed = true;  // in phone books
    BOOST_DESCRIBE_CLASS(State, (),
                         (exists, number, name, email, allow_external, password, enabled, disabled_reason, directory,
                          identity, account, listed),
                         (), ())
  };
  using Command = std::variant<CreateExtension, ChangeExtension, DeleteExtension, SyncExtension, ReleaseExtension>;

  static constexpr std::array<Bound, 0> bounds{};

  static State initial() { return {}; }
  static Result<std::vector<Event>> decide(const State& state, const Command& command, const Context& context);
  static State evolve(State state, const Event& event);
  static bool defines(const Event& event);
};

}  // namespace strowger::actors
