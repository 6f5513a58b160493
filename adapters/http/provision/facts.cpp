#include "adapters/http/provision/facts.hpp"

#include "actors/provisioning/identity.hpp"
#include "adapters/http/provision/request_log.hpp"
#include "events/json.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <utility>

#include <pthread.h>
#include <spdlog/logger.h>

namespace strowger::http::provision {
namespace {

// How long notes are collected. Short enough that who looks for a fetch finds it, long enough that a boot storm's
// thousands share a sync.
constexpr std::chrono::milliseconds collecting{20};
constexpr std::size_t plenty = 4'096;  // then not even so long; and no more are committed at once
constexpr std::size_t most_notes = 65'536;
constexpr std::size_t most_text = 16U << 20;
constexpr std::size_t longest_kept = 512;               // of a path or User-Agent that a stranger sends
constexpr const char* windows_table = "fetch_windows";  // of the log's state; key: the window

std::string_view kept(std::string_view text) {
  return utf8::prefix(text, longest_kept);
}

std::uint16_t put(std::string& to, std::string_view text) {
  to += text;
  return static_cast<std::uint16_t>(text.size());
}

}  // namespace

Facts::Texts Facts::texts_of(const Note& note, std::string_view text) {
  text.remove_prefix(note.text);
  const auto take = [&](std::size_t size) {
    const auto part = text.substr(0, size);
    text.remove_prefix(size);
    return part;
  };
  return {take(note.path), take(note.peer), take(note.user_agent), take(note.tls_identity)};
}

bool Facts::Notes::has_room() const {
  return size() < most_notes && text.size() < most_text;
}

void Facts::Notes::clear() {
  served.clear();
  text.clear();
}

Facts::Facts(EventLog& log, IdSource& ids, Clock clock, spdlog::logger& logger, Sightings& sightings,
             const provisioning::VendorCatalog& catalog, const DevicesProjection& devices, TokenMask mask,
             FactsOptions options)
    : log_(log),
      ids_(ids),
      clock_(std::move(clock)),
      logger_(logger),
      sightings_(sightings),
      catalog_(catalog),
      devices_(devices),
      mask_(std::move(mask)),
      options_(std::move(options)),
      windows_([this] { return ids_.next(); }) {
  handed_->runner = options_.runner;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "facts");
}

Facts::~Facts() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
  const std::lock_guard lock(handed_->runner_mutex);
  handed_->runner = nullptr;
}

void Facts::served(const Served& note) {
  const auto time = clock_();
  const auto position = log_.last_position();
  leave([&](Notes& notes) {
    auto& written = notes.served.emplace_back();
    written.file = note.file;
    written.time = time;
    written.position = position;
    written.correlation = note.correlation;
    written.causation = note.causation;
    written.text = static_cast<std::uint32_t>(notes.text.size());
    written.path = put(notes.text, kept(note.path));
    written.peer = put(notes.text, note.peer);
    written.user_agent = put(notes.text, kept(note.user_agent));
    written.tls_identity = put(notes.text, kept(note.tls_identity));
    written.status = note.status;
    written.fetched = note.fetched;
  });
}

void Facts::refused(ConfigRefused event) {
  for (auto* text : {&event.path, &event.mac_address, &event.user_agent}) *text = utf8::clip(*text, longest_kept);
  sightings_.refused(std::move(event));
}

template <class Write>
void Facts::leave(Write write) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_.has_room()) {
      counts_->dropped.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    write(waiting_);
    wake = std::exchange(idle_, false) || waiting_.size() == plenty;
  }
  if (wake) changed_.notify_one();
}

void Facts::run() {
  restore();
  Notes notes;
  while (collect(notes)) {
    append(notes);
    log_served(notes);
    notes.clear();
    close_windows(FetchWindows::Ticks::clock::now());
  }
  retry_at_ = FetchWindows::Ticks::min();
  close_windows(FetchWindows::Ticks::max());
}

