#include "tests/faults/log/ledger.hpp"

#include "events/projection_runner.hpp"

#include <algorithm>

namespace strowger::test {

void Ledger::add(const Acknowledged& ack) {
  const std::lock_guard lock(mutex_);
  all_.push_back(ack);
}

std::size_t Ledger::size() const {
  const std::lock_guard lock(mutex_);
  return all_.size();
}

void Ledger::fault(std::string text) {
  if (faults_.size() < 20) faults_.push_back(std::move(text));
}

std::vector<std::string> Ledger::check(EventLog& log, ProjectionStore& store, bool whole) {
  faults_.clear();
  if (whole) {
    events_.clear();
    versions_.clear();
    checked_ = 0;
    folded_.adopt(*folded_.blank());
  }
  check_events(log);
  if (whole) check_streams(log);
  check_acknowledged(log);
  check_state(log);
  check_projection(log, store);
  return faults_;
}

// Positions rise without a gap, the versions of every stream too.
void Ledger::check_events(EventLog& log) {
  for (;;) {
    const auto records = log.read_all(Position{events_.size()}, 4'096);
    if (!records) return fault("the log cannot be read: " + records.error().message);
    if (records->empty()) break;
    for (const auto& record : *records) {
      if (number(record.position) != events_.size() + 1)
        fault("position " + std::to_string(number(record.position)) + " follows " + std::to_string(events_.size()));
      if (number(record.version) != ++versions_[record.stream])
        fault(record.stream.text() + " has version " + std::to_string(number(record.version)) + " after " +
              std::to_string(versions_[record.stream] - 1));
      events_.push_back({record.id, record.stream, number(record.version)});
      if (const auto envelope = decode(record))
        folded_.apply(*envelope);
      else
        fault(envelope.error().message);
    }
  }
  if (number(log.last_position()) != events_.size())
    fault("the log says that it ends at " + std::to_string(number(log.last_position())) + ", events were read to " +
          std::to_string(events_.size()));
  for (const auto& [stream, version] : versions_) {
    const auto last = log.read_stream(stream, StreamVersion{version - 1}, 10);
    if (!last || last->size() != 1) fault(stream.text() + " does not end at version " + std::to_string(version));
  }
}

// Each stream by itself, through its index.
void Ledger::check_streams(EventLog& log) {
  std::map<StreamId, std::vector<Uuid>> streams;
  for (const auto& event : events_) streams[event.stream].push_back(Uuid{event.id});
  for (const auto& [stream, ids] : streams) {
    const auto records = log.read_stream(stream, StreamVersion{0}, ids.size() + 1);
    if (!records || !std::equal(records->begin(), records->end(), ids.begin(), ids.end(),
                                [](const Record& record, const Uuid& id) { return record.id == id; }))
      fault(stream.text() + " by itself is not what it is within the whole log");
  }
}

void Ledger::check_acknowledged(EventLog& log) {
  const std::lock_guard lock(mutex_);
  for (; checked_ < all_.size(); ++checked_) {
    const auto& ack = all_[checked_];
    const auto what = "acknowledged request " + load_key(ack.run, ack.writer, ack.number);
    if (ack.position > events_.size()) {
      fault(what + " at position " + std::to_string(ack.position) + " is lost");
      continue;
    }
    const auto& found = events_[ack.position - 1];
    if (found.id.bytes != ack.id || found.version != ack.version ||
        found.stream != StreamId::of(sample_mac(ack.device)))
      fault(what + " is not what lies at position " + std::to_string(ack.position));
    if (checked_ % 16 != 0) continue;
    const auto receipt = log.find_receipt(load_key(ack.run, ack.writer, ack.number));
    if (!receipt || !*receipt || number((*receipt)->position) != ack.position) fault(what + " has lost its receipt");
  }
}

// The state row of each writer is at least as new as its last acknowledged request, and its receipt is there: state,
// receipt and events of a request are committed together.
void Ledger::check_state(EventLog& log) {
  const std::lock_guard lock(mutex_);
  if (all_.empty()) return;
  for (std::uint32_t writer = 0; writer < LogLoad::writers; ++writer) {
    const auto last = std::find_if(all_.rbegin(), all_.rend(), [&](const auto& ack) { return ack.writer == writer; });
    if (last == all_.rend()) continue;
    const auto state = log.load_state("load", std::to_string(writer));
    if (!state || !*state) {
      fault("the state of writer " + std::to_string(writer) + " is lost");
      continue;
    }
    const auto slash = (*state)->find('/');
    const auto run = std::stoull((*state)->substr(0, slash));
    const auto n = std::stoull((*state)->substr(slash + 1));
    if (std::pair(run, n) < std::pair<unsigned long long, unsigned long long>(last->run, last->number))
      fault("the state of writer " + std::to_string(writer) + " is older than its last acknowledged request");
    const auto receipt = log.find_receipt(load_key(static_cast<std::uint32_t>(run), writer, n));
    if (!receipt || !*receipt) fault("the state of writer " + std::to_string(writer) + " is there without its receipt");
  }
}

void Ledger::check_projection(EventLog& log, ProjectionStore& store) {
  ServedCounts served;
  ProjectionRunner runner(log, store, {&served});
  if (auto started = runner.start(); !started) return fault("the projection cannot start: " + started.error().message);
  if (!runner.wait_applied(log.last_position(), std::chrono::steady_clock::now() + std::chrono::seconds(20)))
    fault("the projection does not reach the log's end");
  if (served.rows() != folded_.rows()) fault("the projection differs from one folded from scratch");
}

}  // namespace strowger::test
