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
constexpr const char* missed_table = "retention_missed";  // key: the reader
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

Position reached_by(const std::vector<LogReader>& readers, const std::string& name) {
  const auto found = std::ranges::find(readers, name, &LogReader::name);
  return found == readers.end() ? Position{} : found->reached;
}

// The first of the records that a reader which read up to `reached` has not read.
auto first_unread(const std::vector<FoldedRecord>& records, Position reached) {
  return std::ranges::upper_bound(records, reached, {}, &FoldedRecord::position);
}

// Of the readers that have not read some of the records: what they will have missed with these.
std::map<std::string, MissedEvents> missed_by(const std::vector<LogReader>& readers,
                                              const std::vector<FoldedRecord>& records,
                                              const std::map<std::string, MissedEvents>& before, Timestamp now) {
  std::map<std::string, MissedEvents> all;
  for (const auto& reader : readers) {
    const auto first = first_unread(records, reader.reached);
    if (first == records.end()) continue;
    const auto count = static_cast<std::uint64_t>(records.end() - first);
    MissedEvents missed;
    if (const auto known = before.find(reader.name); known != before.end()) missed = known->second;
    const auto from = number(first->position), to = number(records.back().position);
    // It read on since: that is another stretch.
    if (missed.events == 0 || number(reader.reached) >= missed.last) {
      missed.first = from;
      missed.last = to;
      missed.events = 0;
    }
    missed.first = std::min(missed.first, from);
    missed.last = std::max(missed.last, to);
    missed.events += count;
    missed.total += count;
    missed.at = now;
    all[reader.name] = missed;
  }
  return all;
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
  std::vector<LogReader> readers;

  const LogReader* slowest() const {
    const auto found = std::ranges::min_element(readers, {}, &LogReader::reached);
    return found == readers.end() ? nullptr : &*found;
  }
};

Retention::Retention(World world, RetentionOptions options)
    : world_(std::move(world)), options_(options), waiting_(kinds.size()) {
  load_missed();
  if (options_.drive == Drive::by_hand) return;
  thread_ = std::jthread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "retention");
}

Retention::~Retention() {
  stop();
}

void Retention::stop() {
  ending_.request_stop();
  if (thread_.joinable()) thread_.join();
}

