// An entity as the log has it: its decider's state with the versions that the state is of.
//
// Threads: one at a time; catch_up() reads the log and blocks for that. Complexity: catch_up() is O(events since the
// last one), at first since the snapshot; facts (events/facts.hpp), which streams of earlier releases have between the
// decisions, are passed over without being decoded.
#pragma once

#include "actors/decider.hpp"
#include "actors/entity_world.hpp"
#include "actors/state_bounds.hpp"
#include "events/facts.hpp"
#include "events/json.hpp"

#include <optional>
#include <string>
#include <utility>

namespace strowger::actors {

template <Decider D>
class EntityImage {
  static_assert(
      collections_are_bounded<D, typename D::State>(),
      "a collection in the state has no bound: name it in the decider's `bounds`, and keep to it in decide()");

 public:
  EntityImage() = default;
  explicit EntityImage(StreamId stream) : stream_(std::move(stream)) {}

  const StreamId& stream() const { return stream_; }
  const typename D::State& state() const { return state_; }
  StreamVersion version() const { return version_; }        // of the stream
  StreamVersion definition() const { return definition_; }  // of the last event that defines it: its ETag
  bool hydrated() const { return hydrated_; }

  // Brings state and version up to the log's end.
  Result<void> catch_up(EntityWorld& world) {
    for (;;) {
      const auto more = catch_up_some(world);
      if (!more) return more.error();
      if (!*more) return {};
    }
  }

  // The same in slices of a batch: true where there may be more to read. After an error the next slice goes on.
  Result<bool> catch_up_some(EntityWorld& world) {
    if (!begun_) {
      if (auto begun = begin(world); !begun) return begun.error();
    }
    auto records = world.log.read_stream(stream_, version_, world.limits.read_batch);
    if (!records) return records.error();
    for (const auto& record : *records) {
      if (is_fact(record.type)) {
        version_ = record.version;
        continue;
      }
      // A damaged event changes nothing. One of a newer release may be a decision that this one does not know:
      // nothing is decided on half a state.
      const auto envelope = decode_or_quarantine(record);
      const auto* unread = std::get_if<Undecodable>(&envelope.event);
      if (unread != nullptr && unread->newer)
        return unavailable("newer_release", stream_.text() + " cannot be changed: " + unread->reason);
      apply(envelope.event, record.version);
    }
    if (!hydrated_) world.counters->replayed += records->size();
    if (records->size() >= world.limits.read_batch) return true;
    hydrated_ = true;
    snapshot_if_due(world);
    return false;
  }

  // An event of its own that was committed.
  void apply(const Event& event, StreamVersion version) {
    state_ = D::evolve(std::move(state_), event);
    version_ = version;
    if (D::defines(event)) definition_ = version;
  }

  void snapshot_if_due(EntityWorld& world) {
    if (number(version_) < number(snapshotted_) + world.limits.snapshot_every) return;
    world.log.save_snapshot(stream_,
                            Snapshot{version_, D::snapshot_schema, json::to_string(Stored{state_, definition_})});
    snapshotted_ = version_;
  }

 private:
  Result<void> begin(EntityWorld& world) {
    auto snapshot = world.log.load_snapshot(stream_);
    if (!snapshot) return snapshot.error();
    begun_ = true;
    auto& counters = *world.counters;
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
    return {};
  }

  struct Stored {
    typename D::State state;
    StreamVersion definition{};
    BOOST_DESCRIBE_CLASS(Stored, (), (state, definition), (), ())
  };

  StreamId stream_;
  typename D::State state_ = D::initial();
  StreamVersion version_{};
  StreamVersion definition_{};
  StreamVersion snapshotted_{};
  bool begun_ = false;  // the snapshot was looked at
  bool hydrated_ = false;
};

}  // namespace strowger::actors
