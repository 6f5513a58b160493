// The device's decider: which extension a physical phone serves, and whether it is being told to reboot.
#pragma once

#include "actors/decider.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace strowger::actors {

// Vendor and model are canonical (actors/provisioning/vendors), the extension exists: checked at the edge.
struct RegisterDevice {
  MacAddress mac;
  ExtensionNumber extension;
  std::string vendor;
  std::string model;
  // A phone is registered on the extension, so that there is somebody to tell.
  bool phone_present = false;
  // Not given: as they were.
  std::optional<std::string> site{};
  std::optional<std::vector<DeviceLine>> lines{};
};

struct ChangeDevice {
  std::optional<ExtensionNumber> extension;
  std::optional<std::string> vendor;
  std::optional<std::string> model;
  std::optional<std::string> site{};
  std::optional<std::vector<DeviceLine>> lines{};  // those after the first, and the first where it has a label
};

struct UnregisterDevice {};

struct RequestReboot {
  RebootVerb verb = RebootVerb::reboot;
  RebootReason reason = RebootReason::manual;
};

// What became of telling the phone; from the reboot reactor.
struct ReportReboot {
  enum class Answer : std::uint8_t { accepted, refused, none };
  Uuid reboot;
  Answer answer = Answer::none;
  std::string contact;
  std::uint16_t status = 0;
  std::string phrase;  // of the refusal, or why there was no answer
};

struct Device {
  static constexpr std::string_view category = "device";
  static constexpr std::uint32_t snapshot_schema = 1;

  struct State {
    bool registered = false;
    MacAddress mac;
    ExtensionNumber extension;
    std::string vendor;
    std::string model;
    std::optional<Uuid> telling;  // the reboot that has no answer yet
    std::string site;
    std::vector<DeviceLine> lines;
    BOOST_DESCRIBE_CLASS(State, (), (registered, mac, extension, vendor, model, telling, site, lines), (), ())
  };
  using Command = std::variant<RegisterDevice, ChangeDevice, UnregisterDevice, RequestReboot, ReportReboot>;

  static State initial() { return {}; }
  static Result<std::vector<Event>> decide(const State& state, const Command& command, const Context& context);
  static State evolve(State state, const Event& event);
  static bool defines(const Event& event);
};

}  // namespace strowger::actors
