// Versions of firmware, as phones say them in their User-Agent: 66.86.0.15, 5.9.6.2327, 1.0.11.39, 10.1.169.16,
// V2.12.1.
#pragma once

#include <cstdint>
#include <string_view>

namespace strowger::provisioning {

// How what a phone runs is to what it shall run.
enum class FirmwareState : std::uint8_t {
  not_wanted,  // nobody said which it shall run
  unknown,     // the phone did not say which it runs
  current,
  behind,  // an older one, or one that cannot be compared
  ahead,
};
std::string_view to_string(FirmwareState state);

FirmwareState compare_firmware(std::string_view running, std::string_view wanted);

}  // namespace strowger::provisioning
