// Turns a parsed REGISTER into what the registrar decides on.
#pragma once

#include "actors/registrar/decide.hpp"
#include "actors/registrar/phone_mac.hpp"
#include "adapters/sip/sofia.hpp"

namespace strowger::sip {

// Where a request came from, whatever it says of itself.
struct Source {
  std::string ip;
  std::uint16_t port = 0;
  std::string transport;  // udp, tcp
  std::string local_ip;   // ours, that it came to

  std::string text() const;  // udp:192.0.2.1:5060
};

Source source_of(msg_t* message, tport_t* transport);

// The extension that To names; fails with `bad_extension` where it cannot be one of ours.
Result<ExtensionNumber> address_of_record(const sip_t* sip);

// What a REGISTER may carry, beyond which nothing is read; and what tells whose address an instance has.
struct RegisterLimits {
  std::size_t contacts = 10;                    // as many as an extension may have
  registrar::MadeBy made_by{};                  // none: nobody's
  static constexpr std::size_t contact = 1024;  // characters of one
  static constexpr std::size_t call_id = 256;
  static constexpr std::size_t path_hops = 4;
  static constexpr std::size_t path = 1024;  // characters of all hops
};

// Fails with one of these codes:
//   bad_contact        it is no sip: URI, or holds what no URI may
//   sips_contact       sips: over a transport that is not TLS (RFC 5630 section 3.3)
//   too_many_contacts  more than an extension may have
//   too_long           Call-ID or Path
Result<registrar::RegisterRequest> read_register(const sip_t* sip, ExtensionNumber extension, const Source& source,
                                                 const RegisterLimits& limits);

// The Contact headers of a 200: every binding with the seconds that remain.
std::string contacts_of(const std::vector<registrar::BindingPtr>& bindings, Instant now);

}  // namespace strowger::sip
