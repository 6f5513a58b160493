#include "actors/directory/syncs.hpp"

#include <pthread.h>

namespace strowger::directory {
namespace {

using namespace std::chrono_literals;

constexpr auto full_after = 24h;          // a scheduled sync reads everything where that was last done before
constexpr auto look_again = 30s;          // at the schedules: the settings, or the clock, may have changed
constexpr std::size_t most_queries = 16;  // searches and checks that wait
constexpr std::size_t most_changes = 1000;
constexpr auto apply_patience = 60s;
constexpr auto phones_patience = 5s;  // a paced wave of reboots takes longer than anybody waits for an answer
constexpr auto phones_poll = 50ms;

Error not_here(const std::string& name) {
  return not_found("unknown_directory", "There is no directory '" + name + "'; there are ad and ldap.");
}

PlannedChange describe(const Change& change) {
  return std::visit(
      Overloaded{
          [](const Adopt& c) -> PlannedChange {
            PlannedChange out{"update", c.person.number->text(), label(c.person), {}};
            if (!c.present) {
              out.change = "create";
              out.detail = "with the name '" + c.person.name + "'";
              return out;
            }
            const auto& row = *c.present;
            if (c.person.disabled) {
              out.change = "disable";
              out.detail = "the user is disabled in the directory";
              return out;
            }
            if (!row.enabled) out.change = "enable";
            const auto add = [&](const std::string& text) { out.detail += (out.detail.empty() ? "" : "; ") + text; };
            if (row.name != c.person.name) add("name: '" + row.name + "' becomes '" + c.person.name + "'");
            if (row.email != c.person.email) add("email: '" + row.email + "' becomes '" + c.person.email + "'");
            if (row.identity != c.person.identity)
              add(row.directory.empty() ? "is kept by the directory from now on" : "was that of " + row.account);
            else if (row.account != c.person.account)
              add("account: " + row.account + " becomes " + c.person.account);
            return out;
          },
          [](const MovePhones& c) -> PlannedChange {
            return {"move_phones", c.to.text(), c.user, "the phones of " + c.from.text() + " follow their user"};
          },
          [](const Release& c) -> PlannedChange {
            return {"disable", c.present->number.text(), c.present->account,
                    c.reason == DisabledReason::renumbered           ? "its user has another number"
                    : c.reason == DisabledReason::directory_disabled ? "the user is disabled in the directory"
                                                                     : "its user is no longer in the directory"};
          },
          [](const Grant& c) -> PlannedChange {
            return {"role", {}, c.user, "becomes " + std::string(json::word(c.role))};
          },
          [](const Withdraw& c) -> PlannedChange { return {"role", {}, c.user, "has none any more"}; },
      },
      change);
}

void add(SyncCounts& to, const SyncCounts& more) {
  boost::mp11::mp_for_each<json::Members<SyncCounts>>([&](auto member) { to.*member.pointer += more.*member.pointer; });
}

// As it would be counted.
void count(const PlannedChange& change, SyncCounts& counts) {
  if (change.change == "create") ++counts.created;
  if (change.change == "update") ++counts.updated;
  if (change.change == "enable") ++counts.enabled;
  if (change.change == "disable") ++counts.disabled;
  if (change.change == "role") ++counts.roles;
}

}  // namespace

Syncs::Syncs(World world) : world_(std::move(world)), born_(world_.clock.instant()) {
  syncing_ = std::jthread([this, stop = ending_.get_token()] { run_syncs(stop); });
  querying_ = std::jthread([this, stop = ending_.get_token()] { run_queries(stop); });
}

Syncs::~Syncs() {
  {
    const std::lock_guard lock(mutex_);  // who has looked is waiting by then
    ending_.request_stop();
    changed_.notify_all();
  }
  syncing_.join();
  querying_.join();
  const auto stopped = unavailable("stopping", "the server stops; ask again when it serves");
  for (auto& job : jobs_) job.done(stopped);
}

void Syncs::wake() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void Syncs::watch(std::function<bool(Position)> looked) {
  const std::lock_guard lock(mutex_);
  looked_ = std::move(looked);
}

void Syncs::sync(const std::string& name, SyncOrder order, std::function<void(Result<SyncReport>)> done) {
  if (std::ranges::find(world_.names, name) == world_.names.end()) return done(not_here(name));
  {
    const std::lock_guard lock(mutex_);
    if (running_.insert(name).second) {
      jobs_.push_back({name, std::move(order), std::move(done)});
      changed_.notify_all();
      return;
    }
  }
  done(conflict("sync_running",
                "A sync of this directory is under way; its outcome will be in /api/integrations/" + name + "/syncs."));
}

void Syncs::ask(std::function<void()> query, const std::function<void(Error)>& shed) {
  {
    const std::lock_guard lock(mutex_);
    if (queries_.size() < most_queries && !ending_.stop_requested()) {
      queries_.push_back(std::move(query));
      changed_.notify_all();
      return;
    }
  }
  shed(overloaded("Too many questions to the directory are waiting. Try again in a moment."));
}

void Syncs::search(const std::string& name, std::string text, std::size_t most,
                   std::function<void(Result<std::vector<Hit>>)> done) {
  auto setup = world_.setup(name);
  if (!setup) return done(setup.error());
  ask(
      [setup = *setup, text = std::move(text), most, done] {
        auto entries = setup.source->search(text, most);
        if (!entries) return done(entries.error());
        std::vector<Hit> hits;
        for (auto& entry : *entries) {
          auto person = map(entry, setup.policy);
          hits.push_back({std::move(entry), std::move(person)});
        }
        done(std::move(hits));
      },
      done);
}

void Syncs::authenticate(const std::string& name, std::string account, std::string password,
                         std::function<void(Result<Uuid>)> done) {
  auto setup = world_.setup(name);
  if (!setup) return done(setup.error());
  ask([source = setup->source, account = std::move(account), password = std::move(password),
       done] { done(source->authenticate(account, password)); },
      done);
}

void Syncs::check(const std::string& name, std::function<void(Result<std::vector<Source::Step>>)> done) {
  auto setup = world_.setup(name);
  if (!setup) return done(setup.error());
  ask(
      [this, setup = *setup, name, done] {
        auto steps = setup.source->check();
        if (!steps.empty() && !steps.back().ok) return done(std::move(steps));
        const auto outcome = run({name, {"system", true, true, true}, {}});
        Source::Step conflicts{"conflicts", outcome && outcome->skipped.empty(), {}};
        if (!outcome) {
          conflicts.said = outcome.error().message;
        } else if (outcome->skipped.empty()) {
          conflicts.said = "no user is skipped";
        } else {
          conflicts.said = std::to_string(outcome->counts.skipped) + " users are skipped:";
          for (std::size_t i = 0; i < outcome->skipped.size() && i < 20; ++i)
            conflicts.said += "\n  " + outcome->skipped[i].user + ": " + outcome->skipped[i].reason;
        }
        steps.push_back(std::move(conflicts));
        done(std::move(steps));
      },
      done);
}

Syncs::State Syncs::state(const std::string& name) const {
  State state;
  const auto setup = world_.setup(name);
  state.enabled = setup.has_value();
  if (!setup && setup.error().code != "directory_disabled") state.fault = setup.error().message;
  const std::lock_guard lock(mutex_);
  state.running = running_.contains(name);
  if (setup && setup->schedule) {
    const auto now = world_.clock.now();
    state.schedule = setup->schedule->text();
    state.next = setup->schedule->next(now.date, last_begun(name, now));
  }
  return state;
}

// When the schedule's last sync began, by the clock as it is now: where it has stepped since, so has this. An interval
// is not longer or shorter for it, and a time of day is neither passed over nor caught up with. With mutex_ held.
Timestamp Syncs::last_begun(const std::string& name, const Now& now) const {
  const auto begun = begun_.find(name);
  return date_of(now, begun == begun_.end() ? born_ : begun->second);
}

// The sync that a schedule wants now, or when to look again. With mutex_ held.
std::optional<Syncs::Job> Syncs::due(std::optional<Instant>& next) {
  const auto now = world_.clock.now();
  for (const auto& name : world_.names) {
    const auto setup = world_.setup(name);
    if (!setup || !setup->schedule) continue;
    const auto last = last_begun(name, now);
    // What came due since the last look, not what would come next.
    const auto at = setup->schedule->next(last, last);
    if (at > now.date) {
      const auto when = due_at(now, at, look_again);
      next = next ? std::min(*next, when) : when;
      continue;
    }
    begun_[name] = now.instant;
    if (!running_.insert(name).second) continue;
    const auto full_at = world_.directory_rows.cursor(name).full_at;
    const bool full = !full_at || !world_.clock.within(*full_at, full_after);
    return Job{name, {"system", false, false, full}, [](const Result<SyncReport>&) {}};
  }
  return std::nullopt;
}

void Syncs::run_syncs(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "directory-sync");
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    std::optional<Instant> next;
    std::optional<Job> job;
    if (!jobs_.empty()) {
      job = std::move(jobs_.front());
      jobs_.pop_front();
    } else {
      job = due(next);
    }
    if (!job) {
      Instant::duration wait = look_again;
      if (next) wait = std::clamp<Instant::duration>(*next - world_.clock.instant(), 1ms, wait);
      changed_.wait_for(lock, wait);  // woken for whatever reason, it looks again
      continue;
    }
    lock.unlock();
    auto outcome = run(*job);
    lock.lock();
    running_.erase(job->name);
    lock.unlock();
    job->done(std::move(outcome));
    job.reset();
    lock.lock();
  }
}

