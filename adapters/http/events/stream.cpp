#include "adapters/http/events/stream.hpp"

#include <algorithm>

namespace strowger::http::events {
namespace {

constexpr std::size_t piece = 64 * 1024;  // bytes, about, of one write
constexpr std::string_view preamble = "retry: 2000\n\n";

class Reader {
 public:
  Reader(Feed& feed, BodySink& sink, const Request& request, Filter filter, Position after)
      : feed_(feed),
        sink_(sink),
        request_(request),
        filter_(std::make_shared<const Filter>(std::move(filter))),
        reached_(after),
        told_(after) {}

  Awaitable<void> run() {
    if (!co_await say(std::string(preamble))) co_return;
    auto recheck = SteadyClock::now() + feed_.options().recheck;
    while (sink_.open()) {
      const auto now = SteadyClock::now();
      if (now >= recheck) {
        if (!sink_.permitted()) {
          co_await say(": the token is no longer valid\n\n");
          co_return;
        }
        recheck = now + feed_.options().recheck;
      }
      if (now >= silent_ && !co_await beat()) co_return;
      std::vector<BatchPtr> batches;
      if (feed_.take(reached_, piece, batches)) {
        if (batches.empty()) {
          co_await sink_.wait(std::min(silent_, recheck));
          continue;
        }
        const auto last = batches.back()->last();
        if (!co_await send(batches)) co_return;
        reached_ = last;
        continue;
      }
      const auto past = co_await feed_.read_past(request_, reached_, filter_);
      if (past && past->reached > reached_) {
        if (!co_await send(past->batches)) co_return;
        reached_ = past->reached;
      } else {
        // The feed is about to follow the log, or cannot be served at this moment: nothing is lost by waiting.
        co_await sink_.wait(now + std::chrono::milliseconds(200));
      }
    }
  }

 private:
  // What of the batches is new and wanted; texts that lie side by side go as one.
  Awaitable<bool> send(const std::vector<BatchPtr>& batches) {
    std::vector<std::string_view> parts;
    std::size_t events = 0;
    for (const auto& batch : batches) {
      std::size_t begin = 0;
      const char* end_of_last = nullptr;
      for (const auto& item : batch->items) {
        const std::string_view text(batch->text.data() + begin, item.end - begin);
        begin = item.end;
        if (item.record.position <= reached_ || !filter_->matches(item.record)) continue;
        if (end_of_last == text.data())
          parts.back() = {parts.back().data(), parts.back().size() + text.size()};
        else
          parts.push_back(text);
        end_of_last = text.data() + text.size();
        told_ = item.record.position;
        ++events;
      }
    }
    if (parts.empty()) co_return true;
    silent_ = SteadyClock::now() + feed_.options().heartbeat;
    const bool sent = co_await sink_.write(parts);
    if (sent) feed_.count_delivered(events);
    co_return sent;
  }

  // Also moves the id on, so that a reader whose filter rarely matches does not resume far back.
  Awaitable<bool> beat() {
    if (told_ == reached_) co_return co_await say(": still here\n\n");
    told_ = reached_;
    co_return co_await say(": still here\nid: " + std::to_string(number(reached_)) + "\n\n");
  }

  Awaitable<bool> say(std::string text) {
    silent_ = SteadyClock::now() + feed_.options().heartbeat;
    const std::string_view part = text;
    co_return co_await sink_.write({&part, 1});
  }

  Feed& feed_;
  BodySink& sink_;
  const Request& request_;
  const std::shared_ptr<const Filter> filter_;
  Position reached_;                  // up to which the log was looked at
  Position told_;                     // the last id that the reader was sent
  SteadyClock::time_point silent_{};  // when there will have been nothing for a heartbeat
};

}  // namespace

BodyStream stream(std::shared_ptr<Feed> feed, std::shared_ptr<Feed::Seat> seat, const Request& request, Filter filter,
                  Position after) {
  return [feed = std::move(feed), seat = std::move(seat), &request, filter = std::move(filter),
          after](BodySink& sink) -> Awaitable<void> {
    seat->occupy(request.loop->doorway(), sink);
    struct Leave {
      Feed::Seat& seat;
      ~Leave() { seat.leave(); }
    };
    const Leave leave{*seat};
    Reader reader(*feed, sink, request, filter, after);
    co_await reader.run();
  };
}

}  // namespace strowger::http::events
