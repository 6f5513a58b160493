// The contact's decider: somebody outside the house whom phone books name.
#pragma once

#include "actors/decider.hpp"

#include <string>
#include <variant>
#include <vector>

namespace strowger::actors {

struct AddContact {
  Uuid contact;
  std::string name;
  std::string company;
  std::vector<ContactNumber> numbers;
};

// Members that are not set stay as they are.
struct ChangeContact {
  std::optional<std::string> name;
  std::optional<std::string> company;
  std::optional<std::vector<ContactNumber>> numbers;
};

struct RemoveContact {};

struct Contact {
  static constexpr std::string_view category = "contact";
  static constexpr std::uint32_t snapshot_schema = 1;

  struct State {
    bool exists = false;
    Uuid contact;
    std::string name;
    std::string company;
    std::vector<ContactNumber> numbers;
    BOOST_DESCRIBE_CLASS(State, (), (exists, contact, name, company, numbers), (), ())
  };
  using Command = std::variant<AddContact, ChangeContact, RemoveContact>;

  static constexpr std::size_t most_numbers = 8;
  static constexpr std::array<Bound, 1> bounds{{{"numbers", most_numbers}}};

  static State initial() { return {}; }
  // `bad_contact` where a phone could not show or dial it.
  static Result<std::vector<Event>> decide(const State& state, const Command& command, const Context& context);
  static State evolve(State state, const Event& event);
  static bool defines(const Event& event);
};

}  // namespace strowger::actors
