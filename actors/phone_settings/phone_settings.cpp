#include "actors/phone_settings/phone_settings.hpp"

#include <algorithm>

namespace strowger::actors {
namespace {

constexpr std::string_view key_prefix = "keys.";

// What of `wanted` is not so already.
template <class T>
std::map<std::string, T> changes(const std::map<std::string, T>& present, const std::map<std::string, T>& wanted) {
  std::map<std::string, T> out;
  for (const auto& [name, value] : wanted) {
    const auto found = present.find(name);
    if (found == present.end() || found->second != value) out.emplace(name, value);
  }
  return out;
}

std::vector<std::string> names_of(const PhoneSettings::State& state) {
  std::vector<std::string> out;
  for (const auto& [name, value] : state.set) out.push_back(name);
  for (const auto& [name, secret] : state.secrets) out.push_back(name);
  for (const auto& [number, key] : state.keys) out.push_back(std::string(key_prefix) + number);
  return out;
}

bool is_given(const ChangePhoneSettings& command, const std::string& name) {
  if (name.starts_with(key_prefix)) return command.keys.contains(name.substr(key_prefix.size()));
  return command.set.contains(name) || command.secrets.contains(name) ||
         std::find(command.kept.begin(), command.kept.end(), name) != command.kept.end();
}

bool is_removed(const ChangePhoneSettings& command, const std::string& name) {
  const auto has = [&](std::string_view one) {
    return std::find(command.remove.begin(), command.remove.end(), one) != command.remove.end();
  };
  return command.replace || has(name) || (name.starts_with(key_prefix) && has("keys"));
}

}  // namespace

Result<std::vector<Event>> PhoneSettings::decide(const State& state, const Command& command, const Context&) {
  const auto& change = std::get<ChangePhoneSettings>(command);
  if (!change.sealed_like.empty()) {
    const auto shares = [&](const auto& one) { return one.second.key() == change.sealed_like.key(); };
    if (std::ranges::none_of(state.secrets, shares)) return check_sibling(change.sealed_like, {}).error();
  }
  PhoneSettingsChanged event{change.level, change.name, {}, {}, {}, {}};
  event.set = changes(state.set, change.set);
  event.secrets = changes(state.secrets, change.secrets);
  event.keys = changes(state.keys, change.keys);
  for (auto& name : names_of(state))
    if (is_removed(change, name) && !is_given(change, name)) event.removed.push_back(std::move(name));
  const auto after = evolve(state, Event(event));
  for (const auto size : {after.set.size(), after.secrets.size(), after.keys.size()})
    if (size > most_settings)
      return unacceptable("too_many_settings", "a level has at most " + std::to_string(most_settings) +
                                                   " settings, secrets and keys each; this would be " +
                                                   std::to_string(size));
  if (event.set.empty() && event.secrets.empty() && event.keys.empty() && event.removed.empty())
    return std::vector<Event>{};
  return std::vector<Event>{std::move(event)};
}

PhoneSettings::State PhoneSettings::evolve(State state, const Event& event) {
  const auto* change = std::get_if<PhoneSettingsChanged>(&event);
  if (change == nullptr) return state;
  for (const auto& [name, value] : change->set) state.set.insert_or_assign(name, value);
  for (const auto& [name, secret] : change->secrets) state.secrets.insert_or_assign(name, secret);
  for (const auto& [number, key] : change->keys) state.keys.insert_or_assign(number, key);
  for (const auto& name : change->removed) {
    if (name.starts_with(key_prefix))
      state.keys.erase(name.substr(key_prefix.size()));
    else if (state.set.erase(name) == 0)
      state.secrets.erase(name);
  }
  return state;
}

}  // namespace strowger::actors