// False when there is nothing left, and nothing will come. Without notes: windows are to be closed.
bool Facts::collect(Notes& notes) {
  auto wake_at = windows_.next_end().value_or(FetchWindows::Ticks::max());
  if (!returned_.empty()) wake_at = retry_at_;
  wake_at = std::max(wake_at, retry_at_);  // nothing is closed before
  {
    const std::lock_guard lock(handed_->mutex);
    if (!handed_->returned.empty()) wake_at = FetchWindows::Ticks::min();
    // The log may yet give them back, and cannot wake this thread, which may be gone by then.
    if (handed_->closes) wake_at = std::min(wake_at, FetchWindows::Ticks::clock::now() + options_.retry);
  }
  std::unique_lock lock(mutex_);
  idle_ = true;
  const auto filled = [this] { return ended_ || waiting_.size() > 0; };
  if (wake_at == FetchWindows::Ticks::max())
    changed_.wait(lock, filled);
  else
    changed_.wait_until(lock, wake_at, filled);
  idle_ = false;
  if (waiting_.size() == 0) return !ended_;
  changed_.wait_for(lock, collecting, [this] { return ended_ || waiting_.size() >= plenty; });
  std::swap(notes, waiting_);
  return true;
}

// As it was recorded last where the phone asks as it did then.
const Recorded& Facts::words_for(const Note& note, const Notes& notes) {
  const auto& file = *note.file;
  const auto asked =
      std::string_view(notes.text).substr(note.text, note.path + note.peer + note.user_agent + note.tls_identity);
  const std::array sizes{note.path, note.peer, note.user_agent, note.tls_identity};
  auto& known = file.recorded;
  if (known && known->asked == asked && known->sizes == sizes && known->status == note.status &&
      known->fetched == note.fetched && (!known->line.text.empty() || !logger_.should_log(spdlog::level::warn)))
    return *known;
  const auto texts = texts_of(note, notes.text);
  known = std::make_unique<Recorded>(Recorded{std::string(asked), sizes, note.status, note.fetched});
  if (note.fetched)
    known->event = encode(event_of(note, texts), {"phone:" + file.device->mac.text(), note.correlation, note.causation},
                          note.time, ids_);
  known->line = line_of(note, texts);
  return *known;
}

ConfigServed Facts::event_of(const Note& note, const Texts& texts) const {
  const auto& file = *note.file;
  const auto& device = *file.device;
  return {device.mac,
          device.extension,
          device.vendor,
          device.model,
          mask_(texts.path),
          file.representation.etag,
          static_cast<std::uint32_t>(file.size),
          note.status,
          std::string(texts.peer),
          mask_(texts.user_agent),
          std::string(texts.tls_identity)};
}

// Whether somebody may wait for the fetch. All that was in the log when it was served is known where the projections
// have applied it; else it is not known.
bool Facts::matters(const Note& note, Position applied) const {
  if (!note.correlation.is_nil() || note.position > applied) return true;
  const auto& mac = note.file->device->mac;
  const auto serving = devices_.find_for_serving(mac);
  return !serving.definition || !serving.correlation.is_nil() || devices_.open_enrolment(mac).has_value();
}

bool Facts::is_repeated(const Note& note, const Notes& notes, Position applied, Batch& batch) {
  const auto window = options_.window ? options_.window() : std::chrono::seconds(0);
  if (window.count() <= 0 && !windows_.next_end()) return false;
  const FetchWindows::Fetch fetch{
      note.file->device->mac,
      std::string_view(notes.text).substr(note.text, note.path + note.peer + note.user_agent + note.tls_identity),
      {note.path, note.peer, note.user_agent, note.tls_identity},
      note.file->representation.etag,
      note.status,
      note.time};
  std::vector<Repeats> closed;
  const bool tell = windows_.add(
      fetch, matters(note, applied), FetchWindows::Ticks::clock::now(), window,
      [&] { return event_of(note, texts_of(note, notes.text)); }, closed);
  add(std::move(closed), batch);
  if (tell) return false;
  counts_->repeated.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(handed_->mutex);
  auto& untold = handed_->untold[fetch.mac];
  ++untold.count;
  untold.last_seen = fetch.time;
  ++handed_->untold_fetches;
  return true;
}

// What was counted in a window, in one batch with the end of its count in the state.
void Facts::add(std::vector<Repeats> closed, Batch& batch) {
  const auto now = clock_();
  for (auto& repeats : closed) {
    const auto& mac = repeats.event.mac;
    batch.facts.push_back(
        {StreamId::activity_of(mac), encode(Event(repeats.event), Cause{"phone:" + mac.text(), {}, {}}, now, ids_)});
    batch.state.push_back({windows_table, repeats.window.text(), std::nullopt});
    batch.closed.push_back(std::move(repeats));
  }
}

