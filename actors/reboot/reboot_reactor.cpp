#include "actors/reboot/reboot_reactor.hpp"

#include "actors/reboot/correlation.hpp"

namespace strowger::reboot {

using actors::ReportReboot;

namespace {

constexpr std::uint32_t report_tries = 5;

}  // namespace

struct RebootReactor::Shared {
  explicit Shared(World w) : world(std::move(w)) {}

  // An outcome that the device did not take; made again between events.
  struct Unreported {
    Reboot reboot;
    ReportReboot outcome;
    std::uint32_t tries = 0;  // those that failed for another reason than a log that is down or full
    Error error;              // of the last
  };

  World world;
  // Recursive, because an ask that is shed answers at once, within report().
  mutable std::recursive_mutex mutex;
  bool stopped = false;  // after this nothing of `world` may be touched
  std::set<Uuid> under_way;
  std::vector<Unreported> unreported;
  std::map<Uuid, Unreported> parked;  // by the event that asked for the reboot

  // Hands the outcome to the device; keeps it for another try where that fails.
  static void report(const std::shared_ptr<Shared>& self, const Reboot& reboot, const ReportReboot& outcome,
                     std::uint32_t tries = 0) {
    const std::lock_guard lock(self->mutex);
    if (self->stopped) return;
    self->world.devices.ask(
        reboot.mac.text(), outcome, {reboot.cause, {}, {}},
        [self, reboot, outcome, tries](const Result<actors::Outcome>& answer) {
          const std::lock_guard again(self->mutex);
          if (answer) return self->reported(reboot);
          const auto kind = answer.error().kind;
          const bool passing = kind == ErrorKind::unavailable || kind == ErrorKind::overloaded;
          self->unreported.push_back({reboot, outcome, tries + (passing ? 0U : 1U), answer.error()});
        });
  }

  // With the mutex held.
  void reported(const Reboot& reboot) {
    under_way.erase(reboot.id);
    if (parked.erase(reboot.cause.causation) == 0 || stopped) return;
    actors::DeadLetter settled;
    settled.handler = its_name;
    settled.event = reboot.cause.causation;
    world.parked->tried(settled, {});
  }
};

// One reboot being told to all bindings of its device: reports when the last of them has answered.
class RebootReactor::Telling {
 public:
  Telling(std::shared_ptr<Shared> shared, Reboot reboot, std::size_t bindings)
      : shared_(std::move(shared)), reboot_(std::move(reboot)), waiting_(bindings) {
    report_.reboot = reboot_.id;
    report_.phrase = "no phone is registered that could be this device";
  }

  void answered(const std::string& contact, const NoticeOutcome& outcome) {
    ReportReboot ready;
    {
      const std::lock_guard lock(mutex_);
      take(contact, outcome);
      if (--waiting_ > 0) return;
      ready = report_;
    }
    Shared::report(shared_, reboot_, ready);
  }

  void nobody() { Shared::report(shared_, reboot_, report_); }

 private:
  using Answer = ReportReboot::Answer;

  // Acceptance by any binding outweighs a refusal, which outweighs silence.
  void take(const std::string& contact, const NoticeOutcome& outcome) {
    const bool accepted = outcome.status >= 200 && outcome.status < 300;
    const bool reached = !outcome.timed_out && outcome.status != not_connected;
    const bool answered = reached && !accepted && outcome.status > 0;
    const auto answer = accepted ? Answer::accepted : answered ? Answer::refused : Answer::none;
    const bool better = report_.contact.empty() || answer < report_.answer;
    if (!better) return;
    report_.answer = answer;
    report_.contact = contact;
    report_.status = outcome.status;
    if (outcome.status == not_connected)
      report_.phrase = "its TCP connection has ended; it is reached again when it registers";
    else if (answer == Answer::none && outcome.phrase.empty())
      report_.phrase = "no answer";
    else
      report_.phrase = with_retry_after(outcome.phrase, outcome.retry_after);
  }

  std::shared_ptr<Shared> shared_;
  Reboot reboot_;
  std::mutex mutex_;
  std::size_t waiting_;
  ReportReboot report_;
};

RebootReactor::RebootReactor(World world, Position from, Drive drive)
    : shared_(std::make_shared<Shared>(std::move(world))) {
  tell_left_over();
  actors::LogFollower::Handlers handlers;
  handlers.wanted = [](const Record& record) { return record.type == RebootRequested::type; };
  handlers.event = [this](const Envelope& envelope) -> Result<void> {
    if (const auto* requested = std::get_if<RebootRequested>(&envelope.event))
      begin({requested->mac,
             requested->reboot,
             requested->extension,
             requested->vendor,
             requested->verb,
             requested->reason,
             {"phone:" + requested->mac.text(), envelope.correlation, envelope.id}});
    return {};
  };
  handlers.between = [this] {
    tell_held();
    retry_reports();
  };
  handlers.trouble = shared_->world.trouble;
  follower_ = std::make_unique<actors::LogFollower>(shared_->world.log, from, std::move(handlers),
                                                    std::chrono::seconds(1), drive);
}

RebootReactor::~RebootReactor() {
  follower_.reset();
  const std::lock_guard lock(shared_->mutex);
  shared_->stopped = true;
}

std::size_t RebootReactor::under_way() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->under_way.size();
}

