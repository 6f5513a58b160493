// Sweeps the vault a minute after the start, when nobody waits for the disk, and every hour from then on.
#pragma once

#include "adapters/vault/sodium_vault.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace strowger::application {

class KeySweep {
 public:
  using Say = std::function<void(const std::string&)>;  // on its thread

  // The vault outlives it. `info` is told of keys that were destroyed, `warn` of a sweep that failed and is tried
  // again.
  KeySweep(vault::SodiumVault& vault, Say info, Say warn);
  ~KeySweep();  // within a page of the log
  KeySweep(KeySweep&&) = delete;

 private:
  void run(const std::stop_token& stop);

  vault::SodiumVault& vault_;
  const Say info_;
  const Say warn_;
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::jthread thread_;
};

}  // namespace strowger::application
