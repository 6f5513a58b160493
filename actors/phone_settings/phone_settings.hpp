// The decider of one level's settings of phones: what is set for all, for a site, a vendor, a model or one device.
#pragma once

#include "actors/decider.hpp"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace strowger::actors {

// Values are canonical and secrets sealed (actors/provisioning/phone_settings): checked at the edge.
struct ChangePhoneSettings {
  SettingsLevel level = SettingsLevel::global;
  std::string name;  // empty for global
  std::map<std::string, std::string> set{};
  std::map<std::string, SealedSecret> secrets{};
  std::map<std::string, PhoneKey> keys{};  // by number
  std::vector<std::string> remove{};       // ntp_server, keys.7, or keys: all of them
  bool replace = false;                    // what is not given is removed too, but for `kept`
  std::vector<std::string> kept{};         // secrets that are given again as they are
  SealedSecret sealed_like{};              // whose data key those of `secrets` share; empty: they have their own
};

struct PhoneSettings {
  static constexpr std::string_view category = "phone_settings";
  static constexpr std::uint32_t snapshot_schema = 1;

  struct State {
    std::map<std::string, std::string> set;
    std::map<std::string, SealedSecret> secrets;
    std::map<std::string, PhoneKey> keys;
    BOOST_DESCRIBE_CLASS(State, (), (set, secrets, keys), (), ())
  };
  using Command = std::variant<ChangePhoneSettings>;

  static constexpr std::size_t most_settings = 4'096;  // of a level, of each kind
  static constexpr std::array<Bound, 3> bounds{
      {{"set", most_settings}, {"secrets", most_settings}, {"keys", most_settings}}};

  // `too_many_settings` where a level would have more than its bounds.
  static State initial() { return {}; }
  static Result<std::vector<Event>> decide(const State& state, const Command& command, const Context& context);
  static State evolve(State state, const Event& event);
  static bool defines(const Event& event) { return std::holds_alternative<PhoneSettingsChanged>(event); }
};

}  // namespace strowger::actors
