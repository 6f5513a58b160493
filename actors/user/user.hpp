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

struct User {
  static constexpr std::string_view category = "user";
  static constexpr std::uint32_t snapshot_schema = 1;

  struct State {
    bool exists = false;
    std::string name;
    Role role = Role::viewer;
    BOOST_DESCRIBE_CLASS(State, (), (exists, name, role), (), ())
  };
  using Command = std::variant<CreateUser, ChangeUserPassword, RevokeToken>;

  static State initial() { return {}; }
  static Result<std::vector<Event>> decide(const State& state, const Command& command, const Context& context);
  static State evolve(State state, const Event& event);
  static bool defines(const Event& event);
};

}  // namespace strowger::actors
