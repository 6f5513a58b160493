// Phones that were seen and are not registered: asked for their file, or registered by SIP under their MAC address.
//
// Requests are kept by the day on which they were recorded, for some days, each day by itself: what the log folds of a
// day leaves here with the day's summary (DaySummarized), so that the rows are the same whether events are folded
// before or after they are applied. SIP registrations are never folded, and are kept apart.
//
// Bounded, for anybody can invent MAC addresses: of a day's phones, those leave first that access rules refused, then
// those of the address that most come from, then those that were not seen for longest. Of those that registered, which
// takes an extension's password, the oldest.
#pragma once

#include "events/projection.hpp"
#include "events/projections/rows.hpp"

#include <compare>
#include <map>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

namespace strowger {

struct DiscoveredRow {
  MacAddress mac;
  std::string ip;             // of the last time, as all that follows
  std::string user_agent;     // that is not empty
  std::string path;           // that it asked for
  std::string code;           // by which that was refused; empty: it was seen by SIP alone
  bool denied = false;        // by access rules, and not because nobody registered it
  ExtensionNumber extension;  // that it registered as by SIP; empty: none
  Timestamp first_seen{};
  Timestamp last_seen{};
  std::uint64_t requests = 0;
  std::uint64_t registrations = 0;  // by SIP, without refreshes
};
BOOST_DESCRIBE_STRUCT(DiscoveredRow, (),
                      (mac, ip, user_agent, path, code, denied, extension, first_seen, last_seen, requests,
                       registrations))

// A phone on one day (since 1970, UTC).
struct PhoneOnDay {
  std::int64_t day = 0;
  MacAddress mac;
  auto operator<=>(const PhoneOnDay&) const = default;
};

}  // namespace strowger

template <>
struct std::hash<strowger::PhoneOnDay> {
  std::size_t operator()(const strowger::PhoneOnDay& key) const noexcept {
    return std::hash<strowger::MacAddress>{}(key.mac) * 31 + static_cast<std::size_t>(key.day);
  }
};

namespace strowger {

class DiscoveredProjection : public Projection {
 public:
  static constexpr std::size_t kept = 1000;      // phones of a day; that registered by SIP; and in the list
  static constexpr std::int64_t days_kept = 30;  // before the day of the last request

  std::optional<DiscoveredRow> find(const MacAddress& mac) const;
  // The last seen first, at most `kept`. O(phones of all days kept).
  std::vector<DiscoveredRow> list() const;
  std::uint64_t evicted() const;  // phones that had to leave, of the days kept

  std::string_view name() const override { return "discovered"; }
  std::uint32_t schema() const override { return 2; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<DiscoveredProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  struct Day {
    std::size_t phones = 0;
    std::uint64_t evicted = 0;
  };
  template <class Refused>
  void refused(const Refused& event, const Envelope& envelope, Timestamp first, Timestamp last, std::uint64_t count);
  template <class Registration>
  void registered(const Registration& event, Timestamp time);
  void fold(const Envelope& envelope) override;
  std::vector<DiscoveredRow> of_day(std::int64_t day) const;
  void forget(const MacAddress& mac);
  void forget_day(std::int64_t day);
  void forget_far_days(std::int64_t from);
  void make_room(std::int64_t day);
  void make_room_by_sip();

  Rows<PhoneOnDay, DiscoveredRow> asked_;
  std::map<std::int64_t, Day> days_;                      // of asked_, and what had to leave it
  std::map<std::int64_t, std::uint64_t> counts_changed_;  // evicted ones of a day, to be flushed; 0: gone
  Rows<MacAddress, DiscoveredRow> by_sip_;
  Rows<MacAddress, bool> devices_;  // that are registered, and so are not discovered
};

}  // namespace strowger
