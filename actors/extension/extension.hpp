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
};

// Members that are not set stay as they are.
struct ChangeExtension {
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<bool> allow_external;
  std::optional<SealedSecret> password;
  std::optional<bool> listed{};  // in phone books
};

struct DeleteExtension {};

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
    bool listed = true;
    BOOST_DESCRIBE_CLASS(State, (), (exists, number, name, email, allow_external, password, listed), (), ())
  };
  using Command = std::variant<CreateExtension, ChangeExtension, DeleteExtension>;

  static State initial() { return {}; }
  static Result<std::vector<Event>> decide(const State& state, const Command& command, const Context& context);
  static State evolve(State state, const Event& event);
  static bool defines(const Event& event);
};

}  // namespace strowger::actors
