// Makes snapshots of entities whose streams have many events behind their last one, once for each layout of the state:
// logs of earlier releases have facts among the decisions of a device, and without a snapshot the first command of each
// would read all of them.
//
// On a thread of its own, one entity after the other. How far it came is kept in the log's state, so that a restart
// goes on there. Complexity: once O(entities) look-ups and O(events of long streams), then O(1) a start.
#pragma once

#include "actors/entity_image.hpp"
#include "events/json.hpp"

#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace strowger::actors {

template <Decider D>
class SnapshotSweep {
 public:
  // The parts of the world outlive it. `keys`: of all entities, in order; asked once, on this thread. `report` is told
  // in a line what was done, `trouble` what ended it before its end (the next start goes on); both on its thread.
  SnapshotSweep(EntityWorld world, std::function<std::vector<std::string>()> keys,
                std::function<void(const std::string&)> report, std::function<void(const Error&)> trouble)
      : world_(std::move(world)), keys_(std::move(keys)), report_(std::move(report)), trouble_(std::move(trouble)) {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      if (const auto done = run(stop); !done) trouble_(done.error());
    });
    pthread_setname_np(thread_.native_handle(), "snapshots");
  }

 private:
  static constexpr const char* table = "snapshot_sweeps";  // key: the category
  static constexpr std::size_t save_every = 1'000;         // snapshots; more at once and some would be dropped

  struct Progress {
    std::uint32_t schema = 0;  // of the snapshots
    bool done = false;
    std::string after;  // the last key that was looked at
    BOOST_DESCRIBE_CLASS(Progress, (), (schema, done, after), (), ())
  };

  Result<void> run(const std::stop_token& stop) {
    const std::string category(D::category);
    const auto stored = world_.log.load_state(table, category);
    if (!stored) return stored.error();
    Progress progress;
    if (*stored)
      if (auto read = json::from_string<Progress>(**stored)) progress = std::move(*read);
    if (progress.schema != D::snapshot_schema) progress = {D::snapshot_schema, false, {}};
    if (progress.done) return {};
    std::size_t made = 0, unsaved = 0;
    for (const auto& key : keys_()) {
      if (stop.stop_requested()) return {};
      if (key <= progress.after) continue;
      const auto made_one = look_at(key, stop);
      if (!made_one) return made_one.error();
      if (stop.stop_requested()) return {};
      progress.after = key;
      if (!*made_one) continue;
      ++made;
      if (++unsaved < save_every) continue;
      unsaved = 0;
      if (auto saved = save(progress); !saved) return saved;
    }
    progress.done = true;
    progress.after.clear();
    if (auto saved = save(progress); !saved) return saved;
    if (made > 0)
      report_("Made snapshots of " + std::to_string(made) + " entities (" + category +
              ") with many events, once: their next commands need not read these");
    return {};
  }

  // Whether a snapshot was made. One entity that cannot be read keeps no other from it.
  Result<bool> look_at(const std::string& key, const std::stop_token& stop) {
    const StreamId stream(D::category, key);
    const auto last = world_.log.last_version(stream);
    if (!last) return last.error();
    if (number(*last) < world_.limits.snapshot_every) return false;
    const auto snapshot = world_.log.load_snapshot(stream);
    if (!snapshot) return snapshot.error();
    if (*snapshot && (*snapshot)->schema == D::snapshot_schema &&
        number((*snapshot)->version) + world_.limits.snapshot_every > number(*last))
      return false;
    EntityImage<D> image(stream);
    for (;;) {
      const auto more = image.catch_up_some(world_);
      if (!more) return false;
      if (!*more || stop.stop_requested()) return image.hydrated();
    }
  }

  // The snapshots that wait ride with it.
  Result<void> save(const Progress& progress) {
    AppendRequest request;
    request.state.push_back({table, std::string(D::category), json::to_string(progress)});
    if (const auto receipt = append_and_wait(world_.log, std::move(request)); !receipt) return receipt.error();
    return {};
  }

  EntityWorld world_;
  const std::function<std::vector<std::string>()> keys_;
  const std::function<void(const std::string&)> report_;
  const std::function<void(const Error&)> trouble_;
  std::jthread thread_;
};

}  // namespace strowger::actors
