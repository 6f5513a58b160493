// Events that a reactor could not handle, however often it tried: parked, so that it goes on with the next one.
//
// A dead letter is a row of the state table `dead_letters`, so it outlives restarts and is in backups. A person has it
// tried again, or skips it (API: /api/system/dead-letters; program: `strowger reactors`).
//
// Threads: any. Complexity: O(log n) for one letter, O(n) for list(). Lifetime: the log outlives it; completions of
// appends may come after its end.
#pragma once

#include "events/event.hpp"
#include "events/log.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

namespace strowger::actors {

struct DeadLetter {
  std::string handler;  // the reactor's name
  Uuid event;
  Position position{};  // 0: not known
  std::string stream;
  std::string type;
  std::string reason;  // of the last try
  std::uint32_t tries = 0;
  Timestamp parked_at;
};
BOOST_DESCRIBE_STRUCT(DeadLetter, (), (handler, event, position, stream, type, reason, tries, parked_at))

DeadLetter dead_letter_of(const Envelope& envelope, std::string handler, const Error& error, std::uint32_t tries);

class DeadLetters {
 public:
  static constexpr std::size_t most = 10'000;  // further ones are told in the server's log and counted, not kept

  using Done = std::function<void(Result<void>)>;

  // `report` gets a line for people when an event is parked or leaves; any thread; may be empty.
  DeadLetters(EventLog& log, Clock clock, std::function<void(const std::string&)> report);

  // Reads what earlier runs parked. A row that cannot be read is left out and reported.
  Result<void> load();

  // Keeps it durably. Waits for the log: never on a thread that serves. Parking again replaces.
  Result<void> park(DeadLetter letter);
  // Has its reactor try it again, a moment later. `not_found` `no_dead_letter`.
  Result<void> retry(const std::string& handler, const Uuid& event);
  // Forgets it. `done` runs on the log's writer thread, or at once; it must only hand over.
  void skip(const std::string& handler, const Uuid& event, Done done);

  // For the reactor: what it shall try again, each once…
  std::vector<DeadLetter> take_retries(const std::string& handler);
  // …and what came of it: a success forgets the letter, a failure keeps it with the new reason.
  void tried(const DeadLetter& letter, const Result<void>& outcome);

  std::vector<DeadLetter> list() const;  // by handler, then by event: oldest first
  std::size_t size() const;
  // Parked since the start, and of those how many were not kept because there were too many.
  std::uint64_t parked() const;
  std::uint64_t lost() const;
  // Warnings for people; empty where there are none.
  std::vector<std::string> warnings() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace strowger::actors
