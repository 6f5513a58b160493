// The events of the log that cannot be decoded: how many there are, and the first of them with the reason.
//
// They stay in the log as they are, everybody who follows it passes over them, and `strowger log repair` mends them.
#pragma once

#include "events/projections/table.hpp"

#include <cstdint>
#include <vector>

namespace strowger {

struct QuarantinedRow {
  Position position{};
  Uuid event;
  std::string stream;
  StreamVersion version{};
  std::string type;
  std::uint16_t schema = 0;
  Timestamp time;
  std::string by;
  std::string reason;
  bool newer = false;  // a newer release wrote it; that release reads it
};
BOOST_DESCRIBE_STRUCT(QuarantinedRow, (), (position, event, stream, version, type, schema, time, by, reason, newer))

struct QuarantineCounts {
  std::uint64_t damaged = 0;
  std::uint64_t newer = 0;
  std::uint64_t all() const { return damaged + newer; }
};
BOOST_DESCRIBE_STRUCT(QuarantineCounts, (), (damaged, newer))

class QuarantineProjection : public Projection {
 public:
  using RowPtr = std::shared_ptr<const QuarantinedRow>;
  static constexpr std::string_view its_name = "quarantine";
  static constexpr std::size_t most_rows = 1'000;  // further ones are counted only

  QuarantineCounts counts() const;
  // In the log's order.
  std::vector<RowPtr> list() const;
  // Warnings for people; empty where there are none.
  std::vector<std::string> warnings() const;

  std::string_view name() const override { return its_name; }
  std::uint32_t schema() const override { return 1; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<QuarantineProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  void fold(const Envelope& envelope) override;
  void add(const Envelope& envelope, const Undecodable& event);
  void settle(const LogRepaired& repair);

  Table<std::string, QuarantinedRow> rows_{"event/"};
  Table<std::string, QuarantineCounts> counts_{"count"};  // one row, under the empty key
};

}  // namespace strowger
