#include "adapters/application/stop_limit.hpp"

#include <condition_variable>
#include <cstdlib>
#include <mutex>

namespace strowger::application {

StopLimit::StopLimit(std::chrono::milliseconds limit, std::function<void()> last_words)
    : thread_([limit, last_words = std::move(last_words)](const std::stop_token& in_time) {
        std::mutex mutex;
        std::condition_variable_any changed;
        std::unique_lock lock(mutex);
        changed.wait_for(lock, in_time, limit, [] { return false; });
        if (in_time.stop_requested()) return;
        last_words();
        std::_Exit(1);
      }) {}

}  // namespace strowger::application