void Syncs::run_queries(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "directory-query");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stop.stop_requested() || !queries_.empty(); });
    if (queries_.empty()) return;
    auto query = std::move(queries_.front());
    queries_.pop_front();
    lock.unlock();
    query();
    query = nullptr;
    lock.lock();
  }
}

Result<Position> Syncs::record(const std::string& name, const Event& event, Cause& cause) {
  AppendRequest request{StreamId("directory", name), ExpectedVersion::any(), {}, {}, {}};
  request.events.push_back(encode(event, cause, world_.clock(), world_.ids));
  const auto id = request.events.front().id;
  cause.correlation = request.events.front().correlation;
  auto receipt = append_and_wait(world_.log, std::move(request));
  if (!receipt) return receipt.error();
  cause.causation = id;
  return receipt->position;
}

// With its first and last event.
Result<SyncReport> Syncs::run(const Job& job) {
  const auto setup = world_.setup(job.name);
  if (!setup) return setup.error();
  if (job.order.dry_run) return run(job, *setup, {}, {});
  const auto sync = world_.ids.next();
  const auto mode = job.order.full ? SyncMode::full : SyncMode::incremental;
  Cause cause{job.order.by, {}, {}};
  const auto started = record(job.name, DirectorySyncStarted{job.name, sync, mode, job.order.force}, cause);
  if (!started) return started.error();
  world_.log_line("Directory " + job.name + ": sync started by " + job.order.by);
  cause.by = "directory:" + job.name;
  auto report = run(job, *setup, sync, cause);
  if (!report) {
    const auto& fault = report.error();
    world_.warn("Directory " + job.name + ": sync failed: " + fault.message);
    const auto said = record(
        job.name, DirectorySyncFailed{job.name, sync, mode, setup->source->server(), fault.code, fault.message}, cause);
    // The answer is the failure in any case; whoever reads the table next is to see it there.
    if (said) (void)world_.runner.wait_applied(*said, std::chrono::steady_clock::now() + apply_patience);
    return report;
  }
  return report;
}

