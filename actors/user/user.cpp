#include "actors/user/user.hpp"

#include "events/utf8.hpp"

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

// Who was made here keeps what was given here: a directory must be able neither to take over the administrator nor to
// lock them out.
Result<Events> sync_role(const User::State& state, const SyncUserRole& command) {
  if (!name_allowed(command.name))
    return unacceptable("bad_user_name", "'" + utf8::clip(command.name, 64) +
                                             "' cannot be a user here: a name is 1 to 64 letters, digits, dots, "
                                             "dashes, underscores or at signs");
  if (state.exists && state.directory.empty())
    return conflict("user_is_local", "the user " + state.name + " was made here and takes no role from a directory");
  if (state.exists && state.enabled && state.directory != command.directory)
    return conflict("linked_elsewhere",
                    "the user " + state.name + " has its role from the directory " + state.directory);
  if (state.exists && state.enabled && state.role == command.role && state.identity == command.identity)
    return Events{};
  return Events{UserRoleSynced{command.name, command.role, command.directory, command.identity}};
}

Result<Events> withdraw_role(const User::State& state, const WithdrawUserRole& command) {
  const bool mine = state.exists && state.directory == command.directory && state.identity == command.identity;
  if (!mine || !state.enabled) return Events{};
  return Events{UserRoleWithdrawn{state.name, command.directory}};
}

}  // namespace

Result<Events> User::decide(const State& state, const Command& command, const Context&) {
  if (const auto* c = std::get_if<CreateUser>(&command)) return create(state, *c);
  if (const auto* c = std::get_if<RevokeToken>(&command)) {
    // A token names its user even where the log does not know them (the one that `strowger token` prints).
    return Events{TokenRevoked{state.name, c->token, c->expires_at}};
  }
  if (const auto* c = std::get_if<SyncUserRole>(&command)) return sync_role(state, *c);
  if (const auto* c = std::get_if<WithdrawUserRole>(&command)) return withdraw_role(state, *c);
  if (!state.exists) return not_found("user_not_found", "this user does not exist");
  return Events{UserPasswordChanged{state.name, std::get<ChangeUserPassword>(command).password}};
}

User::State User::evolve(State state, const Event& event) {
  if (const auto* created = std::get_if<UserCreated>(&event)) state = {true, created->name, created->role};
  if (const auto* synced = std::get_if<UserRoleSynced>(&event))
    state = {true, synced->name, synced->role, synced->directory, synced->identity};
  if (std::holds_alternative<UserRoleWithdrawn>(event)) {
    state.role = Role::user;
    state.enabled = false;
  }
  return state;
}

bool User::defines(const Event& event) {
  return std::holds_alternative<UserCreated>(event) || std::holds_alternative<UserPasswordChanged>(event) ||
         std::holds_alternative<UserRoleSynced>(event) || std::holds_alternative<UserRoleWithdrawn>(event);
}

}  // namespace strowger::actors
