// Ends the process where its orderly stop takes too long. What was acknowledged is on the disk by then: an end like
// this costs no more than a power cut does.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

namespace strowger::application {

// From now on `limit` is left. Its destructor, on any thread, says that the stop was in time.
class StopLimit {
 public:
  // Calls `last_words` on a thread of its own, then ends the process with exit code 1, without destructors.
  StopLimit(std::chrono::milliseconds limit, std::function<void()> last_words);

 private:
  std::jthread thread_;
};

}  // namespace strowger::application
