#include "tests/faults/simulation/simulation.hpp"

#include <array>

namespace strowger::test::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t steps = 1'500;
constexpr auto longest_delay = 30s;
// Settling is a few hundred steps; more than this is a livelock.
constexpr std::size_t settling_steps = 50'000;

}  // namespace

Simulation::Simulation(std::uint64_t seed, WallClock wall_clock)
    : dice_(seed), wall_clock_(wall_clock), clock_dice_(~seed) {
  for (const auto* number : {"1001", "1002", "1003"}) extensions_.push_back(*ExtensionNumber::parse(number));
  for (std::uint64_t i = 0; i < 4; ++i)
    phones_.push_back({MacAddress::from_bits(0x001565000001 + i), extensions_[i % extensions_.size()]});
  // Each seed has a world of its own: here projections crawl, there the disk does.
  constexpr std::array<std::size_t, 3> speeds{1, 4, 16};
  for (auto& action : actions_) {
    action.weight *= speeds[dice_.below(speeds.size())];
    total_weight_ += action.weight;
  }
  house_ = dice_.next();
  furnished_ = dice_.percent(80);
}

Simulation::~Simulation() {
  ++incarnation_;  // what it still says on its way out is heard by nobody
  server_.reset();
}

std::optional<std::string> Simulation::run() {
  start();
  if (furnished_)
    for (auto& phone : phones_) boot(phone);
  for (std::size_t i = 0; i < steps; ++i) {
    step();
    checker_.records();
    if (checker_.violation()) return checker_.violation();
  }
  if (auto violation = settle()) return violation;
  crash();  // what is at rest must be so after a start, too
  return settle();
}

// One step of something that has something to do.
bool Simulation::step() {
  if (crashes_left_ > 0 && dice_.below(250) == 0) {
    --crashes_left_;
    crash();
    return true;
  }
  if (wall_clock_ == WallClock::is_set && clock_dice_.below(100) == 0) step_clock();
  for (std::size_t tries = 0; tries < 50; ++tries) {
    auto die = dice_.below(total_weight_);
    for (const auto& action : actions_) {
      if (die < action.weight) {
        if ((this->*action.act)()) return true;
        break;
      }
      die -= action.weight;
    }
  }
  return false;
}

bool Simulation::run_actor() {
  const auto runnable = server_->runnable_actors();
  if (runnable == 0) return false;
  const auto which = dice_.below(runnable);
  note("actor " + std::to_string(which) + " of " + std::to_string(runnable) + " runs");
  server_->run_actor(which);
  return true;
}

bool Simulation::write() {
  if (server_->log.queued() == 0) return false;
  const auto requests = 1 + dice_.below(server_->log.queued());
  const bool fails = !calm_ && dice_.percent(4);
  note(std::string(fails ? "the log fails to write " : "the log writes ") + std::to_string(requests));
  server_->log.write(requests, fails);
  return true;
}

bool Simulation::acknowledge() {
  if (server_->log.unacknowledged() == 0) return false;
  note("the log acknowledges");
  server_->log.acknowledge();
  return true;
}

bool Simulation::run_sip() {
  auto& tasks = server_->sip_thread;
  if (tasks.empty()) return false;
  note("the SIP thread runs a task");
  const auto task = std::move(tasks.front());
  tasks.pop_front();
  task();
  return true;
}

bool Simulation::project() {
  disk_.store.failing = !calm_ && dice_.percent(10);
  const auto done = server_->runner->step();
  if (done == Step::more) note("the projections apply a batch");
  return done == Step::more;
}

bool Simulation::react() {
  const auto done = server_->reboots->step(1 + dice_.below(3));
  if (done == Step::more) note("the reboot reactor follows");
  return done == Step::more;
}

bool Simulation::converge() {
  const auto before = server_->runnable_actors();
  const auto done = server_->convergence->step(1 + dice_.below(3));
  if (done == Step::more) note("the convergence reactor follows");
  return done == Step::more || server_->runnable_actors() != before;
}

bool Simulation::coordinate() {
  const auto done = server_->coordinator->step();
  if (done == Step::more) note("the campaigns' coordinator goes round");
  return done == Step::more;
}

bool Simulation::delete_left_behind() {
  const auto done = server_->deletions->step(1 + dice_.below(3));
  if (done == Step::more) note("the deletion reactor follows");
  return done == Step::more;
}

bool Simulation::evict() {
  const auto before = server_->runnable_actors();
  const auto done = server_->evictions->step(1 + dice_.below(3));
  if (done == Step::more) note("the evictions follow");
  return done == Step::more || server_->runnable_actors() != before;
}

