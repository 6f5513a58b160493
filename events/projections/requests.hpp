// Every request for a phone file: the counts since ever, and the newest ones themselves, as long as the log has them:
// with the summary of their day (DaySummarized) they leave here too, so that it is all the same whether the events are
// folded before or after they are applied.
#pragma once

#include "events/projections/table.hpp"

#include <boost/circular_buffer.hpp>

namespace strowger {

// A request, or several that were alike and are one event (events/types/sighting.hpp).
struct RequestRow {
  std::uint64_t sequence = 0;  // 1 for the first row ever
  Timestamp time;              // of the last of them
  std::string path;
  std::string mac_address;  // as requested
  std::optional<MacAddress> normalized_mac;
  std::string ip;
  std::string user_agent;
  bool success = false;
  std::uint16_t status = 0;
  std::string code;   // of the refusal
  std::string error;  // of the refusal
  std::string vendor;
  std::string model;
  std::string extension;
  std::uint32_t config_size = 0;
  std::uint64_t count = 1;
  std::optional<Timestamp> first_seen;  // where there are several
  Position position{};                  // of its event
  bool forgotten = false;               // its event is folded: only its place is left
};
BOOST_DESCRIBE_STRUCT(RequestRow, (),
                      (sequence, time, path, mac_address, normalized_mac, ip, user_agent, success, status, code, error,
                       vendor, model, extension, config_size, count, first_seen, position, forgotten))

struct RequestCounts {
  std::uint64_t total = 0;
  std::uint64_t successful = 0;
  std::uint64_t failed = 0;  // without probes: names that phones ask for as a matter of course
  std::uint64_t rows = 0;    // that were made of them
  bool operator==(const RequestCounts&) const = default;
};
BOOST_DESCRIBE_STRUCT(RequestCounts, (), (total, successful, failed, rows))

RequestRow row_of(const ConfigServedRepeated& event);
RequestRow row_of(const ConfigRefusedRepeated& event);
RequestRow row_of(const OthersRefused& event);
// Of those, how many were failures.
std::uint64_t failures_in(const OthersRefused& event);

class RequestsProjection : public Projection {
 public:
  static constexpr std::size_t kept = 1000;

  RequestCounts counts() const;
  std::vector<RequestRow> newest(std::size_t max) const;  // newest first

  std::string_view name() const override { return "requests"; }
  std::uint32_t schema() const override { return 3; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<RequestsProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  void fold(const Envelope& envelope) override;
  RequestRow& add(const Envelope& envelope);
  void add(RequestRow several, std::uint64_t failed, const Envelope& envelope);
  void add_folded(const Folded& marker, const Envelope& envelope);
  void forget(const DaySummarized& summary);

  RequestCounts counts_;
  boost::circular_buffer<RequestRow> rows_{kept};  // oldest first, sequences without gap
  std::uint64_t unflushed_ = 0;                    // how many of the newest are not flushed
  RequestCounts flushed_;
};

}  // namespace strowger
