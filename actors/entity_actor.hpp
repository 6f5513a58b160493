// EntityActor gives a decider life: hydrate, decide, append, evolve on commit, reply.
//
// One command at a time: while an append is in flight, further commands are stashed in order. The log is the only
// truth: the state evolves when the append has committed, never before. Facts about the entity are appended by others
// with any version; the append of a decision then meets a version conflict, the actor reads what it missed and
// decides again.
//
// Messages it takes:
//   AskPtr<D>      a command, from the router
//   Committed      the log's answer to its own append, from the log's writer thread
//   Drain          from the router: finish what is at hand, answer Drained to the router, and end
#pragma once

#include "actors/ask.hpp"
#include "actors/decider.hpp"
#include "actors/entity_world.hpp"
#include "events/json.hpp"

#include <deque>
#include <memory>

#include <caf/all.hpp>

namespace strowger::actors {

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
    stream_ = std::move(stream);
    router_ = std::move(router);
  }

  void take(AskPtr<D> ask) {
    if (in_flight_)
      stash_.push_back(std::move(ask));
    else
      begin(std::move(ask));
  }

  void committed(const Result<Receipt>& result) {
    auto ask = std::exchange(in_flight_, nullptr);
    if (result) {
      if (result->repeated)
        answer_repetition(*ask, *result);
      else
        finish(*ask, *result);
    } else if (result.error().code == "version_conflict" && tries_ < world_->limits.conflict_retries) {
      ++tries_;
      decide(std::move(ask));  // catches up first
    } else {
      ask->reply(result.error());
    }
    while (!in_flight_ && !stash_.empty()) {
      auto next_ask = std::move(stash_.front());
      stash_.pop_front();
      begin(std::move(next_ask));
    }
    end_if_drained();
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
    if (hydrated_)
      decide_on_present(std::move(ask));
    else
      decide(std::move(ask));
  }

  void decide(AskPtr<D> ask) {
    if (auto done = catch_up(); !done) return ask->reply(done.error());
    decide_on_present(std::move(ask));
  }

  void decide_on_present(AskPtr<D> ask) {
    if (ask->meta.if_match && *ask->meta.if_match != definition_) {
      // What is in memory may be older than the log, where another node or a fact wrote meanwhile: look before
      // refusing.
      if (auto done = catch_up(); !done) return ask->reply(done.error());
      if (*ask->meta.if_match != definition_)
        return ask->reply(Error{ErrorKind::stale,
                                "version_mismatch",
                                stream_.text() + " has changed since you read it: it is at version " +
                                    std::to_string(number(definition_)) + ", If-Match named " +
                                    std::to_string(number(*ask->meta.if_match)) + "; read it again",
                                {}});
    }
    const auto decide_now = [&] {
      return D::decide(state_, ask->command, Context{world_->clock(), ask->meta.cause.by, world_->ids});
    };
    auto decided = decide_now();
    if (!decided || decided->empty()) {
      // The same goes for what is refused or needs nothing: where anything is decided, its append would find out.
      const auto looked = version_;
      if (auto done = catch_up(); !done) return ask->reply(done.error());
      if (version_ != looked) decided = decide_now();
    }
    if (!decided) return ask->reply(decided.error());
    if (decided->empty())
      return ask->reply(Outcome{{}, ask->meta.cause.correlation, version_, world_->log.last_position(), false});

    AppendRequest request{stream_, ExpectedVersion::exactly(version_), {}, {}, ask->meta.idempotency_key};
    Cause cause = ask->meta.cause;
    const Timestamp now = world_->clock();
    for (const auto& event : *decided) {
      request.events.push_back(encode(event, cause, now, world_->ids));
      cause.correlation = request.events.back().correlation;  // the first event's, where the command brought none
    }
    pending_ = std::move(*decided);
    correlation_ = cause.correlation;
    in_flight_ = std::move(ask);
    world_->log.append(std::move(request), [self = caf::actor_cast<caf::actor>(self_)](Result<Receipt> receipt) {
      caf::anon_send(self, Committed{std::make_shared<const Result<Receipt>>(std::move(receipt))});
    });
  }

  void finish(Ask<D>& ask, const Receipt& receipt) {
    for (const auto& event : pending_) apply(event, next(version_));
    snapshot_if_due();
    ask.reply(Outcome{std::move(pending_), correlation_, receipt.version, receipt.position, false});
    pending_.clear();
  }

  void answer_repetition(Ask<D>& ask, const Receipt& receipt) {
    ask.reply(Outcome{{}, ask.meta.cause.correlation, receipt.version, receipt.position, true});
  }

  // Brings state and version up to the log's end.
  Result<void> catch_up() {
    if (!hydrated_) {
      auto snapshot = world_->log.load_snapshot(stream_);
      if (!snapshot) return snapshot.error();
      state_ = D::initial();
      auto& counters = *world_->counters;
      auto* brought_back = *snapshot ? &counters.unreadable_snapshot : &counters.without_snapshot;
      if (*snapshot && (*snapshot)->schema == D::snapshot_schema) {
        // A snapshot that cannot be read costs only time: the stream has it all.
        if (auto stored = json::from_string<Stored>((*snapshot)->data)) {
          state_ = std::move(stored->state);
          definition_ = stored->definition;
          version_ = snapshotted_ = (*snapshot)->version;
          brought_back = &counters.from_snapshot;
        }
      }
      ++*brought_back;
    }
    for (;;) {
      auto records = world_->log.read_stream(stream_, version_, world_->limits.read_batch);
      if (!records) return records.error();
      for (const auto& record : *records) {
        // A damaged event changes nothing. One of a newer release may be a decision that this one does not know:
        // nothing is decided on half a state.
        const auto envelope = decode_or_quarantine(record);
        const auto* unread = std::get_if<Undecodable>(&envelope.event);
        if (unread != nullptr && unread->newer)
          return unavailable("newer_release", stream_.text() + " cannot be changed: " + unread->reason);
        apply(envelope.event, record.version);
      }
      if (!hydrated_) world_->counters->replayed += records->size();
      if (records->size() < world_->limits.read_batch) break;
    }
    hydrated_ = true;
    snapshot_if_due();
    return {};
  }

  void apply(const Event& event, StreamVersion version) {
    state_ = D::evolve(std::move(state_), event);
    version_ = version;
    if (D::defines(event)) definition_ = version;
  }

  void snapshot_if_due() {
    if (number(version_) < number(snapshotted_) + world_->limits.snapshot_every) return;
    world_->log.save_snapshot(stream_,
                              Snapshot{version_, D::snapshot_schema, json::to_string(Stored{state_, definition_})});
    snapshotted_ = version_;
  }

  void end_if_drained() {
    if (!draining_ || in_flight_ || !stash_.empty()) return;
    self_->send(router_, Drained{std::string(stream_.key())});
    router_ = nullptr;
    self_->quit();
  }

  struct Stored {
    typename D::State state;
    StreamVersion definition{};
    BOOST_DESCRIBE_CLASS(Stored, (), (state, definition), (), ())
  };

  caf::event_based_actor* self_;
  EntityWorld* world_ = nullptr;
  StreamId stream_;
  caf::actor router_;

  typename D::State state_ = D::initial();
  StreamVersion version_{};
  StreamVersion definition_{};
  StreamVersion snapshotted_{};
  bool hydrated_ = false;
  bool draining_ = false;

  AskPtr<D> in_flight_;
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
      [self](const Committed& message) { self->state.committed(*message.result); },
      [self](Drain) { self->state.drain(); },
  };
}

}  // namespace strowger::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(strowger::actors::Committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(strowger::actors::Drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(strowger::actors::Drained)
namespace caf {
template <class D>
struct allowed_unsafe_message_type<strowger::actors::AskPtr<D>> : std::true_type {};
}  // namespace caf
