#include "actors/user/user.hpp"

#include <algorithm>

namespace strowger::actors {
namespace {

using Events = std::vector<Event>;

bool name_allowed(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == '@';
  });
}

Result<Events> create(const User::State& state, const CreateUser& command) {
  if (state.exists) return conflict("user_exists", "user " + command.name + " exists already");
  if (!name_allowed(command.name))
    return unacceptable("bad_user_name",
                        "a user name is 1 to 64 letters, digits, dots, dashes, underscores or at signs");
  return Events{UserCreated{command.name, command.role, command.password}};
}

}  // namespace

Result<Events> User::decide(const State& state, const Command& command, const Context&) {
  if (const auto* c = std::get_if<CreateUser>(&command)) return create(state, *c);
  if (const auto* c = std::get_if<RevokeToken>(&command)) {
    // A token names its user even where the log does not know them (the one that `strowger token` prints).
    return Events{TokenRevoked{state.name, c->token, c->expires_at}};
  }
  if (!state.exists) return not_found("user_not_found", "this user does not exist");
  return Events{UserPasswordChanged{state.name, std::get<ChangeUserPassword>(command).password}};
}

User::State User::evolve(State state, const Event& event) {
  if (const auto* created = std::get_if<UserCreated>(&event)) state = {true, created->name, created->role};
  return state;
}

bool User::defines(const Event& event) {
  return std::holds_alternative<UserCreated>(event) || std::holds_alternative<UserPasswordChanged>(event);
}

}  // namespace strowger::actors
