// Waiting in an AsyncHandler for something that calls back on another thread.
//
//   auto receipt = co_await completion<Receipt>(request, [&](auto done) { log.append(std::move(append), done); });
#pragma once

#include "adapters/http/loop.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace strowger::http {

inline constexpr std::chrono::seconds longest_wait{15};

// `start` is called at once with a copyable `void(Result<T>)`, which may be called once from any thread, later than
// the server lives, or never: then `unavailable` comes after `limit`.
template <class T, class Start>
Awaitable<Result<T>> completion(const Request& request, Start start, std::chrono::milliseconds limit = longest_wait) {
  struct Waiting {
    std::optional<Result<T>> result;
    Timer* timer = nullptr;  // none once the handler is gone
  };
  struct Leave {
    Waiting& waiting;
    ~Leave() { waiting.timer = nullptr; }
  };
  auto waiting = std::make_shared<Waiting>();
  Timer timer(request.loop->executor(), limit);
  waiting->timer = &timer;
  const Leave leave{*waiting};

  start([waiting, doorway = request.loop->doorway()](Result<T> result) {
    doorway->post([waiting, result = std::move(result)]() mutable {
      waiting->result.emplace(std::move(result));
      if (waiting->timer != nullptr) waiting->timer->cancel();
    });
  });

  error_code fault;
  if (!waiting->result) co_await timer.async_wait(into(fault));
  if (!waiting->result)
    co_return Error{ErrorKind::unavailable, "timed_out",
                    "The server did not finish in time. Whether the change was made is not known; read it again."};
  co_return std::move(*waiting->result);
}

}  // namespace strowger::http
