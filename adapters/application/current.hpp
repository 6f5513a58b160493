// A value that is replaced while others read it: settings, templates.
#pragma once

#include <memory>
#include <mutex>

namespace strowger::application {

// Any thread. Readers hold what they took as long as they need it.
template <class T>
class Current {
 public:
  std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void set(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace strowger::application
