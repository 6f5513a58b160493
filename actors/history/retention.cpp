#include "actors/history/retention.hpp"

#include "actors/history/day_summary.hpp"
#include "events/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <pthread.h>

namespace strowger::history {
namespace {

constexpr const char* state_table = "retention";
constexpr const char* summaries_key = "summaries";
constexpr const char* date_key = "date";
constexpr auto clock_tolerance = std::chrono::hours(24);  // a date that is further ahead is not believed
constexpr auto clock_settling = std::chrono::hours(24);   // so long a clock must hold a date before it counts
constexpr auto start_allowance = std::chrono::hours(24);  // by which a start may be later than the last run

// What has a time of its own.
struct Kind {
  const char* name;  // of its cursor
  std::chrono::seconds RetentionTimes::* time;
  std::array<std::string_view, 3> types;

  bool has(std::string_view type) const { return std::find(types.begin(), types.end(), type) != types.end(); }
};
constexpr std::array<Kind, 3> kinds{{
    {"config_served",
     &RetentionTimes::config_served,
     {ConfigServed::type, ConfigServedRepeated::type, ConfigServed::type}},
    {"refused", &RetentionTimes::refused, {ConfigRefused::type, ConfigRefusedRepeated::type, OthersRefused::type}},
    {"failed_logins",
     &RetentionTimes::failed_logins,
     {LoginFailed::type, LoginFailedRepeated::type, OtherLoginsFailed::type}},
}};

std::string latest_key(const Kind& kind) {
  return std::string(kind.name) + ".latest";
}

// Whose file it tells of, if it does.
std::optional<MacAddress> served_by(const Event& event) {
  if (const auto* once = std::get_if<ConfigServed>(&event)) return once->mac;
  if (const auto* again = std::get_if<ConfigServedRepeated>(&event)) return again->mac;
  return std::nullopt;
}

std::string retained_text(Timestamp date) {
  return std::to_string(std::max<std::int64_t>(0, date.time_since_epoch().count()));
}

}  // namespace

StreamId summaries_stream() {
  return {"history", "summaries"};
}

// What one commit will fold, and how far it was read.
struct Retention::Part {
  Position from{};
  Position read{};
  Timestamp latest{};  // of the dates up to there that are believed
  DaySummary summary;
  std::vector<FoldedRecord> records;
  std::optional<std::chrono::sys_days> day;
};

Retention::Retention(World world, RetentionOptions options) : world_(std::move(world)), options_(options) {
  if (options_.drive == Drive::by_hand) return;
  thread_ = std::jthread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "retention");
}

Retention::~Retention() {
  ending_.request_stop();
}

void Retention::run() {
  auto rest = std::chrono::milliseconds(options_.first);
  while (pause(rest)) {
    if (const auto done = run_once(); !done && world_.trouble) world_.trouble(done.error());
    rest = options_.every;
  }
}

// False when it is to end.
bool Retention::pause(std::chrono::milliseconds time) {
  if (options_.drive == Drive::by_hand) return true;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, ending_.get_token(), time, [] { return false; });
  return !ending_.stop_requested();
}

std::uint64_t Retention::folded() const {
  const std::lock_guard lock(mutex_);
  return folded_;
}

std::uint64_t Retention::summaries() const {
  const std::lock_guard lock(mutex_);
  return summaries_;
}

Result<std::uint64_t> Retention::run_once() {
  const auto before = folded();
  const auto date = today();
  if (!date) return date.error();
  if (!*date) return std::uint64_t{0};
  first_ = last_ = {};
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    for (;;) {
      const auto more = step(kind);
      if (!more) return more.error();
      if (!*more || !pause(options_.pause)) break;
    }
  }
  const auto done = folded() - before;
  if (done > 0) {
    if (world_.report)
      world_.report(std::to_string(done) + " facts up to position " + std::to_string(number(last_)) +
                    " were folded into summaries of their days: their retention time has passed");
    if (world_.folded) world_.folded(first_, last_);
  }
  AppendRequest request;
  request.state.push_back({state_table, date_key, retained_text(**date)});
  if (const auto written = append_and_wait(world_.log, std::move(request)); !written) return written.error();
  latest_ = **date;
  return done;
}

// The date that is believed; none while the clock is behind what it was before.
Result<std::optional<Timestamp>> Retention::today() {
  if (!known_) {
    const auto stored = read_date(date_key);
    if (!stored) return stored.error();
    known_ = latest_ = *stored;
  }
  if (world_.clock.held() >= clock_settling) return std::optional(world_.clock());
  const auto settled = world_.clock.settled(clock_settling);
  if (settled < latest_) return std::optional<Timestamp>{};
  const auto uptime = world_.clock.uptime();
  if (*known_ == Timestamp{} || uptime >= clock_settling) return std::optional(settled);
  const auto most = *known_ + start_allowance + std::chrono::floor<std::chrono::microseconds>(uptime);
  return std::optional(std::min(settled, most));
}

Result<Timestamp> Retention::read_date(const std::string& key) const {
  const auto stored = read_number(key);
  if (!stored) return stored.error();
  return Timestamp(std::chrono::microseconds(*stored));
}