void Facts::add_changed(Batch& batch) {
  std::vector<Repeats> changed;
  windows_.take_changed(changed);
  for (const auto& repeats : changed)
    batch.state.push_back({windows_table, repeats.window.text(), json::to_string(repeats.event)});
}

// What is to be told by now of windows that are over, and of those that the log did not take.
void Facts::close_windows(FetchWindows::Ticks until) {
  const auto now = FetchWindows::Ticks::clock::now();
  {
    const std::lock_guard lock(handed_->mutex);
    if (!handed_->returned.empty()) retry_at_ = until == FetchWindows::Ticks::max() ? now : now + options_.retry;
    std::move(handed_->returned.begin(), handed_->returned.end(), std::back_inserter(returned_));
    handed_->returned.clear();
  }
  std::vector<Repeats> closed;
  if (now >= retry_at_) {
    closed.swap(returned_);
    windows_.close(until, closed);
  }
  if (closed.empty()) return;
  Batch batch;
  add(std::move(closed), batch);
  add_changed(batch);
  hand_over(std::move(batch));
}

// Counts that a kill left become events now.
void Facts::restore() {
  std::vector<Repeats> left;
  std::vector<StateWrite> unreadable;
  const auto read = log_.scan_state(windows_table, {}, [&](std::string_view key, std::string_view value) {
    auto event = json::from_string<ConfigServedRepeated>(value);
    const auto window = Uuid::parse(key);
    if (event && window)
      left.push_back({*window, std::move(*event)});
    else
      unreadable.push_back({windows_table, std::string(key), std::nullopt});
  });
  if (!read) logger_.error("Fetches that were counted before the start are not told: {}", read.error().message);
  if (left.empty() && unreadable.empty()) return;
  {
    const std::lock_guard lock(handed_->mutex);
    for (const auto& repeats : left) {
      auto& untold = handed_->untold[repeats.event.mac];
      untold.count += repeats.event.count;
      untold.last_seen = std::max(untold.last_seen, repeats.event.last_seen);
      handed_->untold_fetches += repeats.event.count;
    }
  }
  for (std::size_t at = 0; at < left.size() || !unreadable.empty();) {
    const auto count = std::min(plenty, left.size() - at);
    Batch batch;
    batch.state = std::exchange(unreadable, {});
    const auto from = left.begin() + static_cast<std::ptrdiff_t>(at);
    add({from, from + static_cast<std::ptrdiff_t>(count)}, batch);
    hand_over(std::move(batch));
    at += count;
  }
}

RequestCounts Facts::untold() const {
  const std::lock_guard lock(handed_->mutex);
  return {handed_->untold_fetches, handed_->untold_fetches, 0, 0};
}

Facts::Untold Facts::untold(const MacAddress& mac) const {
  const std::lock_guard lock(handed_->mutex);
  const auto found = handed_->untold.find(mac);
  return found == handed_->untold.end() ? Untold{} : found->second;
}

// With the lock held.
void Facts::Handed::told(const std::vector<Repeats>& closed) {
  for (const auto& repeats : closed) {
    const auto found = untold.find(repeats.event.mac);
    if (found == untold.end()) continue;
    const auto count = std::min(found->second.count, repeats.event.count);
    found->second.count -= count;
    untold_fetches -= count;
    if (found->second.count == 0) untold.erase(found);
  }
}

// Where the projections do not know yet of one that was handed over, there is a second: only the first counts.
std::optional<Fact> Facts::enrolment_by(const Note& note, const Notes& notes, std::set<MacAddress>& known,
                                        const NewRecord& fetch) {
  const auto& mac = note.file->device->mac;
  const auto opened_at = devices_.open_enrolment(mac);
  if (!opened_at || !known.insert(mac).second) return std::nullopt;
  const auto texts = texts_of(note, notes.text);
  return Fact{StreamId::activity_of(mac),
              encode(DeviceEnrolled{mac, std::string(texts.peer), *opened_at},
                     {"phone:" + mac.text(), fetch.correlation, fetch.id}, note.time, ids_)};
}

