#include "adapters/http/provision/facts.hpp"

#include "actors/provisioning/identity.hpp"
#include "adapters/http/provision/request_log.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <array>
#include <chrono>
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
constexpr std::size_t longest_kept = 512;  // of a path or User-Agent that a stranger sends

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
             const provisioning::VendorCatalog& catalog, const DevicesProjection& devices, TokenMask mask)
    : log_(log),
      ids_(ids),
      clock_(std::move(clock)),
      logger_(logger),
      sightings_(sightings),
      catalog_(catalog),
      devices_(devices),
      mask_(std::move(mask)),
      thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "facts");
}

Facts::~Facts() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  {
    const std::lock_guard lock(handed_->mutex);
    handed_->ended = true;
  }
  handed_->done.notify_all();
  thread_.join();
}

void Facts::served(const Served& note) {
  const auto time = clock_();
  leave([&](Notes& notes) {
    auto& written = notes.served.emplace_back();
    written.file = note.file;
    written.time = time;
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
  Notes notes;
  while (collect(notes)) {
    append(notes);
    log_served(notes);
    notes.clear();
  }
}

// False when there is nothing left, and nothing will come.
bool Facts::collect(Notes& notes) {
  std::unique_lock lock(mutex_);
  idle_ = true;
  changed_.wait(lock, [this] { return ended_ || waiting_.size() > 0; });
  idle_ = false;
  changed_.wait_for(lock, collecting, [this] { return ended_ || waiting_.size() >= plenty; });
  std::swap(notes, waiting_);
  return notes.size() > 0;
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
  const auto& device = *file.device;
  known = std::make_unique<Recorded>(Recorded{std::string(asked), sizes, note.status, note.fetched});
  if (note.fetched)
    known->event =
        encode(ConfigServed{device.mac, device.extension, device.vendor, device.model, mask_(texts.path),
                            file.representation.etag, static_cast<std::uint32_t>(file.size), note.status,
                            std::string(texts.peer), mask_(texts.user_agent), std::string(texts.tls_identity)},
               {"phone:" + device.mac.text(), note.correlation, note.causation}, note.time, ids_);
  known->line = line_of(note, texts);
  return *known;
}

Facts::Pause Facts::pause() const {
  return Pause(handed_);
}

Facts::Pause::Pause(std::shared_ptr<Handed> handed) : handed_(std::move(handed)) {
  const std::lock_guard lock(handed_->mutex);
  ++handed_->pauses;
}

Facts::Pause::~Pause() {
  if (!handed_) return;
  {
    const std::lock_guard lock(handed_->mutex);
    --handed_->pauses;
  }
  handed_->done.notify_one();
}

// Where the projections do not know yet of one that was handed over, there is a second: only the first counts.
std::optional<Fact> Facts::enrolment_by(const Note& note, const Notes& notes, std::set<MacAddress>& known,
                                        const NewRecord& fetch) {
  const auto& mac = note.file->device->mac;
  const auto opened_at = devices_.open_enrolment(mac);
  if (!opened_at || !known.insert(mac).second) return std::nullopt;
  const auto texts = texts_of(note, notes.text);
  return Fact{StreamId::of(mac), encode(DeviceEnrolled{mac, std::string(texts.peer), *opened_at},
                                        {"phone:" + mac.text(), fetch.correlation, fetch.id}, note.time, ids_)};
}

void Facts::append(Notes& notes) {
  std::set<MacAddress> enrolled;
  std::vector<Fact> facts;
  facts.reserve(std::min(notes.size(), plenty));
  for (const auto& note : notes.served) {
    if (!note.fetched) continue;
    auto& fact = facts.emplace_back(Fact{{"device", note.file->device->mac.text()}, words_for(note, notes).event});
    auto& event = fact.event;
    event.id = ids_.next();
    event.time = note.time;
    event.correlation = note.correlation.is_nil() ? event.id : note.correlation;
    event.causation = note.causation;
    if (auto enrolment = enrolment_by(note, notes, enrolled, event)) facts.push_back(std::move(*enrolment));
    if (facts.size() >= plenty) hand_over(std::exchange(facts, {}));
  }
  if (!facts.empty()) hand_over(std::move(facts));
}

void Facts::hand_over(std::vector<Fact> facts) {
  const auto size = facts.size();
  AppendRequest request;
  request.facts = std::move(facts);
  std::unique_lock lock(handed_->mutex);
  handed_->done.wait(lock, [this] { return !handed_->under_way && (handed_->pauses == 0 || handed_->ended); });
  handed_->under_way = true;
  lock.unlock();
  log_.append(std::move(request), [counts = counts_, handed = handed_, size](const Result<Receipt>& receipt) {
    if (!receipt) {
      auto& counter = receipt.error().kind == ErrorKind::overloaded ? counts->dropped : counts->failed;
      counter.fetch_add(size, std::memory_order_relaxed);
    }
    {
      const std::lock_guard done(handed->mutex);
      handed->under_way = false;
    }
    handed->done.notify_one();
  });
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
