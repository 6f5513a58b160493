// How long receipts of idempotency keys are kept. Beside each lies a row that is found by its time, so that those whose
// time is over are dropped without a look at the others.
//
// A receipt ends by the time of the appends that come after it, not by a clock of its own: the same log ends it at the
// same append everywhere.
//
// **Threads**: the writer's. **Complexity**: put() O(1) rows; drop_ended() O(ended receipts), at most 16 a call, and
// without a look at the database while none has ended.
#pragma once

#include "adapters/rocksdb/database.hpp"
#include "events/log.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <rocksdb/write_batch.h>

namespace strowger::rocks {

bool receipt_ended(const Receipt& receipt, std::chrono::microseconds kept, Timestamp now);
// What a row of the family of receipts is.
bool is_age_row(std::string_view key);
// The key of the receipt that such a row is about.
std::string_view receipt_of(std::string_view age_row);

class ReceiptAges {
 public:
  ReceiptAges(std::chrono::microseconds kept, std::function<Timestamp()> now) : kept_(kept), now_(std::move(now)) {}

  Timestamp now() const { return now_(); }

  bool ended(const Receipt& receipt, Timestamp now) const { return receipt_ended(receipt, kept_, now); }
  // `before`: a receipt of the same key that has ended, which this one takes the place of.
  void put(Database& database, rocksdb::WriteBatch& writes, std::string_view key, const Receipt& receipt,
           const std::optional<Receipt>& before);
  // But those that `is_fresh` says were put by a batch that the database may not have yet.
  void drop_ended(Database& database, rocksdb::WriteBatch& writes, Timestamp now,
                  const std::function<bool(const std::string& key)>& is_fresh);
  // After a batch that was not written.
  void restart() { oldest_ = {}; }

 private:
  const std::chrono::microseconds kept_;
  const std::function<Timestamp()> now_;
  Timestamp oldest_{};  // no receipt is older
};

// Gives the receipts of a log from before format 4 the age that they have now. O(receipts), once a log.
Result<void> age_receipts(Database& database, Timestamp now);

}  // namespace strowger::rocks
