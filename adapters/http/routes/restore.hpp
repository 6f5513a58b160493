// A phone's file of the past, made again. Reads the log: off the loops.
#pragma once

#include "actors/history/history.hpp"
#include "actors/provisioning/taken_apart.hpp"
#include "adapters/http/provision/services.hpp"

#include <optional>
#include <stop_token>
#include <string>

namespace strowger::http::routes {

struct Restored {
  history::Moment moment;  // that was asked for
  provisioning::Past past;
  // With the password as it was; none where its key was destroyed with the extension.
  std::optional<provisioning::Rendered> exact;
  // The file taken apart, with the mask for a password that is destroyed. Fails where a template of one's own cannot be
  // followed: then nothing can be said of its secrets, and it is not shown but as a whole.
  Result<provisioning::TakenApart> parts;
  // What is to be known of it: that it was rendered before a change that was recorded first, or cannot be made again.
  std::string note{};
  bool as_recorded = true;  // where `moment` is that of a fetch: `exact` has the ETag that was recorded

  bool is_exact() const { return exact && as_recorded; }
};

// Where the point is that of a fetch of this device, it is the file that was sent, also where a change was recorded
// before the fetch but had not reached the phones' files yet.
Result<Restored> restore(Services& services, const MacAddress& mac, const provisioning::PointInTime& point,
                         const std::stop_token& stop = {});

}  // namespace strowger::http::routes
