// Rebuilding a projection beside the live one, and setting one aside that throws.
#include "events/projection_runner_parts.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <utility>

namespace strowger {

void ProjectionRunner::set_aside(Live& live, Error fault) {
  live.rebuild_delay = live.aside ? std::min(live.rebuild_delay * 2, options_.rebuild_most) : options_.rebuild_first;
  live.rebuild_at = options_.now() + live.rebuild_delay;
  live.retry_at.reset();
  fault.message = "the projection is set aside and answers as it did, " + fault.message;
  report("projection " + std::string(live.projection.name()) + ": " + fault.message + "; it is built again in " +
         std::to_string(live.rebuild_delay.count()) + " ms");
  const std::lock_guard lock(mutex_);
  live.aside = true;
  live.fault = std::move(fault);
}

void ProjectionRunner::rebuild_due() {
  for (const auto& live : live_) {
    if (!live->aside || options_.now() < live->rebuild_at) continue;
    live->rebuild_at = SteadyClock::time_point::max();  // set anew when this one fails
    // Another may be under way: then a little later.
    if (!rebuild(live->projection.name())) live->rebuild_at = options_.now() + options_.rebuild_first;
  }
}

Result<void> ProjectionRunner::rebuild(std::string_view name) {
  const auto live =
      std::find_if(live_.begin(), live_.end(), [&](const auto& l) { return l->projection.name() == name; });
  if (live == live_.end())
    return not_found("unknown_projection", "there is no projection '" + utf8::clip(name, 64) + "'");
  const std::lock_guard lock(mutex_);
  if (!running_) return unavailable("projections_stopped", "the projections are not running");
  if (rebuild_)
    return conflict("rebuild_running", "projection " + std::string(rebuild_->live->projection.name()) +
                                           " is being rebuilt; wait until it is done");
  rebuild_ = std::make_unique<Rebuild>();
  rebuild_->live = live->get();
  rebuild_->fresh = (*live)->projection.blank();
  rebuild_->thread = std::thread([this, rebuild = rebuild_.get()] { run_rebuild(*rebuild); });
  return {};
}

void ProjectionRunner::run_rebuild(Rebuild& rebuild) {
  Position position{};
  std::optional<Error> failed;
  while (!rebuild.abandoned && !failed) {
    Position target{};
    {
      const std::lock_guard lock(mutex_);
      rebuild.position = position;
      target = applied_position_;
      // Close enough: the runner's thread applies the last few between two batches.
      if (number(position) + options_.batch >= number(target)) break;
    }
    auto records = log_.read_all(position, options_.batch);
    if (!records) {
      failed = records.error();
      break;
    }
    for (const auto& record : *records) {
      if (record.position > target) break;
      if (auto thrown = try_apply(*rebuild.fresh, decode_or_quarantine(record))) {
        failed = std::move(*thrown);
        break;
      }
      position = record.position;
    }
  }
  {
    const std::lock_guard lock(mutex_);
    rebuild.failed = std::move(failed);
    rebuild.ready = true;
  }
  signal_->raise();
}

void ProjectionRunner::adopt_rebuilt() {
  Rebuild* rebuild = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (rebuild_ && rebuild_->ready) rebuild = rebuild_.get();
  }
  if (rebuild == nullptr) return;
  rebuild->thread.join();
  Live& live = *rebuild->live;
  const std::string name(live.projection.name());
  auto position = rebuild->position;
  auto failed = rebuild->failed;
  auto target = live.position;
  if (live.aside) {
    const std::lock_guard lock(mutex_);
    target = applied_position_;
  }
  while (!failed && position < target) {
    auto records = log_.read_all(position, options_.batch);
    if (!records) failed = records.error();
    for (std::size_t i = 0; !failed && i < records->size() && (*records)[i].position <= target; ++i) {
      failed = try_apply(*rebuild->fresh, decode_or_quarantine((*records)[i]));
      position = (*records)[i].position;
    }
  }
  if (failed) {
    report("projection " + name + " was not rebuilt, the old one goes on: " + failed->message);
    if (live.aside) set_aside(live, *failed);
  } else {
    {
      const std::lock_guard lock(mutex_);
      live.aside = false;
      live.position = target;
      live.fault.reset();
    }
    live.projection.adopt(*rebuild->fresh);
    // Changes that the old one had not flushed are in the new one too; all of its rows replace the stored ones.
    RowBatch flushed;
    live.projection.flush(flushed);
    live.pending = {};
    live.write_all = true;
    commit(live, true);
    report("projection " + name + " was rebuilt up to position " + std::to_string(number(live.position)));
  }
  std::unique_ptr<Rebuild> done;
  const std::lock_guard lock(mutex_);
  done = std::move(rebuild_);
  if (failed && !live.aside) live.fault = std::move(failed);
}

}  // namespace strowger
