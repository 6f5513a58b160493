// The user's decider: somebody who administers, with a role, a password and tokens that can be revoked.
#pragma once

#include "actors/decider.hpp"

#include <string>
#include <variant>

namespace strowger::actors {

struct CreateUser {
  std::string name;
  Role role = Role::viewer;
  PasswordHash password;
};

struct ChangeUserPassword {
  PasswordHash password;
};

struct RevokeToken {
  Uuid token;
  Timestamp expires_at;
};

// The role that a directory's groups give. Makes the user where it does not exist.
struct SyncUserRole {
  std::string name;
  Role role = Role::user;
  std::string directory;
  Uuid identity;
};

// The directory gives it no role any more.
struct WithdrawUserRole {
  std::string directory;
  Uuid identity;
};

struct User {
  static constexpr std::string_view category = "user";
  static constexpr std::uint32_t snapshot_schema = 1;

  struct State {
    bool exists = false;
    std::string name;
    Role role = Role::viewer;
    std::string directory;  // whose user `identity` it is; empty: made here
    Uuid identity;
    bool enabled = true;
    BOOST_DESCRIBE_CLASS(State, (), (exists, name, role, directory, identity, enabled), (), ())
  };
  using Command = std::variant<CreateUser, ChangeUserPassword, RevokeToken, SyncUserRole, WithdrawUserRole>;

  static constexpr std::array<Bound, 0> bounds{};

  static State initial() { return {}; }
  static Result<std::vector<Event>> decide(const State& state, const Command& command, const Context& context);
  static State evolve(State state, const Event& event);
  static bool defines(const Event& event);
};

}  // namespace strowger::actors
