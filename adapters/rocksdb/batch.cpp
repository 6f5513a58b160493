#include "adapters/rocksdb/batch.hpp"

#include "adapters/rocksdb/record_codec.hpp"
#include "adapters/rocksdb/stream_index.hpp"

namespace strowger::rocks {
namespace {

Error version_conflict(const StreamId& stream, StreamVersion expected, StreamVersion present) {
  return conflict("version_conflict", stream.text() + " is at version " + std::to_string(number(present)) +
                                          ", not at the expected " + std::to_string(number(expected)) +
                                          "; read it again and decide anew")
      .with("stream", boost::json::string(stream.text()))
      .with("expected", number(expected))
      .with("present", number(present));
}

// By the events, so that a log that is copied or played again has the same receipts.
Timestamp time_of(const AppendRequest& request, Timestamp now) {
  if (!request.events.empty()) return request.events.front().time;
  return request.facts.empty() ? now : request.facts.front().event.time;
}

}  // namespace

Batch::Batch(Database& database, const RecentStreams& recent, VersionCache& versions, ReceiptAges& ages, Hasher& hasher,
             const ChainEnd& end, const Batch* before)
    : database_(database),
      recent_(recent),
      versions_(versions),
      ages_(ages),
      hasher_(hasher),
      end_(end),
      before_(before) {}

Result<void> Batch::check(const AppendRequest& request) const {
  for (const auto& event : request.events)
    if (auto fits = check_encodable(request.stream, event); !fits) return fits;
  for (const auto& fact : request.facts)
    if (auto fits = check_encodable(fact.stream, fact.event); !fits) return fits;
  if (request.idempotency_key.starts_with('\0'))
    return unacceptable("bad_idempotency_key", "an idempotency key must not begin with a NUL");
  for (const auto& write : request.state)
    if (write.table.empty() || write.table.find('\0') != std::string::npos)
      return unacceptable("bad_state_table", "a state table needs a name without a NUL");
  return {};
}

Result<Receipt> Batch::add(AppendRequest& request) {
  if (auto fits = check(request); !fits) return fits.error();
  const auto time = request.idempotency_key.empty() ? Timestamp{} : time_of(request, ages_.now());
  std::optional<Receipt> ended;
  if (!request.idempotency_key.empty()) {
    auto known = known_receipt(request.idempotency_key);
    if (!known) return known.error();
    if (*known && !ages_.ended(**known, time)) {
      (*known)->repeated = true;
      return std::move(**known);
    }
    ended = std::move(*known);
  }

  StreamVersion* version = nullptr;
  if (!request.events.empty() || request.expected.version()) {
    auto found = version_of(request.stream);
    if (!found) return found.error();
    version = *found;
    if (!request.expected.accepts(*version))
      return version_conflict(request.stream, *request.expected.version(), *version);
  }
  for (const auto& [stream, expected] : request.expectations) {
    const auto present = version_of(stream);
    if (!present) return present.error();
    if (**present != expected) return version_conflict(stream, expected, **present);
  }
  std::vector<StreamVersion*> facts;
  facts.reserve(request.facts.size());
  for (const auto& fact : request.facts) {
    auto found = version_of(fact.stream);
    if (!found) return found.error();
    facts.push_back(*found);
  }
  // From here nothing fails: all of the request goes in.
  for (auto& event : request.events) {
    *version = next(*version);
    add_event(request.stream, *version, std::move(event));
  }
  for (std::size_t i = 0; i < facts.size(); ++i) {
    *facts[i] = next(*facts[i]);
    add_event(request.facts[i].stream, *facts[i], std::move(request.facts[i].event));
  }
  for (const auto& write : request.state) {
    const auto key = state_key(write.table, write.key);
    if (write.value)
      (void)writes_.Put(database_[Family::state], key, *write.value);
    else
      (void)writes_.Delete(database_[Family::state], key);
  }
  const Receipt receipt{version != nullptr ? *version : StreamVersion{0}, end_.position, false};
  if (!request.idempotency_key.empty()) {
    auto kept = receipt;
    kept.time = time;
    keep(request, std::move(kept), ended);
  }
  return receipt;
}

void Batch::keep(const AppendRequest& request, Receipt receipt, const std::optional<Receipt>& ended) {
  const auto& key = request.idempotency_key;
  receipt.note = request.receipt_note;
  ages_.put(database_, writes_, key, receipt, ended);
  const auto now = receipt.time;
  receipts_.insert_or_assign(key, std::move(receipt));
  ages_.drop_ended(database_, writes_, now, [this](const std::string& other) {
    return receipts_.contains(other) || (before_ != nullptr && before_->receipts_.contains(other));
  });
}

Result<Receipt> Batch::add(PendingAppend& append) {
  auto receipt = add(append.request);
  if (!receipt || receipt->repeated) return receipt;
  for (const auto& rewrite : append.rewrites) {
    key_.clear();
    append_key(key_, number(rewrite.position));
    (void)writes_.Put(database_[Family::events], key_, rewrite.stored);
  }
  return receipt;
}

void Batch::add(const PendingSnapshot& snapshot) {
  (void)writes_.Put(database_[Family::snapshots], snapshot.stream.text(), encode_snapshot(snapshot.snapshot));
}

void Batch::add(const RecentStreams::Rows& index) {
  for (const auto& row : index.rows) {
    stream_key(key_, *row.stream, row.run->first());
    (void)writes_.Put(database_[Family::streams], key_, row.run->stored());
  }
  if (!index.indexed) return;
  key_.clear();
  append_key(key_, number(*index.indexed));
  (void)writes_.Put(database_[Family::meta], slice(indexed_key), key_);
  completes_index_ = true;
}

void Batch::add_event(const StreamId& stream, StreamVersion version, NewRecord&& event) {
  encode_record(value_, stream, version, event, hasher_, end_);
  key_.clear();
  append_key(key_, number(end_.position));
  (void)writes_.Put(database_[Family::events], key_, value_);
  Record& record = records_->emplace_back();
  static_cast<NewRecord&>(record) = std::move(event);
  record.stream = stream;
  record.version = version;
  record.position = end_.position;
}

Result<std::optional<Receipt>> Batch::known_receipt(const std::string& key) const {
  for (const auto* batch : {this, before_}) {
    if (batch == nullptr) continue;
    if (const auto found = batch->receipts_.find(key); found != batch->receipts_.end()) return found->second;
  }
  rocksdb::PinnableSlice stored;
  const auto status = database_.db().Get(rocksdb::ReadOptions(), database_[Family::receipts], key, &stored);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return read_error(status, "the receipt of '" + key + "'");
  auto receipt = decode_receipt(view(stored));
  if (!receipt) return receipt.error();
  return *receipt;
}

Result<StreamVersion*> Batch::version_of(const StreamId& stream) {
  if (auto* known = versions_.find(stream)) return known;
  // What this batch and the one before changed is in the cache; the rest is in memory or in the database.
  if (const auto recent = recent_.version_of(stream)) return versions_.insert(stream, *recent);
  if (!streams_) streams_.reset(database_.db().NewIterator(rocksdb::ReadOptions(), database_[Family::streams]));
  const auto stored = last_stored_version(*streams_, stream, key_);
  if (!stored) return stored.error();
  return versions_.insert(stream, *stored);
}

}  // namespace strowger::rocks
