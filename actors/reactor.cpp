#include "actors/reactor.hpp"

#include <charconv>
#include <exception>

namespace strowger::actors {
namespace {

constexpr std::string_view table = "reactors";
// A checkpoint costs a synced write, and being handed some events again costs little.
constexpr std::uint64_t save_every = 4096;
constexpr auto retry_pause = std::chrono::milliseconds(500);

Result<Position> load_checkpoint(EventLog& log, const std::string& name) {
  const auto stored = log.load_state(table, name);
  if (!stored) return stored.error();
  std::uint64_t position = 0;
  if (*stored) std::from_chars((*stored)->data(), (*stored)->data() + (*stored)->size(), position);
  return Position{position};
}

}  // namespace

Reactor::Reactor(EventLog& log, std::string name, std::function<Result<void>(const Envelope&)> handle,
                 std::function<void(const Error&)> trouble, Drive drive, std::function<bool(const Record&)> wanted,
                 DeadLetters* parked)
    : log_(log), name_(std::move(name)), handle_(std::move(handle)), parked_(parked) {
  if (const auto checkpoint = load_checkpoint(log_, name_))
    handled_ = saved_ = *checkpoint;
  else
    trouble(checkpoint.error());  // from the first event, then: handlers are idempotent
  LogFollower::Handlers handlers;
  if (wanted)
    handlers.wanted = [this, wanted = std::move(wanted)](const Record& record) {
      if (wanted(record)) return true;
      handled_ = record.position;
      return false;
    };
  handlers.event = [this](const Envelope& envelope) {
    auto done = handle_(envelope);
    if (done) handled_ = envelope.position;
    return done;
  };
  if (parked_ != nullptr)
    handlers.park = [this](const Envelope& envelope, const Error& error, std::uint32_t tries) {
      auto done = parked_->park(dead_letter_of(envelope, name_, error, tries));
      if (done) handled_ = envelope.position;
      return done;
    };
  handlers.between = [this] {
    try_parked();
    if (number(handled()) >= number(saved_) + save_every) save_checkpoint();
  };
  handlers.trouble = std::move(trouble);
  follower_ = std::make_unique<LogFollower>(log_, handled(), std::move(handlers), retry_pause, drive);
}

Reactor::~Reactor() {
  follower_.reset();
  if (handled() != saved_) save_checkpoint();
}

void Reactor::try_parked() {
  if (parked_ == nullptr) return;
  for (const auto& letter : parked_->take_retries(name_)) parked_->tried(letter, try_again(letter));
}

Result<void> Reactor::try_again(const DeadLetter& letter) {
  const auto records = log_.read_all(Position{number(letter.position) - 1}, 1);
  if (!records) return records.error();
  if (records->empty() || records->front().id != letter.event)
    return internal_error("event " + letter.event.text() + " is not at position " +
                          std::to_string(number(letter.position)) + " of this log; skip it");
  try {
    return handle_(decode_or_quarantine(records->front()));
  } catch (const std::exception& thrown) {
    return internal_error(thrown.what());
  }
}

void Reactor::save_checkpoint() {
  saved_ = handled();
  log_.append({{}, ExpectedVersion::any(), {}, {{std::string(table), name_, std::to_string(number(handled()))}}, {}},
              [](const Result<Receipt>&) {});  // losing it costs only time
}

}  // namespace strowger::actors
