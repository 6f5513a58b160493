// Which devices' files an event may have changed. Answered too often costs a render, answered too seldom leaves a phone
// with an old file: so a kind of event that is not known is taken for one that may.
#pragma once

#include "events/record.hpp"
#include "events/types/device.hpp"

#include <optional>
#include <string>

namespace strowger::convergence {

struct Affected {
  enum class Whose : std::uint8_t { device, extension, model, all };
  Whose whose = Whose::all;
  std::string key;  // MAC address, extension number, <vendor>_<model>
  RebootReason reason = RebootReason::config_changed;
};

// By the stream and the type alone: nothing is decoded.
std::optional<Affected> affected_by(const Record& record);

}  // namespace strowger::convergence
