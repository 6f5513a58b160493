// `strowger log export`, `log verify --file` and `log import`: a log as a file of lines (export_line.hpp), and back.
#pragma once

#include "adapters/rocksdb/archive/export_line.hpp"
#include "adapters/rocksdb/archive/proof.hpp"
#include "adapters/rocksdb/archive/read_only_log.hpp"

#include <filesystem>
#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <variant>

namespace strowger::rocks {

// Where an export begins or ends: an event's position, or a time.
using Place = std::variant<Position, Timestamp>;
Result<Place> parse_place(std::string_view text);

// Takes the lines of an export, proving each.
class ExportProof {
 public:
  // `bad_export` names the line, `log_not_proved` the event.
  Result<void> add(std::string_view line);

  // What add() took last.
  const ExportLine& last() const { return last_; }
  const Record& record() const { return record_; }  // where that was an event

  const std::optional<ExportStarted>& started() const { return started_; }
  const std::optional<ExportFinished>& finished() const { return finished_; }
  const Proof& proof() const { return proof_; }
  bool has_state() const { return rows_ > 0; }

 private:
  Result<void> take(const ExportStarted& started);
  Result<void> take(const ExportedRecord& record);
  Result<void> take(const ExportedState& row);
  Result<void> take(const ExportFinished& finished);

  ExportLineReader reader_;
  std::uint64_t line_ = 0;
  ExportLine last_;
  Record record_;
  std::optional<ExportStarted> started_;
  std::optional<ExportFinished> finished_;
  Proof proof_;
  std::uint64_t rows_ = 0;
  Hash rows_hash_{};
  std::string_view text_;  // of the line being taken
  Hasher hasher_;
};

struct ExportOptions {
  std::optional<Place> from, to;  // none: from the first, to the last
  bool events_only = false;       // leaves away what is beside the events
};

struct Exported {
  ExportFinished finished;
  std::uint64_t resumed_after = 0;  // the position up to which the file was there already
};

// Goes on after what `already` took, which was begun with the same options. One of a whole log also has the rows
// beside its events; it is one where the range leaves nothing out.
Result<Exported> export_log(Database& database, const ExportOptions& options, ExportProof& already, std::ostream& out,
                            Timestamp now, const Progress& progress);
// To a file that only its owner may read; where it holds the beginning of this export, that is kept and continued.
Result<Exported> export_to_file(Database& database, const ExportOptions& options, const std::filesystem::path& file,
                                Timestamp now, const Progress& progress);

// Proves a whole export, line by line; `visit` sees each once it is proved.
Result<Proved> read_export(std::istream& in, const std::function<Result<void>(const ExportProof&)>& visit,
                           const Progress& progress);
Result<Proved> verify_export(const std::filesystem::path& file, const Progress& progress);

// Makes the log of an empty data directory from the export of a whole log, byte for byte as it was, and proves it
// before it is there. A master key that lies in the directory is left alone. Where anything fails, nothing was made.
Result<Proved> import_log(const std::filesystem::path& file, const std::filesystem::path& data_dir,
                          const Progress& progress);

// That a data directory holds nothing that a restored log would be mixed with: it is not there, or empty but for a
// master key, backups and what an earlier attempt left behind.
Result<void> check_restorable(const std::filesystem::path& data_dir);
// The name of a folder in it for a log that is being restored; what an earlier attempt left there is removed.
Result<std::filesystem::path> make_unfinished(const std::filesystem::path& data_dir);
// Gives a finished folder its name, durably.
Result<void> put_in_place(const std::filesystem::path& finished, const std::filesystem::path& folder);

}  // namespace strowger::rocks
