// A reply whose body comes bit by bit, for as long as somebody reads it: Server-Sent Events.
//
//   response.stream = [feed](BodySink& sink) -> Awaitable<void> {
//     while (sink.open()) { …; if (!co_await sink.write(parts)) break; co_await sink.wait(until); }
//   };
//
// The connection ends with the body. Everything here happens on the loop's thread.
#pragma once

#include "adapters/http/asio.hpp"

#include <functional>
#include <span>
#include <string_view>

namespace strowger::http {

class BodySink {
 public:
  virtual ~BodySink() = default;
  // Sends all of it; what is sent stays where it is until then. False: the reader is gone, or did not take it in time;
  // the body ends.
  virtual Awaitable<bool> write(std::span<const std::string_view> parts) = 0;
  // Until then, or until wake(), also one that came before.
  virtual Awaitable<void> wait(SteadyClock::time_point until) = 0;
  virtual void wake() = 0;
  // Whether to go on: the reader is there and the server does not stop. Each end of it wakes.
  virtual bool open() const = 0;
  // Whether who asked still may: the token may have expired or been revoked since.
  virtual bool permitted() const = 0;
};

using BodyStream = std::function<Awaitable<void>(BodySink& sink)>;

}  // namespace strowger::http