bool Simulation::deliver() {
  if (wire_.empty()) return false;
  const auto which = dice_.below(wire_.size());
  const Packet packet = wire_[which];
  const bool doubled = !calm_ && dice_.percent(15);
  const bool dropped = !calm_ && !doubled && dice_.percent(15);
  if (!doubled) wire_.erase(wire_.begin() + static_cast<std::ptrdiff_t>(which));
  note((dropped ? "lost: " : doubled ? "delivered, and once more to come: " : "delivered: ") + packet.what);
  if (!dropped)
    packet.deliver();
  else if (packet.lost)
    packet.lost();
  return true;
}

bool Simulation::wait() {
  // Threads may be slow, but not for minutes, on which no timeout counts.
  if (time_.instant() >= catch_up_) {
    while (write() || acknowledge() || run_sip() || run_actor() || project() || react() || converge() || evict()) {
    }
    catch_up_ = time_.instant() + longest_delay;
  }
  pass_time(std::chrono::milliseconds(dice_.below(8'000)));
  return true;
}

void Simulation::pass_time(std::chrono::milliseconds time) {
  note(std::to_string(time.count()) + " ms pass");
  time_.pass(time);
  server_->actors.scheduler->advance_time(time);
  server_->sip_thread.emplace_back([this] { server_->tick(); });
}

// By NTP, by a resumed machine, by hand; half of the wrong ones are put right after a while.
void Simulation::step_clock() {
  constexpr std::array<std::chrono::seconds, 8> sizes{1s, 5s, 40s, 10min, 2h, 24h, 24h * 30, 24h * 365};
  auto by = sizes[clock_dice_.below(sizes.size())];
  if (clock_dice_.percent(50)) by = -by;
  if (wrong_ != 0s && clock_dice_.percent(50)) by = -wrong_;
  wrong_ += by;
  note("the clock is set by " + std::to_string(by.count()) + " s");
  time_.step(by);
}

void Simulation::crash() {
  checker_.projections(*server_);
  const auto durable = dice_.below(server_->log.queued() + 1);
  note("the process is killed; " + std::to_string(durable) + " of " + std::to_string(server_->log.queued()) +
       " queued appends are on the disk");
  ++incarnation_;  // whatever the dying one still says is heard by nobody
  server_->crash(durable);
  server_.reset();
  checker_.killed();
  for (const auto& command : commands_) command->asked = false;
  start();
}

void Simulation::start() {
  ++incarnation_;
  note("the server starts");
  disk_.store.failing = false;
  checker_.started();
  server_ = std::make_unique<Server>(
      disk_, time_, calls_, dice_.next(),
      [this, incarnation = incarnation_](std::uint64_t transaction, const reboot::Notice& notice) {
        if (incarnation != incarnation_) return;
        note("NOTIFY " + std::to_string(transaction) + " to " + notice.binding->contact);
        const auto mac = notice.binding->mac.value();
        checker_.told(mac, notice.binding->contact, calls_.phones.contains(mac));
        send({"NOTIFY " + std::to_string(transaction) + " to " + notice.binding->contact,
              [this, incarnation, transaction, contact = notice.binding->contact] {
                receive_notify(incarnation, transaction, contact);
              }});
      });
}

std::optional<std::string> Simulation::settle() {
  calm_ = true;
  calls_.phones.clear();
  std::size_t quiet = 0;
  for (std::size_t i = 0; i < settling_steps; ++i) {
    const bool done = run_actor() || write() || acknowledge() || run_sip() || project() || react() || converge() ||
                      coordinate() || delete_left_behind() || evict() || deliver() || administer();
    checker_.records();
    if (checker_.violation()) return checker_.violation();
    if (done) continue;
    // A few rounds of time: for timer F, retries and expiries.
    if (server_->at_rest() && checker_.campaigns_at_rest(*server_) && ++quiet > 10) {
      checker_.at_rest(*server_);
      for (const auto& phone : phones_)
        if (phone.recorded) checker_.runs(*server_, phone.mac, phone.runs);
      calm_ = false;
      return checker_.violation();
    }
    pass_time(7s);
  }
  return "it does not come to rest: queued " + std::to_string(server_->log.queued()) + ", SIP tasks " +
         std::to_string(server_->sip_thread.size()) + ", REGISTERs " + std::to_string(server_->registrar->pending()) +
         ", reboots under way " + std::to_string(server_->reboots->under_way()) +
         (server_->convergence->at_rest() ? "" : ", devices that have not converged") +
         (checker_.campaigns_at_rest(*server_) ? "" : ", campaigns");
}

}  // namespace strowger::test::simulation
