#include "actors/extension/extension.hpp"

#include <algorithm>

namespace strowger::actors {
namespace {

using Events = std::vector<Event>;

constexpr std::size_t name_limit = 128;   // bytes; phones cut off far earlier
constexpr std::size_t email_limit = 254;  // RFC 5321 section 4.5.3.1.3

Result<void> check_name(const std::string& name) {
  if (name.find_first_not_of(" \t\r\n") == std::string::npos)
    return unacceptable("bad_name", "name: it is empty; give the name that phones are to show").with("field", "name");
  if (name.size() > name_limit)
    return unacceptable("bad_name", "name: it has " + std::to_string(name.size()) + " bytes; " +
                                        std::to_string(name_limit) + " is the most")
        .with("field", "name");
  return {};
}

Result<void> check_email(const std::string& email) {
  if (email.empty()) return {};
  const auto at = email.find('@');
  const bool plain =
      std::none_of(email.begin(), email.end(), [](char c) { return static_cast<unsigned char>(c) <= ' '; });
  if (!plain || email.size() > email_limit || at == 0 || at == std::string::npos || at + 1 == email.size())
    return unacceptable("bad_email", "email: '" + email.substr(0, 64) + "' is not an address such as ann@example.com")
        .with("field", "email");
  return {};
}

Error missing() {
  return not_found("extension_not_found", "this extension does not exist; create it with POST /api/extensions");
}

Result<Events> create(const Extension::State& state, const CreateExtension& command) {
  if (state.exists)
    return conflict("extension_exists", "Extension " + command.number.text() +
                                            " exists already; change it with PUT or PATCH /api/extensions/" +
                                            command.number.text());
  if (auto ok = check_name(command.name); !ok) return ok.error();
  if (auto ok = check_email(command.email); !ok) return ok.error();
  return Events{
      ExtensionCreated{command.number, command.name, command.email, command.allow_external, command.password}};
}

// Keeps in `wanted` only what differs from `present`.
template <class T>
void keep_difference(std::optional<T>& wanted, const T& present) {
  if (wanted && *wanted == present) wanted.reset();
}

Result<Events> change(const Extension::State& state, const ChangeExtension& command) {
  if (!state.exists) return missing();
  if (command.name)
    if (auto ok = check_name(*command.name); !ok) return ok.error();
  if (command.email)
    if (auto ok = check_email(*command.email); !ok) return ok.error();
  ExtensionChanged changed{state.number, command.name, command.email, command.allow_external};
  keep_difference(changed.name, state.name);
  keep_difference(changed.email, state.email);
  keep_difference(changed.allow_external, state.allow_external);
  Events events;
  if (command.password) events.emplace_back(ExtensionPasswordChanged{state.number, *command.password});
  if (changed.name || changed.email || changed.allow_external) events.emplace_back(std::move(changed));
  if (command.listed && *command.listed != state.listed)
    events.emplace_back(ExtensionListingChanged{state.number, *command.listed});
  return events;
}

Result<Events> remove(const Extension::State& state) {
  if (!state.exists) return missing();
  return Events{ExtensionDeleted{state.number, state.password}};
}

}  // namespace

Result<Events> Extension::decide(const State& state, const Command& command, const Context&) {
  return std::visit(Overloaded{
                        [&](const CreateExtension& c) { return create(state, c); },
                        [&](const ChangeExtension& c) { return change(state, c); },
                        [&](const DeleteExtension&) { return remove(state); },
                    },
                    command);
}

Extension::State Extension::evolve(State state, const Event& event) {
  std::visit(
      Overloaded{
          [&](const ExtensionCreated& e) { state = {true, e.number, e.name, e.email, e.allow_external, e.password}; },
          [&](const ExtensionChanged& e) {
            if (e.name) state.name = *e.name;
            if (e.email) state.email = *e.email;
            if (e.allow_external) state.allow_external = *e.allow_external;
          },
          [&](const ExtensionPasswordChanged& e) { state.password = e.password; },
          [&](const ExtensionListingChanged& e) { state.listed = e.listed; },
          [&](const ExtensionDeleted&) { state = initial(); }, [](const auto&) {},  // bindings come and go
      },
      event);
  return state;
}

bool Extension::defines(const Event& event) {
  return std::holds_alternative<ExtensionCreated>(event) || std::holds_alternative<ExtensionChanged>(event) ||
         std::holds_alternative<ExtensionPasswordChanged>(event) ||
         std::holds_alternative<ExtensionListingChanged>(event) || std::holds_alternative<ExtensionDeleted>(event);
}

}  // namespace strowger::actors