// The nearest dates after a position that are believed, a page of them: what is before them is no younger than the
// latest. None: there is none yet.
Result<std::optional<Retention::Dates>> Retention::next_dates(Position after, Timestamp believed) const {
  for (;;) {
    const auto records = world_.log.read_all(after, options_.page);
    if (!records) return records.error();
    if (records->empty()) return std::optional<Dates>{};
    std::optional<Dates> dates;
    for (const auto& record : *records) {
      // A summary is written when its facts are old: it tells nothing of the age of what is before it.
      if (record.time > believed || record.stream == summaries_stream()) continue;
      if (!dates) dates = Dates{record.time, record.time};
      dates->latest = std::max(dates->latest, record.time);
    }
    if (dates) return dates;
    after = records->back().position;
  }
}

Result<std::uint64_t> Retention::read_number(const std::string& key) const {
  const auto stored = world_.log.load_state(state_table, key);
  if (!stored) return stored.error();
  std::uint64_t value = 0;
  if (*stored) std::from_chars((*stored)->data(), (*stored)->data() + (*stored)->size(), value);
  return value;
}

// Reads on from where it was, up to a part's worth of one day. False when nothing more is due.
Result<bool> Retention::step(std::size_t which) {
  const auto& kind = kinds[which];
  const auto keep = world_.times().*kind.time;
  if (keep.count() <= 0) return false;
  const auto now = today();
  if (!now) return now.error();
  if (!*now) return false;
  const auto believed = **now + clock_tolerance;
  // Whole days only, so that a day has as few summaries as may be.
  const Timestamp due = std::chrono::floor<std::chrono::days>(**now - keep);
  const auto cursor = read_number(kind.name);
  if (!cursor) return cursor.error();
  const auto latest = read_date(latest_key(kind));
  if (!latest) return latest.error();
  const auto last_summary = read_number(summaries_key);
  if (!last_summary) return last_summary.error();

  Part part;
  part.from = part.read = Position{*cursor};
  part.latest = *latest;
  std::optional<Dates> ahead;  // the next that are believed, while records have others
  bool ended = false;
  for (bool full = false; !full && !ended;) {
    const auto records = world_.log.read_all(part.read, options_.page);
    if (!records) return records.error();
    ended = records->empty();
    for (const auto& record : *records) {
      if (record.time <= believed) {
        part.latest = std::max(part.latest, record.time);
        ahead.reset();
      } else if (!ahead) {
        const auto found = next_dates(record.position, believed);
        if (!found) return found.error();
        ahead = *found;
        if (!ahead) ended = true;
      }
      if (ended || (ahead ? std::max(part.latest, ahead->latest) : part.latest) >= due) {
        ended = true;
        break;
      }
      if (kind.has(record.type)) {
        const auto envelope = decode_or_quarantine(record);
        const auto served = served_by(envelope.event);
        // An event that cannot be decoded cannot be summed up: keep it.
        const bool passed_over = std::holds_alternative<Undecodable>(envelope.event);
        if (!passed_over && (!served || world_.served_since(*served, ahead ? ahead->first : record.time))) {
          const auto day = std::chrono::floor<std::chrono::days>(record.time);
          full = part.records.size() >= options_.records || (part.day && *part.day != day);
          if (full) break;
          part.day = day;
          auto marker = part.summary.add(envelope);
          marker.summary = *last_summary + 1;
          part.records.push_back({record.position, json::to_string(marker)});
        }
      }
      part.read = record.position;
    }
    if (!full && !ended && !pause(options_.pause)) return false;
  }
  if (part.read == part.from) return false;
  if (auto done = commit(which, part); !done) return done.error();
  return !ended;
}

Result<void> Retention::commit(std::size_t which, Part& part) {
  const std::vector<StateWrite> reached{{state_table, kinds[which].name, std::to_string(number(part.read))},
                                        {state_table, latest_key(kinds[which]), retained_text(part.latest)}};
  if (part.records.empty()) {
    // Only so that it need not be read again. A little that was read is not worth a write.
    if (number(part.read) - number(part.from) < options_.page) return {};
    AppendRequest request;
    request.state = reached;
    if (const auto done = append_and_wait(world_.log, std::move(request)); !done) return done.error();
    return {};
  }
  const auto last_summary = read_number(summaries_key);
  if (!last_summary) return last_summary.error();
  const auto first = part.records.front().position, last = part.records.back().position;
  const auto count = part.records.size();
  const auto make = [&](std::string proof) {
    auto event = part.summary.take();
    event.proof = std::move(proof);
    AppendRequest request;
    request.stream = summaries_stream();
    request.expected = ExpectedVersion::exactly(StreamVersion{*last_summary});
    request.events.push_back(encode(Event(std::move(event)), Cause{"system", {}, {}}, world_.clock(), world_.ids));
    request.state = reached;
    request.state.push_back({state_table, summaries_key, std::to_string(*last_summary + 1)});
    return request;
  };
  if (const auto done = world_.fold(std::move(part.records), make); !done) return done.error();
  const std::lock_guard lock(mutex_);
  folded_ += count;
  ++summaries_;
  first_ = number(first_) == 0 ? first : std::min(first_, first);
  last_ = std::max(last_, last);
  return {};
}

}  // namespace strowger::history
