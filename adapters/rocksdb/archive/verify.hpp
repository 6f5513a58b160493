// `strowger log verify`: every record of a log, proved.
#pragma once

#include "adapters/rocksdb/archive/proof.hpp"
#include "adapters/rocksdb/archive/read_only_log.hpp"

namespace strowger::rocks {

// Checksums, dense positions, dense stream versions, the hash chain, the index of the streams against the records in
// both directions, receipts, and that RocksDB can read everything else. The error is about the first bad one.
// `anchor` must still be in it.
Result<Proved> verify_log(Database& database, const std::optional<ChainEnd>& anchor, const Progress& progress);

}  // namespace strowger::rocks
