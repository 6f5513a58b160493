#include "adapters/application/key_sweep.hpp"

#include <pthread.h>

namespace strowger::application {

KeySweep::KeySweep(vault::SodiumVault& vault, Say info, Say warn)
    : vault_(vault), info_(std::move(info)), warn_(std::move(warn)), thread_([this](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "key-sweep");
        run(stop);
      }) {}

KeySweep::~KeySweep() = default;

void KeySweep::run(const std::stop_token& stop) {
  std::chrono::seconds pause = std::chrono::minutes(1);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      ended_.wait_for(lock, stop, pause, [] { return false; });
    }
    if (stop.stop_requested()) return;
    pause = std::chrono::hours(1);
    const auto swept = vault_.sweep(stop);
    if (!swept)
      warn_("Data keys that no secret uses cannot be destroyed yet: " + swept.error().message);
    else if (swept->destroyed > 0)
      info_(std::to_string(swept->destroyed) + " data keys were destroyed: no secret uses them");
  }
}

}  // namespace strowger::application
