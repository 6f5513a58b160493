#include "actors/extension/extension.hpp"

#include "events/controls.hpp"
#include "events/utf8.hpp"

#include <algorithm>

namespace strowger::actors {
namespace {

using Events = std::vector<Event>;

constexpr std::size_t name_limit = 128;   // bytes; phones cut off far earlier
constexpr std::size_t email_limit = 254;  // RFC 5321 section 4.5.3.1.3

Error no_such_extension() {
  return not_found("extension_not_found", "this extension does not exist; create it with POST /api/extensions");
}

Result<Events> create(const Extension::State& state, const CreateExtension& command) {
  if (state.exists)
    return conflict("extension_exists", "Extension " + command.number.text() +
                                            " exists already; change it with PUT or PATCH /api/extensions/" +
                                            command.number.text());
  if (auto ok = check_name(command.name); !ok) return ok.error();
  if (auto ok = check_email(command.email); !ok) return ok.error();
  Events events{
      ExtensionCreated{command.number, command.name, command.email, command.allow_external, command.password}};
  if (!command.enabled) events.emplace_back(ExtensionDisabled{command.number, DisabledReason::administrator});
  if (!command.listed) events.emplace_back(ExtensionListingChanged{command.number, false});
  return events;
}

// Keeps in `wanted` only what differs from `present`.
template <class T>
void keep_difference(std::optional<T>& wanted, const T& present) {
  if (wanted && *wanted == present) wanted.reset();
}

Result<Events> change(const Extension::State& state, const ChangeExtension& command) {
  if (!state.exists) return no_such_extension();
  if (command.name)
    if (auto ok = check_name(*command.name); !ok) return ok.error();
  if (command.email)
    if (auto ok = check_email(*command.email); !ok) return ok.error();
  if (command.password)
    if (auto ok = check_sibling(command.sealed_like, state.password); !ok) return ok.error();
  ExtensionChanged changed{state.number, command.name, command.email, command.allow_external};
  keep_difference(changed.name, state.name);
  keep_difference(changed.email, state.email);
  keep_difference(changed.allow_external, state.allow_external);
  Events events;
  if (command.password) events.emplace_back(ExtensionPasswordChanged{state.number, *command.password});
  if (changed.name || changed.email || changed.allow_external) events.emplace_back(std::move(changed));
  if (command.enabled && *command.enabled != state.enabled) {
    if (*command.enabled)
      events.emplace_back(ExtensionEnabled{state.number});
    else
      events.emplace_back(ExtensionDisabled{state.number, DisabledReason::administrator});
  }
  if (command.listed && *command.listed != state.listed)
    events.emplace_back(ExtensionListingChanged{state.number, *command.listed});
  return events;
}

// Name, mail and link first, so that an extension that is enabled again is already its user's.
Result<Events> sync(const Extension::State& state, const SyncExtension& command) {
  if (!state.exists && command.password.empty()) return no_such_extension();
  if (auto ok = check_name(command.name); !ok) return ok.error();
  if (auto ok = check_email(command.email); !ok) return ok.error();
  if (!state.directory.empty() && state.directory != command.directory)
    return conflict("linked_elsewhere", "Extension " + command.number.text() + " is kept by the directory " +
                                            state.directory + " (" + state.account + ")");
  Events events;
  if (!state.exists) {
    events.emplace_back(ExtensionCreated{command.number, command.name, command.email, true, command.password});
  } else {
    NameSynced synced{state.number, command.name, command.email, "directory:" + command.directory};
    keep_difference(synced.name, state.name);
    keep_difference(synced.email, state.email);
    if (synced.name || synced.email) events.emplace_back(std::move(synced));
  }
  if (state.identity != command.identity || state.directory != command.directory || state.account != command.account)
    events.emplace_back(ExtensionLinked{command.number, command.directory, command.identity, command.account});
  const bool mine = state.enabled || state.disabled_reason != DisabledReason::administrator;
  if (mine && command.enabled != state.enabled) {
    if (command.enabled)
      events.emplace_back(ExtensionEnabled{command.number});
    else
      events.emplace_back(ExtensionDisabled{command.number, DisabledReason::directory_disabled});
  }
  return events;
}

Result<Events> release(const Extension::State& state, const ReleaseExtension& command) {
  if (!state.exists || state.directory != command.directory || state.identity != command.identity) return Events{};
  Events events;
  if (state.enabled) events.emplace_back(ExtensionDisabled{state.number, command.reason});
  if (command.reason == DisabledReason::renumbered)
    events.emplace_back(ExtensionUnlinked{state.number, command.directory, command.identity});
  return events;
}

Result<Events> remove(const Extension::State& state) {
  if (!state.exists) return no_such_extension();
  return Events{ExtensionDeleted{state.number, state.password}};
}

}  // namespace

Result<void> check_name(const std::string& name) {
  if (name.find_first_not_of(" \t\r\n") == std::string::npos)
    return unacceptable("bad_name", "name: it is empty; give the name that phones are to show").with("field", "name");
  if (name.size() > name_limit)
    return unacceptable("bad_name", "name: it has " + std::to_string(name.size()) + " bytes; " +
                                        std::to_string(name_limit) + " is the most")
        .with("field", "name");
  if (const auto fault = control_fault(name); !fault.empty())
    return unacceptable("bad_name", "name: " + fault).with("field", "name");
  return {};
}

Result<void> check_email(const std::string& email) {
  if (email.empty()) return {};
  const auto at = email.find('@');
  const bool plain = email.find(' ') == std::string::npos && !find_control(email);
  if (!plain || email.size() > email_limit || at == 0 || at == std::string::npos || at + 1 == email.size())
    return unacceptable("bad_email", "email: '" + utf8::clip(email, 64) + "' is not an address such as ann@example.com")
        .with("field", "email");
  return {};
}

Result<Events> Extension::decide(const State& state, const Command& command, const Context&) {
  return std::visit(Overloaded{
                        [&](const CreateExtension& c) { return create(state, c); },
                        [&](const ChangeExtension& c) { return change(state, c); },
                        [&](const DeleteExtension&) { return remove(state); },
                        [&](const SyncExtension& c) { return sync(state, c); },
                        [&](const ReleaseExtension& c) { return release(state, c); },
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
          [&](const NameSynced& e) {
            if (e.name) state.name = *e.name;
            if (e.email) state.email = *e.email;
          },
          [&](const ExtensionLinked& e) {
            state.directory = e.directory;
            state.identity = e.identity;
            state.account = e.account;
          },
          [&](const ExtensionUnlinked&) {
            state.directory.clear();
            state.identity = {};
            state.account.clear();
          },
          [&](const ExtensionDisabled& e) {
            state.enabled = false;
            state.disabled_reason = e.reason;
          },
          [&](const ExtensionEnabled&) {
            state.enabled = true;
            state.disabled_reason = {};
          },
          [&](const ExtensionPasswordChanged& e) { state.password = e.password; },
          [&](const ExtensionListingChanged& e) { state.listed = e.listed; },
          [&](const ExtensionDeleted&) { state = initial(); }, [](const auto&) {},  // bindings come and go
      },
      event);
  return state;
}

bool Extension::defines(const Event& event) {
  return std::visit(
      []<class T>(const T&) {
        return boost::mp11::mp_contains<
            boost::mp11::mp_list<ExtensionCreated, ExtensionChanged, ExtensionPasswordChanged, ExtensionDeleted,
                                 NameSynced, ExtensionLinked, ExtensionUnlinked, ExtensionDisabled, ExtensionEnabled,
                                 ExtensionListingChanged>,
            T>::value;
      },
      event);
}

}  // namespace strowger::actors
