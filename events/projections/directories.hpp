// The newest syncs of each directory, and where the next one can go on.
#pragma once

#include "events/projections/table.hpp"

#include <map>

namespace strowger {

enum class SyncState : std::uint8_t { started, completed, failed };
BOOST_DESCRIBE_ENUM(SyncState, started, completed, failed)

struct SyncRow {
  std::string directory;
  std::uint64_t position = 0;  // of its DirectorySyncStarted
  Uuid sync;
  Uuid correlation;
  std::string by;
  SyncMode mode = SyncMode::full;
  bool forced = false;
  SyncState state = SyncState::started;
  Timestamp started_at;
  std::optional<Timestamp> ended_at;
  std::string server;
  SyncCounts counts;
  std::vector<SkippedUser> skipped;
  std::string code;  // of a failure
  std::string cause;
  // What it led to.
  std::uint32_t wanted = 0;     // phones whose file changed
  std::uint32_t reboots = 0;    // of them: asked to fetch it
  std::uint32_t converged = 0;  // fetched it
  std::uint32_t failed = 0;     // not there, or did not
};
BOOST_DESCRIBE_STRUCT(SyncRow, (),
                      (directory, position, sync, correlation, by, mode, forced, state, started_at, ended_at, server,
                       counts, skipped, code, cause, wanted, reboots, converged, failed))

// Where the next incremental sync goes on.
struct SyncCursor {
  std::string directory;
  std::string cursor;
  std::optional<Timestamp> full_at;  // when all was read last
};
BOOST_DESCRIBE_STRUCT(SyncCursor, (), (directory, cursor, full_at))

class DirectoriesProjection : public Projection {
 public:
  using RowPtr = std::shared_ptr<const SyncRow>;
  static constexpr std::size_t kept = 100;  // of each directory

  std::vector<RowPtr> syncs(const std::string& directory, std::size_t most) const;  // newest first
  SyncCursor cursor(const std::string& directory) const;

  std::string_view name() const override { return "directories"; }
  std::uint32_t schema() const override { return 1; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<DirectoriesProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  void fold(const Envelope& envelope) override;
  static std::string key_of(const SyncRow& row);
  template <class Change>
  void change(const Uuid& correlation, Change change);
  void begin(const DirectorySyncStarted& started, const Envelope& envelope);

  Table<std::string, SyncRow> syncs_{"sync/"};  // by directory and position
  Table<std::string, SyncCursor> cursors_{"cursor/"};
  std::map<Uuid, std::string> by_correlation_;  // keys of syncs_
};

}  // namespace strowger