// What cannot be read only tells, and is begun anew.
void Retention::load_missed() {
  const auto visited =
      world_.log.scan_state(missed_table, {}, [this](std::string_view reader, std::string_view stored) {
        if (auto missed = json::from_string<MissedEvents>(stored)) status_.missed[std::string(reader)] = *missed;
      });
  if (!visited && world_.trouble) world_.trouble(visited.error());
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

RetentionStatus Retention::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

Result<std::uint64_t> Retention::run_once() {
  missed_now_.clear();
  auto done = fold_due();
  tell();  // also of what was folded before a failure
  return done;
}

Result<std::uint64_t> Retention::fold_due() {
  const auto before = status().folded;
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
  if (const auto looked = look_what_waits(); !looked) return looked.error();
  const auto done = status().folded - before;
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

// Of the kinds whose facts wait, the one with the oldest is shown.
Result<void> Retention::look_what_waits() {
  const Waiting* oldest = nullptr;
  for (const auto& waiting : waiting_)
    if (waiting && (oldest == nullptr || waiting->hold.first < oldest->hold.first)) oldest = &*waiting;
  std::optional<RetentionHold> held;
  if (oldest != nullptr) {
    held = oldest->hold;
    const auto events = due_events(held->first, oldest->due_before);
    if (!events) return events.error();
    held->events = *events;
  }
  const std::lock_guard lock(mutex_);
  status_.held = std::move(held);
  return {};
}

// Events from `first` on up to the first that is not older than `due`. Complexity: O(log n) reads: dates follow the
// log's order, but for clocks that were wrong.
Result<std::uint64_t> Retention::due_events(Position first, Timestamp due) const {
  auto low = number(first);  // is due
  auto high = number(world_.log.last_position()) + 1;
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    const auto record = world_.log.read_all(Position{middle - 1}, 1);
    if (!record) return record.error();
    if (!record->empty() && record->front().time < due)
      low = middle;
    else
      high = middle;
  }
  return high - number(first);
}

void Retention::tell() {
  for (const auto& [reader, missed] : missed_now_)
    if (world_.warn)
      world_.warn("Retention: " + std::to_string(missed.events) + " facts from position " +
                  std::to_string(missed.first) + " to " + std::to_string(missed.last) + " were folded before " +
                  reader +
                  " read them, as log.retention.wait_for_sinks has passed; it gets markers "
                  "(history.folded) in their places");
  const auto held = status().held;
  const auto reader = held ? held->reader : std::string();
  if (reader == told_reader_) return;
  if (held && world_.warn)
    world_.warn("Retention waits for " + reader + ", which has read the log up to position " +
                std::to_string(number(held->reached)) + ": " + std::to_string(held->events) + " events from position " +
                std::to_string(number(held->first)) + " on are kept beyond their time, until " +
                to_iso8601(held->until) + " at most (log.retention.wait_for_sinks)");
  if (!held && world_.report) world_.report("Retention does not wait for " + told_reader_ + " any more");
  told_reader_ = reader;
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
  const auto times = world_.times();
  const auto keep = times.*kind.time;
  waiting_[which].reset();
  if (keep.count() <= 0) return false;
  const auto now = today();
  if (!now) return now.error();
  if (!*now) return false;
  const auto believed = **now + clock_tolerance;
  // Whole days only, so that a day has as few summaries as may be.
  const Timestamp due = std::chrono::floor<std::chrono::days>(**now - keep);
  const Timestamp due_unread = std::chrono::floor<std::chrono::days>(**now - keep - times.wait_for_readers);
  const auto cursor = read_number(kind.name);
  if (!cursor) return cursor.error();
  const auto latest = read_date(latest_key(kind));
  if (!latest) return latest.error();
  const auto last_summary = read_number(summaries_key);
  if (!last_summary) return last_summary.error();

  Part part;
  part.from = part.read = Position{*cursor};
  part.latest = *latest;
  if (world_.readers) part.readers = world_.readers();
  const auto* slowest = part.slowest();
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
      const auto dated = ahead ? std::max(part.latest, ahead->latest) : part.latest;
      if (ended || dated >= due) {
        ended = true;
        break;
      }
      if (kind.has(record.type)) {
        const auto envelope = decode_or_quarantine(record);
        const auto served = served_by(envelope.event);
        // An event that cannot be decoded cannot be summed up: keep it.
        const bool passed_over = std::holds_alternative<Undecodable>(envelope.event);
        if (!passed_over && (!served || world_.served_since(*served, ahead ? ahead->first : record.time))) {
          if (slowest != nullptr && slowest->reached < record.position && dated >= due_unread) {
            // Whole days are due at once.
            const Timestamp passed = std::chrono::floor<std::chrono::days>(dated) + std::chrono::days(1) + keep;
            waiting_[which] = Waiting{
                {slowest->name, slowest->reached, record.position, 0, passed, passed + times.wait_for_readers}, due};
            ended = true;
            break;
          }
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
  const auto missed = missed_by(part.readers, part.records, status().missed, world_.clock());
  std::map<std::string, std::uint64_t> from;  // each reader's first of them; the records are moved away
  for (const auto& [reader, events] : missed)
    from[reader] = number(first_unread(part.records, reached_by(part.readers, reader))->position);
  const auto make = [&](std::string proof) {
    auto event = part.summary.take();
    event.proof = std::move(proof);
    AppendRequest request;
    request.stream = summaries_stream();
    request.expected = ExpectedVersion::exactly(StreamVersion{*last_summary});
    request.events.push_back(encode(Event(std::move(event)), Cause{"system", {}, {}}, world_.clock(), world_.ids));
    request.state = reached;
    request.state.push_back({state_table, summaries_key, std::to_string(*last_summary + 1)});
    for (const auto& [reader, events] : missed)
      request.state.push_back({missed_table, reader, json::to_string(events)});
    return request;
  };
  if (const auto done = world_.fold(std::move(part.records), make); !done) return done.error();
  const std::lock_guard lock(mutex_);
  status_.folded += count;
  ++status_.summaries;
  for (const auto& [reader, events] : missed) {
    auto& here = missed_now_[reader];
    const auto before = status_.missed[reader].total;
    here.first = here.events == 0 ? from[reader] : std::min(here.first, from[reader]);
    here.last = std::max(here.last, number(last));
    here.events += events.total - before;
    status_.missed[reader] = events;
  }
  first_ = number(first_) == 0 ? first : std::min(first_, first);
  last_ = std::max(last_, last);
  return {};
}

}  // namespace strowger::history