void RebootReactor::tell_left_over() {
  const auto is_left = [](const DeviceRow& row) {
    return row.activity.reboot && row.activity.reboot->stage == RebootStage::requested;
  };
  for (const auto& row : shared_->world.projection.all_that(is_left)) {
    const auto& progress = row.activity.reboot;
    const auto& mac = row.definition->mac;
    begin({mac,
           progress->reboot,
           row.definition->extension,
           row.definition->vendor,
           progress->verb,
           progress->reason,
           {"phone:" + mac.text(), progress->correlation, progress->request}});
  }
}

void RebootReactor::begin(Reboot reboot) {
  auto& world = shared_->world;
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->under_way.insert(reboot.id).second) return;
  }
  if (!world.busy.in_call(reboot.mac, reboot.extension)) return tell(reboot);
  world.log_line("Phone " + reboot.mac.text() + " is in a call; it is told to reboot when that has ended");
  world.devices.ask(reboot.mac.text(), actors::ReportDeferred{reboot.id, "the phone is in a call"},
                    {{"system", reboot.cause.correlation, reboot.cause.causation}, {}, {}},
                    [](const Result<actors::Outcome>&) {});  // for people only: lost, nothing is
  held_.push_back(std::move(reboot));
}

void RebootReactor::tell_held() {
  auto& world = shared_->world;
  for (std::size_t i = 0; i < held_.size();) {
    if (world.busy.in_call(held_[i].mac, held_[i].extension)) {
      ++i;
      continue;
    }
    const auto reboot = std::move(held_[i]);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
    const auto row = world.projection.find(reboot.mac);
    const bool fetched = row && row->activity.convergence && row->activity.convergence->reboot == reboot.id &&
                         !row->activity.convergence->open();
    const bool insisted = reboot.reason == RebootReason::manual || reboot.reason == RebootReason::campaign;
    if (!fetched || insisted) {
      tell(reboot);
      continue;
    }
    ReportReboot report;
    report.reboot = reboot.id;
    report.phrase = "not told: it fetched by itself while it was in a call";
    Shared::report(shared_, reboot, report);
  }
}

void RebootReactor::tell(const Reboot& reboot) {
  auto& world = shared_->world;
  // Device, extension and vendor as the request named them: the projection may lag behind this event. Only what was
  // fetched before comes from there.
  DeviceRow device;
  if (const auto known = world.projection.find(reboot.mac)) {
    device.activity = known->activity;
    extension_changes(device.activity, known->definition->extension, reboot.extension);
  }
  device.definition =
      std::make_shared<const DeviceDefinition>(DeviceDefinition{reboot.mac, reboot.extension, reboot.vendor});
  const auto bindings = Phones(world.bindings, world.projection).of(device);

  auto telling = std::make_shared<Telling>(shared_, reboot, bindings.size());
  if (bindings.empty()) return telling->nobody();
  const auto event = world.event_value(reboot.vendor, reboot.verb);
  for (const auto& binding : bindings) {
    world.log_line("Telling phone " + reboot.mac.text() + " at " + binding->ip + ":" + std::to_string(binding->port) +
                   " to " + std::string(boost::describe::enum_to_string(reboot.verb, "?")) +
                   ": NOTIFY with Event: " + event);
    world.notifier.notify(
        {binding, event, {}, {}},
        [telling, contact = binding->contact](const NoticeOutcome& outcome) { telling->answered(contact, outcome); });
  }
}

void RebootReactor::retry_reports() {
  std::vector<Shared::Unreported> again;
  {
    const std::lock_guard lock(shared_->mutex);
    again.swap(shared_->unreported);
  }
  for (auto& one : again) {
    if (one.tries < report_tries || !park(one.reboot, one.error, one.tries)) {
      Shared::report(shared_, one.reboot, one.outcome, one.tries);
      continue;
    }
    const std::lock_guard lock(shared_->mutex);
    shared_->under_way.erase(one.reboot.id);
    shared_->parked.insert_or_assign(one.reboot.cause.causation, std::move(one));
  }
  if (shared_->world.parked == nullptr) return;
  for (const auto& letter : shared_->world.parked->take_retries(std::string(its_name))) {
    std::optional<Shared::Unreported> wanted;
    {
      const std::lock_guard lock(shared_->mutex);
      if (const auto found = shared_->parked.find(letter.event); found != shared_->parked.end()) wanted = found->second;
    }
    if (wanted)
      Shared::report(shared_, wanted->reboot, wanted->outcome);
    else  // of an earlier run: the phone of a device that still waited was told again at the start
      shared_->world.parked->tried(letter, {});
  }
}

bool RebootReactor::park(const Reboot& reboot, const Error& error, std::uint32_t tries) {
  auto* const letters = shared_->world.parked;
  if (letters == nullptr) return false;
  const auto parked = letters->park({std::string(its_name),
                                     reboot.cause.causation,
                                     Position{},
                                     StreamId::of(reboot.mac).text(),
                                     std::string(RebootRequested::type),
                                     "what became of the reboot cannot be recorded: " + error.message,
                                     tries,
                                     {}});
  return parked.has_value();
}

}  // namespace strowger::reboot
