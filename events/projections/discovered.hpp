// Phones that were seen and are not registered: asked for their file, or registered by SIP under their MAC address.
//
// Bounded, for anybody can invent MAC addresses: of those that are kept, those leave first that access rules refused,
// then those of the address that most come from, then those that were not seen for longest.
#pragma once

#include "events/projection.hpp"
#include "events/projections/rows.hpp"

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

class DiscoveredProjection : public Projection {
 public:
  static constexpr std::size_t kept = 1000;

  std::optional<DiscoveredRow> find(const MacAddress& mac) const;
  std::vector<DiscoveredRow> list() const;  // the last seen first
  std::uint64_t evicted() const;            // phones that had to leave, since ever

  std::string_view name() const override { return "discovered"; }
  std::uint32_t schema() const override { return 1; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<DiscoveredProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  void fold(const Envelope& envelope) override;
  // Null: it is registered.
  DiscoveredRow* seen(const std::optional<MacAddress>& mac, Timestamp first, Timestamp last);
  template <class Refused>
  void refused(const Refused& event, Timestamp first, Timestamp last, std::uint64_t count);
  template <class Registration>
  void registered(const Registration& event, Timestamp time);
  void make_room();

  Rows<MacAddress, DiscoveredRow> rows_;
  Rows<MacAddress, bool> devices_;  // that are registered, and so are not discovered
  std::uint64_t evicted_ = 0;
  std::uint64_t flushed_evicted_ = 0;
};

}  // namespace strowger
