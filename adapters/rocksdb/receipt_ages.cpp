#include "adapters/rocksdb/receipt_ages.hpp"

#include "adapters/rocksdb/record_codec.hpp"
#include "adapters/rocksdb/stored_forms.hpp"

#include <algorithm>
#include <memory>

namespace strowger::rocks {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view age_prefix = "\0t"sv;  // no idempotency key begins with a NUL
constexpr std::size_t time_size = 8;
constexpr int most_dropped = 16;
constexpr std::uint32_t most_aged_at_once = 16'384;
constexpr std::string_view aged_key = "receipts_aged";

std::string age_row(Timestamp time, std::string_view key) {
  std::string out(age_prefix);
  append_key(out, static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count())));
  out += key;
  return out;
}

Timestamp time_of(std::string_view row) {
  return Timestamp(
      std::chrono::microseconds(static_cast<std::int64_t>(read_key(row.substr(age_prefix.size(), time_size)))));
}

}  // namespace

bool is_age_row(std::string_view key) {
  return key.starts_with(age_prefix) && key.size() >= age_prefix.size() + time_size;
}

std::string_view receipt_of(std::string_view age_row) {
  return age_row.substr(age_prefix.size() + time_size);
}

bool receipt_ended(const Receipt& receipt, std::chrono::microseconds kept, Timestamp now) {
  return receipt.time != Timestamp{} && receipt.time + kept < now;
}

void ReceiptAges::put(Database& database, rocksdb::WriteBatch& writes, std::string_view key, const Receipt& receipt,
                      const std::optional<Receipt>& before) {
  (void)writes.Put(database[Family::receipts], slice(key), encode_receipt(receipt));
  (void)writes.Put(database[Family::receipts], age_row(receipt.time, key), rocksdb::Slice());
  if (before) (void)writes.Delete(database[Family::receipts], age_row(before->time, key));
  oldest_ = std::min(oldest_, receipt.time);
}

void ReceiptAges::drop_ended(Database& database, rocksdb::WriteBatch& writes, Timestamp now,
                             const std::function<bool(const std::string& key)>& is_fresh) {
  if (oldest_ + kept_ >= now) return;
  const std::unique_ptr<rocksdb::Iterator> rows(
      database.db().NewIterator(rocksdb::ReadOptions(), database[Family::receipts]));
  int dropped = 0;
  // Begins behind what was dropped before, whose tombstones may still lie there.
  for (rows->Seek(age_row(oldest_, "")); rows->Valid() && is_age_row(view(rows->key())); rows->Next()) {
    oldest_ = time_of(view(rows->key()));
    if (oldest_ + kept_ >= now || dropped++ == most_dropped) return;
    const std::string key(receipt_of(view(rows->key())));
    (void)writes.Delete(database[Family::receipts], rows->key());
    if (!is_fresh(key)) (void)writes.Delete(database[Family::receipts], key);
  }
  // Where it cannot be read, the next append looks again.
  if (rows->status().ok()) oldest_ = now;
}

Result<void> age_receipts(Database& database, Timestamp now) {
  std::string stored;
  const auto found = database.db().Get(rocksdb::ReadOptions(), database[Family::meta], slice(aged_key), &stored);
  if (found.ok()) return {};
  if (!found.IsNotFound()) return read_error(found, "what it says of its receipts");
  rocksdb::WriteOptions synced;
  synced.sync = true;
  rocksdb::WriteBatch batch;
  const auto write = [&]() -> Result<void> {
    if (const auto status = database.db().Write(synced, &batch); !status.ok())
      return unavailable("log_unavailable", "cannot write to the log: " + status.ToString());
    batch.Clear();
    return {};
  };
  const std::unique_ptr<rocksdb::Iterator> rows(
      database.db().NewIterator(rocksdb::ReadOptions(), database[Family::receipts]));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    if (is_age_row(view(rows->key())) || rows->value().size() != early_receipt) continue;
    (void)batch.Put(database[Family::receipts], age_row(now, view(rows->key())), rocksdb::Slice());
    if (batch.Count() < most_aged_at_once) continue;
    if (auto done = write(); !done) return done;
  }
  if (!rows->status().ok()) return read_error(rows->status(), "a receipt");
  (void)batch.Put(database[Family::meta], slice(aged_key), "1");
  return write();
}

}  // namespace strowger::rocks
