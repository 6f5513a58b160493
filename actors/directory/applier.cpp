#include "actors/directory/applier.hpp"

#include <condition_variable>
#include <mutex>

namespace strowger::directory {
namespace {

constexpr std::size_t most_under_way = 1024;  // commands
constexpr std::size_t sealed_at_once = 512;   // passwords of extensions that are made: one write of the vault

void count(const std::vector<Event>& events, SyncCounts& counts) {
  bool created = false, enabled = false, disabled = false, moved = false, role = false;
  for (const auto& event : events) {
    created = created || std::holds_alternative<ExtensionCreated>(event);
    enabled = enabled || std::holds_alternative<ExtensionEnabled>(event);
    disabled = disabled || std::holds_alternative<ExtensionDisabled>(event);
    moved = moved || std::holds_alternative<DeviceChanged>(event);
    role = role || std::holds_alternative<UserRoleSynced>(event) || std::holds_alternative<UserRoleWithdrawn>(event);
  }
  auto& which = created    ? counts.created
                : enabled  ? counts.enabled
                : disabled ? counts.disabled
                : moved    ? counts.devices_moved
                : role     ? counts.roles
                           : counts.updated;
  ++which;
}

// On whichever line the number is. A number is on one line only.
actors::ChangeDevice moved_lines(const DeviceDefinition& device, const ExtensionNumber& from,
                                 const ExtensionNumber& to) {
  actors::ChangeDevice command;
  if (device.extension == from) command.extension = to;
  auto lines = device.lines;
  std::erase_if(lines, [&](const DeviceLine& line) { return line.extension == to; });
  if (device.extension == to) std::erase_if(lines, [&](const DeviceLine& line) { return line.extension == from; });
  for (auto& line : lines)
    if (line.extension == from) line.extension = to;
  if (lines != device.lines) command.lines = std::move(lines);
  return command;
}

// That one entity says no is that user's affair; that the log takes nothing ends the sync.
bool is_refusal(const Error& error) {
  return error.kind == ErrorKind::conflict || error.kind == ErrorKind::unacceptable ||
         error.kind == ErrorKind::not_found;
}

}  // namespace

// Replies come on actors' threads.
struct Applier::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t under_way = 0;
  std::optional<Error> fault;
  SyncCounts counts;
  std::vector<SkippedUser> refused;
  std::vector<SealedSecret> unused;
  Position position{};

  // Whether it was done.
  bool take(const Result<actors::Outcome>& outcome, const std::string& user, const SealedSecret& fresh) {
    const std::lock_guard lock(mutex);
    --under_way;
    changed.notify_all();
    if (outcome) {
      position = std::max(position, outcome->position);
      if (outcome->events.empty())
        ++counts.unchanged;
      else
        count(outcome->events, counts);
      return true;
    }
    if (is_refusal(outcome.error())) {
      ++counts.skipped;
      if (refused.size() < Planner::most_listed) refused.push_back({user, outcome.error().message});
      // What failed otherwise may have been done: its key stays.
      if (!fresh.empty()) unused.push_back(fresh);
    } else if (!fault) {
      fault = outcome.error();
    }
    return false;
  }
};

Applier::Applier(World world, std::string directory, Cause cause)
    : world_(std::move(world)),
      directory_(std::move(directory)),
      cause_(std::move(cause)),
      shared_(std::make_shared<Shared>()) {}

Applier::~Applier() = default;

Result<void> Applier::settled(std::size_t most) {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait(lock, [&] { return shared_->under_way <= most; });
  if (shared_->fault) return *shared_->fault;
  return {};
}