Result<Source::Done> Syncs::read(const Job& job, const Setup& setup, Planner& planner) {
  const auto stopping = [] { return unavailable("stopping", "the server stopped while the directory was read"); };
  Source::Order order;
  order.stop = ending_.get_token();
  if (!job.order.full) {
    const auto cursor = world_.directory_rows.cursor(job.name).cursor;
    const auto mark = setup.fingerprint + "|";
    if (cursor.starts_with(mark)) order.cursor = cursor.substr(mark.size());
  }
  Source::Visitor visitor;
  visitor.entry = [&](const Entry& entry) -> Result<void> {
    if (ending_.stop_requested()) return stopping();
    return planner.take(entry);
  };
  visitor.present = [&](const Uuid& identity) { planner.present(identity); };
  auto done = setup.source->read(order, visitor);
  if (!done && ending_.stop_requested()) return stopping();
  return done;
}

// Until the phones that a sync concerns were told, or it is known that there are none.
void Syncs::await_phones(const std::string& name, Position end) {
  std::unique_lock lock(mutex_);
  const auto looked = looked_;
  if (!looked) return;
  const auto deadline = std::chrono::steady_clock::now() + phones_patience;
  const auto settled = [&] {
    if (!looked(end)) return false;
    if (!world_.runner.wait_applied(world_.log.last_position(), deadline)) return false;
    const auto rows = world_.directory_rows.syncs(name, 1);
    return rows.empty() || rows.front()->reboots + rows.front()->failed >= rows.front()->wanted;
  };
  while (!ending_.stop_requested() && std::chrono::steady_clock::now() < deadline) {
    lock.unlock();
    if (settled()) return;
    lock.lock();
    changed_.wait_for(lock, phones_poll);
  }
}

// Whether it disables more than an administrator would expect; what it does is in `report` then.
Result<void> Syncs::within_limit(const Job& job, const Setup& setup, Planner& planner, SyncReport& report) {
  SyncCounts planned;
  const auto walked = planner.walk([&](const Change& change, bool) -> Result<bool> {
    const auto described = describe(change);
    count(described, planned);
    if (const auto* phones = std::get_if<MovePhones>(&change))
      planned.devices_moved += static_cast<std::uint32_t>(world_.apply.device_rows.on_extension(phones->from).size());
    if (job.order.dry_run && report.changes.size() < most_changes) report.changes.push_back(described);
    return true;
  });
  if (!walked) return walked;
  report.counts = planner.counts();
  add(report.counts, planned);
  report.skipped = planner.skipped();
  const auto before = planner.enabled_before();
  if (job.order.force || planned.disabled * 100 <= setup.policy.max_change_percent * before) return {};
  return conflict("too_many_changes",
                  "It would disable " + std::to_string(planned.disabled) + " of " + std::to_string(before) +
                      " extensions, more than max_change_percent (" + std::to_string(setup.policy.max_change_percent) +
                      ") allows, and nothing was changed. See what with ?dry_run=true; if it is meant, ask with "
                      "?force=true.")
      .with("would_disable", planned.disabled)
      .with("of", before);
}

