// EntityActor gives a decider life: hydrate, decide, append, evolve on commit, reply.
//
// One command at a time: while the log is read or an append is in flight, further commands are stashed in order, up to
// a bound. The log is the only truth: the state evolves when the append has committed, never before. Another node or an
// import may append to the stream too; the append of a decision then meets a version conflict, the actor reads what it
// missed and decides again.
//
// The cached state may be older than the log. A decision finds that out by its append. Where there is none to append
// (If-Match names another version, the command is refused, or nothing has to change), the actor catches up first and
// judges again, If-Match included. So each answer is that of a state that the log had while the command was under way.
//
// The log is read on the world's readers, a slice at a time, and never on a thread of the scheduler.
//
// Messages it takes:
//   AskPtr<D>      a command, from the router
//   CaughtUp       its state is that of the log's end, or could not be read; from a reader's thread
//   Committed      the log's answer to its own append, from the log's writer thread
//   Drain          from the router: finish what is at hand, answer Drained to the router, and end
#pragma once

#include "actors/ask.hpp"
#include "actors/decider.hpp"
#include "actors/entity_image.hpp"
#include "actors/entity_world.hpp"

#include <deque>
#include <memory>

#include <caf/all.hpp>

namespace strowger::actors {

struct CaughtUp {
  std::shared_ptr<const Result<void>> result;
};
struct Committed {
  std::shared_ptr<const Result<Receipt>> result;
};
struct Drain {};
struct Drained {
  std::string key;
};

template <Decider D>
class EntityState {
 public:
  static inline const char* name = "entity";

  EntityState(caf::event_based_actor* self) : self_(self) {}

  void start(EntityWorld& world, StreamId stream, caf::actor router) {
    world_ = &world;
    key_ = std::string(stream.key());
    image_ = std::make_shared<EntityImage<D>>(std::move(stream));
    router_ = std::move(router);
  }

  void take(AskPtr<D> ask) {
    if (!in_flight_)
      begin(std::move(ask));
    else if (stash_.size() < world_->limits.most_stashed)
      stash_.push_back(std::move(ask));
    else
      ask->reply(overloaded("too many commands for " + std::string(D::category) + "/" + key_ +
                            " are under way; try again in a second"));
  }

  void caught_up(const Result<void>& result) {
    decide(std::exchange(in_flight_, nullptr), result);
    go_on();
  }

  void committed(const Result<Receipt>& result) {
    auto ask = std::exchange(in_flight_, nullptr);
    ask->reply.decided(false);
    if (result) {
      if (result->repeated)
        answer_repetition(*ask, *result);
      else
        finish(*ask, *result);
    } else if (result.error().code == "version_conflict" && tries_ < world_->limits.conflict_retries) {
      ++tries_;
      catch_up(std::move(ask));
    } else {
      ask->reply(result.error());
    }
    go_on();
  }

  void drain() {
    draining_ = true;
    end_if_drained();
  }

 private:
  void begin(AskPtr<D> ask) {
    tries_ = 0;
    if (!ask->meta.idempotency_key.empty()) {
      const auto known = world_->log.find_receipt(ask->meta.idempotency_key);
      if (!known) return ask->reply(known.error());
      if (*known) return answer_repetition(*ask, **known);
    }
    if (!image_->hydrated()) return catch_up(std::move(ask));
    auto decided = judge(*ask);
    if (!decided || decided->empty()) return catch_up(std::move(ask));
    append(std::move(ask), std::move(*decided));
  }

  void go_on() {
    while (!in_flight_ && !stash_.empty()) {
      auto next_ask = std::move(stash_.front());
      stash_.pop_front();
      begin(std::move(next_ask));
    }
    end_if_drained();
  }

  // Reads the log; then decides. Meanwhile the image is the reader's.
  void catch_up(AskPtr<D> ask) {
    if (!world_->readers) {
      const auto done = image_->catch_up(*world_);
      return decide(std::move(ask), done);
    }
    in_flight_ = std::move(ask);
    read_some(*world_, image_, caf::actor_cast<caf::actor>(self_));
  }