template <class D>
Result<bool> Applier::ask(actors::Entities<D>& entities, std::string key, typename D::Command command, std::string user,
                          bool wait, SealedSecret fresh) {
  if (auto done = settled(wait ? 0 : most_under_way - 1); !done) return done.error();
  {
    const std::lock_guard lock(shared_->mutex);
    ++shared_->under_way;
  }
  auto made = std::make_shared<bool>(true);
  entities.ask(std::move(key), std::move(command), {cause_, {}, {}},
               [shared = shared_, user = std::move(user), fresh = std::move(fresh),
                made](const Result<actors::Outcome>& outcome) { *made = shared->take(outcome, user, fresh); });
  if (!wait) return true;
  if (auto done = settled(0); !done) return done.error();
  return *made;
}

Result<bool> Applier::sync_extension(const Person& person, SealedSecret password, bool wait) {
  actors::SyncExtension command{*person.number, directory_,   person.identity,  person.account,
                                person.name,    person.email, !person.disabled, password};
  return ask(world_.extensions, person.number->text(), std::move(command), label(person), wait, std::move(password));
}

Result<bool> Applier::adopt(const Adopt& change, bool wait) {
  if (change.present) return sync_extension(change.person, {}, wait);
  to_create_.push_back(change.person);
  if (!wait) {
    if (to_create_.size() >= sealed_at_once)
      if (auto done = create_pending(); !done) return done.error();
    return true;
  }
  const auto person = std::move(to_create_.back());
  to_create_.pop_back();
  if (auto done = create_pending(); !done) return done.error();
  const auto sealed = world_.vault.seal(world_.new_password());
  if (!sealed) return sealed.error();
  return sync_extension(person, *sealed, true);
}

Result<void> Applier::create_pending() {
  if (to_create_.empty()) return {};
  const auto people = std::exchange(to_create_, {});
  std::vector<std::string> passwords;
  passwords.reserve(people.size());
  for (std::size_t i = 0; i < people.size(); ++i) passwords.push_back(world_.new_password());
  auto sealed = world_.vault.seal_all(passwords);
  if (!sealed) return sealed.error();
  for (std::size_t i = 0; i < people.size(); ++i) {
    const auto done = sync_extension(people[i], std::move((*sealed)[i]), false);
    if (!done) return done.error();
  }
  return {};
}

Result<bool> Applier::move(const MovePhones& change) {
  bool all = true;
  for (const auto& mac : world_.device_rows.on_extension(change.from)) {
    const auto row = world_.device_rows.find(mac);
    if (!row) continue;
    actors::Device::Command command = moved_lines(*row->definition, change.from, change.to);
    const auto moved = ask(world_.devices, mac.text(), std::move(command), change.user, true);
    if (!moved) return moved.error();
    all = all && *moved;
  }
  return all;
}

Result<bool> Applier::make(const Change& change, bool wait) {
  return std::visit(
      Overloaded{
          [&](const Adopt& c) { return adopt(c, wait); },
          [&](const MovePhones& c) { return move(c); },
          [&](const Release& c) {
            actors::Extension::Command command = actors::ReleaseExtension{directory_, c.present->identity, c.reason};
            return ask(world_.extensions, c.present->number.text(), std::move(command), c.present->account, wait);
          },
          [&](const Grant& c) {
            actors::User::Command command = actors::SyncUserRole{c.user, c.role, directory_, c.identity};
            return ask(world_.users, c.user, std::move(command), c.user, wait);
          },
          [&](const Withdraw& c) {
            actors::User::Command command = actors::WithdrawUserRole{directory_, c.identity};
            return ask(world_.users, c.user, std::move(command), c.user, wait);
          },
      },
      change);
}

Result<void> Applier::finish() {
  auto created = create_pending();
  auto done = settled(0);
  // Of an extension that somebody else made meanwhile: its key opens nothing.
  for (const auto& secret : shared_->unused) static_cast<void>(world_.vault.shred(secret));
  if (!created) return created;
  return done;
}

SyncCounts Applier::counts() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->counts;
}
std::vector<SkippedUser> Applier::refused() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->refused;
}
Position Applier::position() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->position;
}

}  // namespace strowger::directory
