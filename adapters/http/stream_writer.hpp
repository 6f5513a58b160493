// A connection's side of a body that comes bit by bit (body_stream.hpp): framing, time limits, and noticing a reader
// that left.
#pragma once

#include "adapters/http/admission.hpp"
#include "adapters/http/body_stream.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <type_traits>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>

namespace strowger::http {

template <class Stream>
class StreamWriter final : public BodySink {
 public:
  // All outlive it. `session` is whose deadline bounds a write.
  StreamWriter(Loop& loop, Session& session, Stream& stream, const Request& request, const Route& route, bool chunked)
      : loop_(loop),
        session_(session),
        stream_(stream),
        request_(request),
        route_(route),
        chunked_(chunked),
        state_(std::make_shared<State>(loop.executor())) {}

  // Runs the body to its end. Whether the connection is still good for a farewell.
  Awaitable<bool> run(const BodyStream& body) {
    session_.deadline = SteadyClock::time_point::max();
    asio::co_spawn(loop_.executor(), watch(), [state = state_](const std::exception_ptr&) {
      state->watched = false;
      state->wake();
    });
    std::exception_ptr fault;
    try {
      co_await body(*this);
    } catch (...) {
      fault = std::current_exception();
    }
    constexpr std::string_view last_chunk = "0\r\n\r\n";
    if (!fault && chunked_ && !state_->gone) co_await write_raw({&last_chunk, 1});
    // The watcher uses the stream: it has to end first.
    error_code ignored;
    stream_.lowest_layer().cancel(ignored);
    while (state_->watched) co_await wait(SteadyClock::time_point::max());
    if (fault) std::rethrow_exception(fault);
    co_return !state_->gone;
  }

  Awaitable<bool> write(std::span<const std::string_view> parts) override {
    if (state_->gone) co_return false;
    if (!chunked_) co_return co_await write_raw(parts);
    std::size_t size = 0;
    for (const auto part : parts) size += part.size();
    if (size == 0) co_return true;  // which would be the last chunk
    std::array<char, 24> head{};
    const auto length = std::snprintf(head.data(), head.size(), "%zx\r\n", size);
    std::vector<std::string_view> framed;
    framed.reserve(parts.size() + 2);
    framed.emplace_back(head.data(), static_cast<std::size_t>(length));
    framed.insert(framed.end(), parts.begin(), parts.end());
    framed.emplace_back("\r\n");
    co_return co_await write_raw(framed);
  }

  Awaitable<void> wait(SteadyClock::time_point until) override {
    if (!state_->woken) {
      state_->timer.expires_at(until);
      error_code fault;
      co_await state_->timer.async_wait(into(fault));
    }
    state_->woken = false;
  }

  void wake() override { state_->wake(); }
  bool open() const override { return !state_->gone && !loop_.stopping(); }

  bool permitted() const override {
    if (!route_.role) return true;
    const auto who = identify(loop_.common->options, request_);
    return who && who->may(*route_.role);
  }

 private:
  struct State {
    explicit State(Executor executor) : timer(executor) {}
    void wake() {
      woken = true;
      timer.cancel();
    }
    Timer timer;
    bool woken = false;
    bool gone = false;
    bool watched = true;
  };

  // A reader has nothing more to say; that it closes shows here at once, and not when the next event fails to go out.
  Awaitable<void> watch() {
    constexpr std::size_t most_unasked = 64 * 1024;
    std::array<char, 512> unasked{};
    error_code fault;
    for (std::size_t got = 0; !fault && got < most_unasked;)
      got += co_await stream_.async_read_some(asio::buffer(unasked), into(fault));
    if (fault != asio::error::operation_aborted) state_->gone = true;
  }

  Awaitable<bool> write_raw(std::span<const std::string_view> parts) {
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(parts.size());
    std::size_t total = 0;
    for (const auto part : parts) {
      buffers.emplace_back(part.data(), part.size());
      total += part.size();
    }
    error_code fault;
    std::size_t sent = 0;
    if constexpr (std::is_same_v<Stream, Socket>) {
      sent = stream_.write_some(buffers, fault);
      if (fault == asio::error::would_block) fault = {};
    }
    if (!fault && sent < total) {
      auto skip = sent;
      for (auto& buffer : buffers) {
        const auto cut_off = std::min(skip, buffer.size());
        buffer += cut_off;
        skip -= cut_off;
      }
      session_.deadline = loop_.now() + loop_.common->options.limits.stream_write_time;
      sent += co_await asio::async_write(stream_, buffers, into(fault));
      session_.deadline = SteadyClock::time_point::max();
    }
    loop_.counters.bytes_sent.add(sent);
    if (fault) state_->gone = true;
    co_return !fault;
  }

  Loop& loop_;
  Session& session_;
  Stream& stream_;
  const Request& request_;
  const Route& route_;
  const bool chunked_;
  std::shared_ptr<State> state_;
};

}  // namespace strowger::http
