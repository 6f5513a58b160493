// A phone's file of the past, made again. Reads the log: off the loops.
#pragma once

#include "actors/history/history.hpp"
#include "actors/provisioning/taken_apart.hpp"
#include "adapters/http/services.hpp"

#include <optional>
#include <string>

namespace strowger::http::routes {

struct Restored {
  history::Moment moment;
  provisioning::Past past;
  // With the password as it was; none where its key was destroyed with the extension.
  std::optional<provisioning::Rendered> exact;
  // The file taken apart, with the mask for a password that is destroyed. Fails where a template of one's own cannot be
  // followed: then nothing can be said of its secrets, and it is not shown but as a whole.
  Result<provisioning::TakenApart> parts;
};

Result<Restored> restore(Services& services, const MacAddress& mac, const provisioning::PointInTime& point);

// Why the bytes cannot be made again.
std::string destroyed_note(const provisioning::Past& past);

}  // namespace strowger::http::routes
