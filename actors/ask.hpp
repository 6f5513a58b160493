// A command on its way to an entity, and the answer on its way back.
#pragma once

#include "events/event.hpp"
#include "events/log.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace strowger::actors {

// Who asks, and on what grounds.
struct AskMeta {
  Cause cause;
  // The entity must still be at this definition version (If-Match); else the answer is `stale`.
  std::optional<StreamVersion> if_match;
  // A repeated command with the same key is not decided again; the answer says so (API.md: Idempotency-Key).
  std::string idempotency_key;
};

struct Outcome {
  std::vector<Event> events;  // what was decided; empty where nothing had to change or the command was a repetition
  Uuid correlation;
  StreamVersion version{};  // of the stream
  Position position{};      // what a read-your-writes query must have applied
  bool repeated = false;
};

using Reply = std::function<void(Result<Outcome>)>;

// Answers exactly once: if nobody did (the actor died, the system stops), its end does. A decision that was handed to
// the log by then may be in it or not: the answer says which of the two cases it is.
class ReplyOnce {
 public:
  explicit ReplyOnce(Reply reply) : reply_(std::move(reply)) {}
  ReplyOnce(ReplyOnce&&) = delete;
  ~ReplyOnce() {
    if (!reply_) return;
    (*this)(decided_ ? unavailable("outcome_unknown",
                                   "the server stopped while the command was being recorded, and it may have taken "
                                   "effect: look before you ask again, or ask again with the same Idempotency-Key")
                     : unavailable("not_answered", "the server stopped before the command was decided; ask again"));
  }
  // Whether what was decided is on its way into the log.
  void decided(bool so) { decided_ = so; }
  void operator()(Result<Outcome> outcome) {
    if (auto reply = std::exchange(reply_, nullptr)) reply(std::move(outcome));
  }

 private:
  Reply reply_;
  bool decided_ = false;
};

template <class D>
struct Ask {
  Ask(std::string entity, typename D::Command what, AskMeta grounds, Reply then)
      : key(std::move(entity)), command(std::move(what)), meta(std::move(grounds)), reply(std::move(then)) {}

  std::string key;
  typename D::Command command;
  AskMeta meta;
  ReplyOnce reply;
};

template <class D>
using AskPtr = std::shared_ptr<Ask<D>>;

}  // namespace strowger::actors