Result<SyncReport> Syncs::run(const Job& job, const Setup& setup, const Uuid& sync, const Cause& cause) {
  SyncReport report;
  report.sync = sync;
  auto spool = Spool::open(world_.folder);
  if (!spool) return spool.error();
  Planner::Present present{
      [this](const ExtensionNumber& number) { return world_.extension_rows.find(number); }, {}, {}};
  // Commands that were acknowledged a moment ago are in the rows before they are compared: by older rows people would
  // be disabled, or given numbers that are taken.
  if (!world_.runner.wait_applied(world_.log.last_position(), std::chrono::steady_clock::now() + apply_patience))
    return unavailable("projections_behind",
                       "the tables that the directory is compared with do not show all that is in the log; see "
                       "/api/provisioning/diagnostics, and sync again");
  std::optional<ExtensionNumber> after;
  for (;;) {
    const auto rows = world_.extension_rows.list(after, 1024);
    for (const auto& row : rows)
      if (row->directory == job.name) present.linked.push_back(row);
    if (rows.size() < 1024) break;
    after = rows.back()->number;
  }
  for (const auto& user : world_.user_rows.list())
    if (user->directory == job.name) present.users.push_back(user);
  Planner planner(setup.policy, std::move(present), std::move(*spool));

  const auto done = read(job, setup, planner);
  if (!done) return done.error();
  report.mode = done->mode;
  report.server = done->server;
  if (auto finished = planner.finish(done->mode); !finished) return finished.error();
  auto limited = within_limit(job, setup, planner, report);
  if (job.order.dry_run) return report;  // which shows it
  if (!limited) return limited.error();

  Applier applier(world_.apply, job.name, cause);
  auto made = planner.walk([&](const Change& change, bool wait) -> Result<bool> {
    if (ending_.stop_requested()) return unavailable("stopping", "the server stopped; the next sync does the rest");
    return applier.make(change, wait);
  });
  auto finished = applier.finish();
  if (!made) return made.error();
  if (!finished) return finished.error();
  report.counts = planner.counts();
  add(report.counts, applier.counts());
  report.skipped = planner.skipped();
  for (auto& refused : applier.refused())
    if (report.skipped.size() < Planner::most_listed) report.skipped.push_back(std::move(refused));

  auto kept = report.skipped;
  if (kept.size() > 100) kept.resize(100);
  const bool can_go_on = !done->cursor.empty() && !planner.disputed();
  Cause last = cause;
  const auto said =
      record(job.name,
             DirectorySyncCompleted{job.name, sync, report.mode, report.server, report.counts, std::move(kept),
                                    can_go_on ? setup.fingerprint + "|" + done->cursor : ""},
             last);
  if (!said) return said.error();
  const bool shown = world_.runner.wait_applied(*said, std::chrono::steady_clock::now() + apply_patience);
  const auto& c = report.counts;
  if (!shown)
    world_.warn("Directory " + job.name +
                ": the sync is in the log, but the tables do not show it yet; its report has no count of phones");
  if (shown && c.created + c.updated + c.enabled + c.disabled + c.devices_moved > 0) await_phones(job.name, *said);
  for (const auto& row : world_.directory_rows.syncs(job.name, 1)) {
    if (row->sync != sync) continue;  // of the sync before
    report.phones_changed = row->wanted;
    report.reboots = row->reboots;
  }
  world_.log_line("Directory " + job.name + ": " + std::to_string(c.read) + " users read from " + report.server + ", " +
                  std::to_string(c.created) + " extensions created, " + std::to_string(c.updated) + " updated, " +
                  std::to_string(c.enabled) + " enabled, " + std::to_string(c.disabled) + " disabled, " +
                  std::to_string(c.unchanged) + " unchanged, " + std::to_string(c.skipped) + " skipped; " +
                  std::to_string(report.phones_changed) + " phones have another configuration, " +
                  std::to_string(report.reboots) + " were asked to fetch it so far");
  for (const auto& skipped : report.skipped)
    world_.log_line("Directory " + job.name + ": skipped " + skipped.user + ": " + skipped.reason);
  return report;
}

}  // namespace strowger::directory
