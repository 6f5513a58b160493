// Refused requests for phone files, and failed logins, on their way into the log: the first of a kind is appended at
// once, what comes again within log.repeat_window is counted and appended as one event when the window ends, or when
// the server does (folding.hpp). So neither a phone that asks every second nor a flood of strangers fills the disk, and
// still every request counts: untold() is what the log does not have yet.
//
// While the log cannot be written nothing is lost: counts wait. A kill takes away the counts of the windows that are
// open.
#pragma once

#include "adapters/http/folding.hpp"
#include "events/clock.hpp"
#include "events/event.hpp"
#include "events/log.hpp"
#include "events/projection_runner.hpp"
#include "events/projections/requests.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace strowger::http {

struct SightingOptions {
  std::function<std::chrono::seconds()> window;  // asked for each first sighting; zero: each is an event
  FoldingLimits limits{};
  std::chrono::milliseconds retry{1'000};  // while the log takes nothing
};

class Sightings {
 public:
  // All outlive it. With a runner, what is told counts as untold until the projections have it.
  Sightings(EventLog& log, IdSource& ids, Clock clock, ProjectionRunner* runner, SightingOptions options);
  ~Sightings();  // appends what was counted
  Sightings(const Sightings&) = delete;
  Sightings& operator=(const Sightings&) = delete;

  // Any thread; neither waits for the log.
  void refused(ConfigRefused event);
  void login_failed(LoginFailed event);

  // Requests that are counted, and not yet in the projections.
  RequestCounts untold() const;
  // The same as rows of the request history, newest first: as they will be in it.
  std::vector<RequestRow> open_rows() const;
  // Events not appended, but counted instead, since the start.
  std::uint64_t folded() const;

 private:
  struct State;
  template <class T>
  void seen(T event);

  const std::shared_ptr<State> state_;  // completions may come after the end
  std::thread thread_;
};

}  // namespace strowger::http
