#include "actors/dead_letters.hpp"

#include "events/json.hpp"
#include "events/utf8.hpp"

#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace strowger::actors {
namespace {

constexpr std::string_view letters_table = "dead_letters";
constexpr std::size_t longest_letter_reason = 1'024;

using LetterKey = std::pair<std::string, Uuid>;

std::string row_key_of(const LetterKey& key) {
  return key.first + '/' + key.second.text();
}

AppendRequest row_write(const LetterKey& key, std::optional<std::string> value) {
  AppendRequest request;
  request.state.push_back({std::string(letters_table), row_key_of(key), std::move(value)});
  return request;
}

Error no_letter(const LetterKey& key) {
  return not_found("no_dead_letter", "There is no dead letter of " + utf8::clip(key.first, 64) + " for event " +
                                         key.second.text() + "; GET /api/system/dead-letters lists them.");
}

}  // namespace

DeadLetter dead_letter_of(const Envelope& envelope, std::string handler, const Error& error, std::uint32_t tries) {
  return {std::move(handler),
          envelope.id,
          envelope.position,
          envelope.stream.text(),
          std::string(type_of(envelope.event)),
          utf8::clip(error.message, longest_letter_reason),
          tries,
          {}};
}

struct DeadLetters::State {
  State(EventLog& log_in, Clock clock_in, std::function<void(const std::string&)> report_in)
      : log(log_in), clock(std::move(clock_in)), report(std::move(report_in)) {}

  void say(const std::string& line) const {
    if (report) report(line);
  }

  EventLog& log;
  const Clock clock;
  const std::function<void(const std::string&)> report;
  mutable std::mutex mutex;
  std::map<LetterKey, DeadLetter> letters;
  std::set<LetterKey> wanted;  // to be tried again
  std::uint64_t parked = 0;
  std::uint64_t lost = 0;
};

DeadLetters::DeadLetters(EventLog& log, Clock clock, std::function<void(const std::string&)> report)
    : state_(std::make_shared<State>(log, std::move(clock), std::move(report))) {}

Result<void> DeadLetters::load() {
  std::map<LetterKey, DeadLetter> found;
  std::size_t unreadable = 0;
  const auto visit = [&](std::string_view, std::string_view row) {
    auto letter = json::from_string<DeadLetter>(row);
    if (!letter) {
      ++unreadable;
      return;
    }
    const LetterKey key{letter->handler, letter->event};
    found.emplace(key, std::move(*letter));
  };
  if (auto done = state_->log.scan_state(letters_table, "", visit); !done) return done;
  if (unreadable > 0) state_->say(std::to_string(unreadable) + " dead letters cannot be read and are left out");
  const std::lock_guard lock(state_->mutex);
  state_->letters = std::move(found);
  return {};
}

Result<void> DeadLetters::park(DeadLetter letter) {
  letter.parked_at = state_->clock();
  const LetterKey key{letter.handler, letter.event};
  const auto what = letter.handler + ": event " + std::to_string(number(letter.position)) + " (" + letter.type + ", " +
                    letter.stream + ", id " + letter.event.text() + ") could not be handled in " +
                    std::to_string(letter.tries) + " tries: " + letter.reason;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->letters.size() >= most && !state_->letters.contains(key)) {
      ++state_->parked;
      ++state_->lost;
      state_->say(what + "; it is passed over and not kept, there are " + std::to_string(most) +
                  " dead letters already: see `strowger reactors list`");
      return {};
    }
  }
  if (const auto stored = append_and_wait(state_->log, row_write(key, json::to_string(letter))); !stored)
    return stored.error();
  {
    const std::lock_guard lock(state_->mutex);
    state_->letters.insert_or_assign(key, std::move(letter));
    ++state_->parked;
  }
  state_->say(what + "; it is parked, see `strowger reactors list`");
  return {};
}

Result<void> DeadLetters::retry(const std::string& handler, const Uuid& event) {
  const LetterKey key{handler, event};
  const std::lock_guard lock(state_->mutex);
  if (!state_->letters.contains(key)) return no_letter(key);
  state_->wanted.insert(key);
  return {};
}

void DeadLetters::skip(const std::string& handler, const Uuid& event, Done done) {
  const LetterKey key{handler, event};
  bool known = false;
  {
    const std::lock_guard lock(state_->mutex);
    known = state_->letters.contains(key);
  }
  if (!known) return done(no_letter(key));
  auto erased = [state = state_, key, done = std::move(done)](const Result<Receipt>& receipt) {
    if (receipt) {
      const std::lock_guard lock(state->mutex);
      state->letters.erase(key);
      state->wanted.erase(key);
    }
    done(receipt ? Result<void>{} : Result<void>(receipt.error()));
  };
  state_->log.append(row_write(key, std::nullopt), std::move(erased));
}

std::vector<DeadLetter> DeadLetters::take_retries(const std::string& handler) {
  std::vector<DeadLetter> out;
  const std::lock_guard lock(state_->mutex);
  for (auto at = state_->wanted.lower_bound({handler, {}}); at != state_->wanted.end() && at->first == handler;) {
    if (const auto found = state_->letters.find(*at); found != state_->letters.end()) out.push_back(found->second);
    at = state_->wanted.erase(at);
  }
  return out;
}

void DeadLetters::tried(const DeadLetter& letter, const Result<void>& outcome) {
  if (outcome) {
    state_->say(letter.handler + ": event " + letter.event.text() + " was handled at last and is parked no more");
    skip(letter.handler, letter.event, [](const Result<void>&) {});
    return;
  }
  const LetterKey key{letter.handler, letter.event};
  DeadLetter kept = letter;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->letters.find(key);
    if (found == state_->letters.end()) return;  // skipped meanwhile
    found->second.reason = utf8::clip(outcome.error().message, longest_letter_reason);
    ++found->second.tries;
    kept = found->second;
  }
  state_->say(letter.handler + ": event " + letter.event.text() + " was tried again and stays parked: " + kept.reason);
  // Losing this write loses only the newer reason.
  state_->log.append(row_write(key, json::to_string(kept)), [](const Result<Receipt>&) {});
}

std::vector<DeadLetter> DeadLetters::list() const {
  std::vector<DeadLetter> out;
  const std::lock_guard lock(state_->mutex);
  out.reserve(state_->letters.size());
  for (const auto& [key, letter] : state_->letters) out.push_back(letter);
  return out;
}

std::size_t DeadLetters::size() const {
  const std::lock_guard lock(state_->mutex);
  return state_->letters.size();
}

std::uint64_t DeadLetters::parked() const {
  const std::lock_guard lock(state_->mutex);
  return state_->parked;
}

std::uint64_t DeadLetters::lost() const {
  const std::lock_guard lock(state_->mutex);
  return state_->lost;
}

std::vector<std::string> DeadLetters::warnings() const {
  std::vector<std::string> out;
  if (const auto kept = size(); kept > 0)
    out.push_back(std::to_string(kept) +
                  " events could not be handled and are parked; `strowger reactors list` shows them with the reason, "
                  "`strowger reactors retry` and `skip` settle them.");
  if (const auto gone = lost(); gone > 0)
    out.push_back(std::to_string(gone) +
                  " events could not be handled and were passed over without being kept, because too many were parked; "
                  "the server's log names them.");
  return out;
}

}  // namespace strowger::actors
