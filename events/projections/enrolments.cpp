#include "events/projections/enrolments.hpp"

#include "events/json.hpp"
#include "events/overloaded.hpp"
#include "events/projections/devices.hpp"

#include <unordered_map>
#include <vector>

namespace strowger {
namespace {

constexpr const char* migrations_table = "migrations";
constexpr const char* enrolments_key = "enrolments";
constexpr std::uint32_t schema_before = 2;  // of the devices' rows: where a fetch made the address
constexpr std::size_t read_at_once = 1'024;
constexpr std::size_t recorded_at_once = 4'096;

// Of a row of schema 2.
struct StoredDevice {
  MacAddress mac;
  BOOST_DESCRIBE_CLASS(StoredDevice, (), (mac), (), ())
};
struct StoredEnrolment {
  StoredDevice definition;
  DeviceEnrolment enrolment;
  BOOST_DESCRIBE_CLASS(StoredEnrolment, (), (definition, enrolment), (), ())
};

class EnrolmentsBefore {
 public:
  explicit EnrolmentsBefore(EventLog& log) : log_(log) {}

  Result<void> read_log() {
    for (Position position{};;) {
      const auto records = log_.read_all(position, read_at_once);
      if (!records) return records.error();
      if (records->empty()) return {};
      for (const auto& record : *records) {
        // One that cannot be decoded is passed over by the projections too.
        if (const auto envelope = decode(record))
          if (auto done = add(*envelope); !done) return done;
      }
      position = records->back().position;
    }
  }

  Result<void> read_rows(ProjectionStore& store) {
    const auto checkpoint = store.checkpoint("devices");
    if (!checkpoint) return checkpoint.error();
    if (!*checkpoint || (*checkpoint)->schema != schema_before) return {};
    return store.load("devices", [this](std::string_view, std::string_view text) -> Result<void> {
      auto row = json::from_string<StoredEnrolment>(text);
      // The projection is built anew in any case; what the log tells is left.
      if (row && !row->enrolment.ip.empty()) stored_.insert_or_assign(row->definition.mac, std::move(row->enrolment));
      return {};
    });
  }

  // Of devices that the projection would not know from what stays in the log.
  std::vector<DeviceEnrolled> missing() const {
    std::vector<DeviceEnrolled> out;
    for (const auto& mac : devices_.macs()) {
      const auto now = devices_.find(mac)->enrolment;
      if (now.recorded) continue;
      std::string ip;
      const auto first = first_fetches_.find(mac);
      if (first != first_fetches_.end()) ip = first->second;
      const auto row = stored_.find(mac);
      if (row != stored_.end() && row->second.opened_at == now.opened_at) ip = row->second.ip;
      if (!ip.empty() && ip != now.ip) out.push_back({mac, std::move(ip), now.opened_at});
    }
    return out;
  }

 private:
  Result<void> add(const Envelope& envelope) {
    devices_.apply(envelope);
    const auto mac = envelope.stream.device();
    if (!mac) return {};
    return std::visit(Overloaded{
                          [&](const DeviceRegistered&) { return opened(*mac); },
                          [&](const DeviceEnrolmentOpened&) { return opened(*mac); },
                          [&](const DeviceUnregistered&) { return opened(*mac); },
                          [&](const ConfigServed& e) {
                            if (undecided(*mac)) first_fetches_.emplace(*mac, e.ip);
                            return Result<void>();
                          },
                          [&](const Folded& e) {
                            if (e.was != ConfigServed::type || !undecided(*mac)) return Result<void>();
                            return fetched_on_day(*mac, e.summary);
                          },
                          [](const auto&) { return Result<void>(); },
                      },
                      envelope.event);
  }

  Result<void> opened(const MacAddress& mac) {
    first_fetches_.erase(mac);
    return {};
  }

  bool undecided(const MacAddress& mac) const {
    return !first_fetches_.contains(mac) && devices_.open_enrolment(mac).has_value();
  }

  Result<void> fetched_on_day(const MacAddress& mac, std::uint64_t summary) {
    if (summary == 0) return {};
    if (summary != summary_) {
      const auto records = log_.read_stream({"history", "summaries"}, StreamVersion{summary - 1}, 1);
      if (!records) return records.error();
      summary_ = summary;
      day_.clear();
      const auto envelope =
          records->empty() ? Result<Envelope>(internal_error("no summary")) : decode(records->front());
      const auto* day = envelope ? std::get_if<DaySummarized>(&envelope->event) : nullptr;
      if (day != nullptr)
        for (const auto& device : day->served) day_.emplace(device.mac, device.last_ip);
    }
    if (const auto found = day_.find(mac); found != day_.end()) first_fetches_.emplace(mac, found->second);
    return {};
  }

  EventLog& log_;
  DevicesProjection devices_;
  std::unordered_map<MacAddress, std::string> first_fetches_;  // since the last opening
  std::unordered_map<MacAddress, DeviceEnrolment> stored_;
  std::uint64_t summary_ = 0;  // whose fetches are in day_
  std::unordered_map<MacAddress, std::string> day_;
};

}  // namespace

Result<std::uint64_t> record_enrolments(EventLog& log, ProjectionStore& store, IdSource& ids, Timestamp now) {
  const auto done = log.load_state(migrations_table, enrolments_key);
  if (!done) return done.error();
  if (*done) return std::uint64_t{0};
  EnrolmentsBefore before(log);
  if (auto read = before.read_log(); !read) return read.error();
  if (auto read = before.read_rows(store); !read) return read.error();
  const auto missing = before.missing();
  std::size_t at = 0;
  do {
    AppendRequest request;
    for (; at < missing.size() && request.facts.size() < recorded_at_once; ++at)
      request.facts.push_back(
          {StreamId::activity_of(missing[at].mac), encode(Event(missing[at]), Cause{"system", {}, {}}, now, ids)});
    if (at == missing.size()) request.state.push_back({migrations_table, enrolments_key, "1"});
    if (const auto receipt = append_and_wait(log, std::move(request)); !receipt) return receipt.error();
  } while (at < missing.size());
  return missing.size();
}

}  // namespace strowger