  static void read_some(EntityWorld& world, std::shared_ptr<EntityImage<D>> image, caf::actor self) {
    world.readers->run([&world, image = std::move(image), self = std::move(self)]() mutable {
      const auto more = image->catch_up_some(world);
      if (more && *more) return read_some(world, std::move(image), std::move(self));
      image.reset();
      caf::anon_send(self, CaughtUp{std::make_shared<const Result<void>>(more ? Result<void>() : more.error())});
    });
  }

  void decide(AskPtr<D> ask, const Result<void>& caught_up) {
    if (!caught_up) return ask->reply(caught_up.error());
    auto decided = judge(*ask);
    if (!decided) return ask->reply(decided.error());
    if (decided->empty())
      return ask->reply(
          Outcome{{}, ask->meta.cause.correlation, image_->version(), world_->log.last_position(), false});
    append(std::move(ask), std::move(*decided));
  }

  // By the state in memory, whatever its age.
  Result<std::vector<Event>> judge(const Ask<D>& ask) const {
    const auto& match = ask.meta.if_match;
    if (match && *match != image_->definition())
      return Error{ErrorKind::stale,
                   "version_mismatch",
                   image_->stream().text() + " has changed since you read it: it is at version " +
                       std::to_string(number(image_->definition())) + ", If-Match named " +
                       std::to_string(number(*match)) + "; read it again",
                   {}};
    return D::decide(image_->state(), ask.command, Context{world_->clock(), ask.meta.cause.by, world_->ids});
  }

  void append(AskPtr<D> ask, std::vector<Event> decided) {
    AppendRequest request{
        image_->stream(), ExpectedVersion::exactly(image_->version()), {}, {}, ask->meta.idempotency_key};
    Cause cause = ask->meta.cause;
    const Timestamp now = world_->clock();
    for (const auto& event : decided) {
      request.events.push_back(encode(event, cause, now, world_->ids));
      cause.correlation = request.events.back().correlation;  // the first event's, where the command brought none
    }
    pending_ = std::move(decided);
    correlation_ = cause.correlation;
    in_flight_ = std::move(ask);
    in_flight_->reply.decided(true);
    world_->log.append(std::move(request), [self = caf::actor_cast<caf::actor>(self_)](Result<Receipt> receipt) {
      caf::anon_send(self, Committed{std::make_shared<const Result<Receipt>>(std::move(receipt))});
    });
  }

  void finish(Ask<D>& ask, const Receipt& receipt) {
    for (const auto& event : pending_) image_->apply(event, next(image_->version()));
    image_->snapshot_if_due(*world_);
    ask.reply(Outcome{std::move(pending_), correlation_, receipt.version, receipt.position, false});
    pending_.clear();
  }

  void answer_repetition(Ask<D>& ask, const Receipt& receipt) {
    ask.reply(Outcome{{}, ask.meta.cause.correlation, receipt.version, receipt.position, true});
  }

  void end_if_drained() {
    if (!draining_ || in_flight_ || !stash_.empty()) return;
    self_->send(router_, Drained{key_});
    router_ = nullptr;
    self_->quit();
  }

  caf::event_based_actor* self_;
  EntityWorld* world_ = nullptr;
  caf::actor router_;
  std::string key_;
  std::shared_ptr<EntityImage<D>> image_;  // shared with the reader at work
  bool draining_ = false;

  AskPtr<D> in_flight_;  // the log is read for it, or its decision is being appended
  std::vector<Event> pending_;
  Uuid correlation_;
  std::size_t tries_ = 0;
  std::deque<AskPtr<D>> stash_;
};

template <Decider D>
caf::behavior entity_actor(caf::stateful_actor<EntityState<D>>* self, EntityWorld* world, StreamId stream,
                           caf::actor router) {
  self->state.start(*world, std::move(stream), std::move(router));
  return {
      [self](AskPtr<D>& ask) { self->state.take(std::move(ask)); },
      [self](const CaughtUp& message) { self->state.caught_up(*message.result); },
      [self](const Committed& message) { self->state.committed(*message.result); },
      [self](Drain) { self->state.drain(); },
  };
}

}  // namespace strowger::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(strowger::actors::CaughtUp)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(strowger::actors::Committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(strowger::actors::Drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(strowger::actors::Drained)
namespace caf {
template <class D>
struct allowed_unsafe_message_type<strowger::actors::AskPtr<D>> : std::true_type {};
}  // namespace caf
