// Appends from several threads until it is told to stop, and says what was acknowledged. What it appends can be
// checked afterwards by looking at the log alone: writer w's n-th request is one or two events in the stream of a
// device of its own choice, the state row load/<w> = n, and the idempotency key <run>/<w>/<n>.
#pragma once

#include "events/log.hpp"
#include "tests/support/sample_events.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <random>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

namespace strowger::test {

struct Acknowledged {
  std::uint32_t run = 0;
  std::uint32_t writer = 0;
  std::uint64_t number = 0;  // of the writer's request, from 1
  std::uint64_t device = 0;
  std::uint64_t version = 0;
  std::uint64_t position = 0;
  std::array<std::uint8_t, 16> id{};  // of its last event
};

inline std::string load_key(std::uint32_t run, std::uint32_t writer, std::uint64_t n) {
  return std::to_string(run) + '/' + std::to_string(writer) + '/' + std::to_string(n);
}

class LogLoad {
 public:
  static constexpr std::uint32_t writers = 3;
  static constexpr std::uint64_t devices = 40;

  // `acknowledged` runs on the log's writer thread.
  LogLoad(EventLog& log, std::uint32_t run, std::function<void(const Acknowledged&)> acknowledged)
      : log_(log), run_(run), acknowledged_(std::move(acknowledged)) {
    for (std::uint32_t w = 0; w < writers; ++w) threads_.emplace_back([this, w] { write(w); });
  }
  ~LogLoad() { stop(); }
  // Returns when every request was answered.
  void stop() {
    stop_ = true;
    threads_.clear();
  }

 private:
  static constexpr std::ptrdiff_t in_flight = 8;

  void write(std::uint32_t writer) {
    std::counting_semaphore<in_flight> free(in_flight);
    std::mt19937_64 random(run_ * 31 + writer);
    for (std::uint64_t n = 1; !stop_; ++n) {
      free.acquire();
      const std::uint64_t device = random() % devices;
      auto request = sample_append(device, ids_);
      if (random() % 4 == 0) request.events.push_back(sample_event(device, ids_, "/provision/second.cfg"));
      request.state.push_back({"load", std::to_string(writer), std::to_string(run_) + '/' + std::to_string(n)});
      request.idempotency_key = load_key(run_, writer, n);
      Acknowledged ack{run_, writer, n, device, 0, 0, request.events.back().id.bytes};
      log_.append(std::move(request), [this, ack, &free](const Result<Receipt>& receipt) mutable {
        if (receipt) {
          ack.version = strowger::number(receipt->version);
          ack.position = strowger::number(receipt->position);
          acknowledged_(ack);
        }
        free.release();
      });
      if (random() % 16 == 0)
        log_.save_snapshot(StreamId("device", "any"), {StreamVersion{n}, 1, std::string(200, 's')});
    }
    for (std::ptrdiff_t i = 0; i < in_flight; ++i) free.acquire();
  }

  EventLog& log_;
  const std::uint32_t run_;
  const std::function<void(const Acknowledged&)> acknowledged_;
  IdSource ids_;
  std::atomic<bool> stop_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace strowger::test
