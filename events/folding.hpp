// How a record gives up its body: its marker (events/types/history.hpp) stays in its place.
#pragma once

#include "events/log.hpp"

#include <functional>
#include <string>
#include <vector>

namespace strowger {

struct FoldedRecord {
  Position position{};
  std::string marker;  // Folded, as JSON
};

// Appends the summary that `make` makes of a proof (a SHA-256, as hex, over what stands in the records' places), and
// folds the records, all of it in one commit, or nothing. A record that is folded already stays as it is. Waits for the
// log: never on a thread that serves.
using MakeSummary = std::function<AppendRequest(std::string proof)>;
using FoldRecords = std::function<Result<Receipt>(std::vector<FoldedRecord> records, const MakeSummary& make)>;

}  // namespace strowger