void Facts::append(Notes& notes) {
  if (notes.size() == 0) return;
  const auto applied = options_.runner != nullptr ? options_.runner->applied_position() : Position{~std::uint64_t{0}};
  std::set<MacAddress> enrolled;
  Batch batch;
  batch.facts.reserve(std::min(notes.size(), plenty));
  for (const auto& note : notes.served) {
    if (!note.fetched || is_repeated(note, notes, applied, batch)) continue;
    auto& fact =
        batch.facts.emplace_back(Fact{StreamId::activity_of(note.file->device->mac), words_for(note, notes).event});
    ++batch.fetches;
    auto& event = fact.event;
    event.id = ids_.next();
    event.time = note.time;
    event.correlation = note.correlation.is_nil() ? event.id : note.correlation;
    event.causation = note.causation;
    if (auto enrolment = enrolment_by(note, notes, enrolled, event)) batch.facts.push_back(std::move(*enrolment));
    if (batch.facts.size() >= plenty) hand_over(std::exchange(batch, {}));
  }
  add_changed(batch);
  if (!batch.facts.empty() || !batch.state.empty()) hand_over(std::move(batch));
}

void Facts::hand_over(Batch batch) {
  AppendRequest request;
  request.facts = std::move(batch.facts);
  request.state = std::move(batch.state);
  std::unique_lock lock(handed_->mutex);
  handed_->done.wait(lock, [this] { return !handed_->under_way; });
  handed_->under_way = true;
  handed_->closes = !batch.closed.empty();
  lock.unlock();
  auto done = [counts = counts_, handed = handed_, fetches = batch.fetches,
               closed =
                   std::make_shared<std::vector<Repeats>>(std::move(batch.closed))](const Result<Receipt>& receipt) {
    if (!receipt) {
      auto& counter = receipt.error().kind == ErrorKind::overloaded ? counts->dropped : counts->failed;
      counter.fetch_add(fetches, std::memory_order_relaxed);
    }
    {
      const std::lock_guard lock_done(handed->mutex);
      handed->under_way = handed->closes = false;
      if (!receipt) std::move(closed->begin(), closed->end(), std::back_inserter(handed->returned));
    }
    handed->done.notify_one();
    if (!receipt || closed->empty()) return;
    // They count as untold until the projections have them.
    auto told = [handed, closed] {
      const std::lock_guard lock_told(handed->mutex);
      handed->told(*closed);
    };
    const std::lock_guard lock_runner(handed->runner_mutex);
    if (handed->runner != nullptr)
      handed->runner->when_applied(receipt->position, std::move(told));
    else
      told();
  };
  log_.append(std::move(request), std::move(done));
}

void Facts::log_served(const Notes& notes) {
  RequestLog log(logger_, mask_);
  if (!log.wanted()) return;
  for (const auto& note : notes.served) log.write(words_for(note, notes).line, note.time);
}

RequestLog::Line Facts::line_of(const Note& note, const Texts& texts) {
  const auto& file = *note.file;
  const auto& device = *file.device;
  const auto& server = file.present->server;
  const auto mac = device.mac.text();
  const auto size = std::to_string(file.size);
  RequestLog log(logger_, mask_);
  log.add_request(mac, texts.peer, texts.user_agent);
  log.add({"Found device: vendor=", device.vendor, ", model=", device.model, ", extension=", device.extension.text()});
  const auto says = provisioning::parse_user_agent(texts.user_agent);
  for (const auto& one : provisioning::contradictions(std::nullopt, says, &device, catalog_))
    log.add({"WARNING: ", escaped(one.text)});
  log.add({"Extension found: ", device.extension.text(), " (", escaped(file.extension->name), ")"});
  log.add({"Server config: SIP=", server.sip_server, ":", std::to_string(server.sip_port)});
  log.add({"Successfully generated config for device ", mac});
  log.add({"Config size: ", size, " bytes, Content-Type: ", file.content_type});
  if (!note.fetched)
    log.add({"Provisioning config asked about by HEAD from ", texts.peer});
  else if (note.status == 200)
    log.add({"Provisioning config delivered: ", size, " bytes to ", texts.peer});
  else
    log.add({"Provisioning config not modified: 304 to ", texts.peer});
  return log.take();
}

}  // namespace strowger::http::provision
