// A registered contact of an extension (RFC 3261 section 10), as the registrar keeps it and queries read it.
#pragma once

#include "events/ids.hpp"
#include "events/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

namespace strowger::registrar {

struct Binding {
  ExtensionNumber extension;
  std::string contact;            // the Contact URI as the phone gave it
  std::string instance;           // +sip.instance without the angle brackets; may be empty
  std::uint32_t reg_id = 0;       // RFC 5626; 0 where absent
  std::vector<std::string> path;  // RFC 3327, topmost first
  std::uint16_t q = 1000;         // thousandths
  std::string call_id;
  std::uint32_t cseq = 0;
  std::string ip;  // where the REGISTER came from, which is where requests are sent
  std::uint16_t port = 0;
  std::string transport;  // udp, tcp
  std::string local_ip;   // ours, that it came to: what is sent to the phone comes from there; empty: not known
  std::string user_agent;
  std::optional<MacAddress> mac;  // where SIP really carried one
  Timestamp first_registered;
  Timestamp last_registered;
  Timestamp here_since;        // first registered, or moved to this contact or address
  Timestamp expires_at;        // by the clock as it is now: written anew when that has stepped
  std::uint32_t lifetime = 0;  // seconds that were granted; 0: stored by a release that did not say

  // The last three dates as instants of this process, which alone decide. Not stored: Registrar::restore() makes them.
  Instant registered{};
  Instant here{};
  Instant expires{};

  bool operator==(const Binding&) const = default;
};
BOOST_DESCRIBE_STRUCT(Binding, (),
                      (extension, contact, instance, reg_id, path, q, call_id, cseq, ip, port, transport, local_ip,
                       user_agent, mac, first_registered, last_registered, here_since, expires_at, lifetime))

using BindingPtr = std::shared_ptr<const Binding>;

// What queries and reactors read. Any thread; answers only bindings that have not expired.
class Bindings {
 public:
  virtual ~Bindings() = default;
  virtual std::vector<BindingPtr> of(const ExtensionNumber& extension) const = 0;
  virtual std::vector<BindingPtr> all() const = 0;  // by extension, then by first registration
  virtual std::size_t registered_extensions() const = 0;

  // Without a look at every binding. (Here for small tables: by a look at each.)

  // Those of the extensions that follow `after`, by extension: whole extensions, until there are `max`. `next`: the
  // last extension looked at, where others follow it. O(max).
  virtual std::vector<BindingPtr> page(const std::optional<ExtensionNumber>& after, std::size_t max,
                                       std::optional<ExtensionNumber>& next) const;
  // At most `max` that came from an address, as the text that Binding::ip is. O(max).
  virtual std::vector<BindingPtr> at_ip(const std::string& ip, std::size_t max) const;
  // Those for which SIP carried a MAC.
  virtual std::vector<BindingPtr> with_mac(const MacAddress& mac) const;
  // How many there are; of the last second's, some may have expired.
  virtual std::size_t size() const { return all().size(); }
};

}  // namespace strowger::registrar
