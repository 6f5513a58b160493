// One commit in the making: requests are judged in order against the log as it will be after those before them.
#pragma once

#include "adapters/rocksdb/append_queue.hpp"
#include "adapters/rocksdb/chain.hpp"
#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/receipt_ages.hpp"
#include "adapters/rocksdb/recent_streams.hpp"
#include "adapters/rocksdb/stored_forms.hpp"
#include "adapters/rocksdb/tail.hpp"
#include "adapters/rocksdb/version_cache.hpp"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <rocksdb/write_batch.h>

namespace strowger::rocks {

class Batch {
 public:
  // All outlive it. The versions of streams and the ages of receipts are changed as requests are added: after a batch
  // that was not written, the cache must be cleared and the ages restarted. `before` is the batch that may still be on
  // its way into the database.
  Batch(Database& database, const RecentStreams& recent, VersionCache& versions, ReceiptAges& ages, Hasher& hasher,
        const ChainEnd& end, const Batch* before);

  // The request's answer, to be given once the batch is durable. An error answers at once and adds nothing.
  // Takes the request's events over.
  Result<Receipt> add(AppendRequest& request);
  // With what it rewrites.
  Result<Receipt> add(PendingAppend& append);
  void add(const PendingSnapshot& snapshot);
  void add(const RecentStreams::Rows& index);

  // Empty where nothing was changed. Every write is synced before the next one begins, also one that nobody waits for:
  // recovery relies on it (wal_tail.hpp).
  rocksdb::WriteBatch& writes() { return writes_; }
  // Whether the last of the recent streams' rows are in it.
  bool completes_index() const { return completes_index_; }
  std::size_t events() const { return records_->size(); }
  CommittedBatch records() { return std::move(records_); }
  // Where the log ends once the batch is written.
  const ChainEnd& end() const { return end_; }

 private:
  Result<void> check(const AppendRequest& request) const;
  // Also one that has ended.
  Result<std::optional<Receipt>> known_receipt(const std::string& key) const;
  void keep(const AppendRequest& request, Receipt receipt, const std::optional<Receipt>& ended);
  Result<StreamVersion*> version_of(const StreamId& stream);
  void add_event(const StreamId& stream, StreamVersion version, NewRecord&& event);

  Database& database_;
  const RecentStreams& recent_;
  VersionCache& versions_;
  ReceiptAges& ages_;
  Hasher& hasher_;
  ChainEnd end_;
  const Batch* const before_;
  rocksdb::WriteBatch writes_;
  bool completes_index_ = false;
  std::shared_ptr<std::vector<Record>> records_ = std::make_shared<std::vector<Record>>();
  std::unordered_map<std::string, Receipt> receipts_;  // of this batch
  std::unique_ptr<rocksdb::Iterator> streams_;         // made when a version is not in memory
  std::string key_;
  std::string value_;
};

}  // namespace strowger::rocks
