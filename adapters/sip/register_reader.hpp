// Turns a parsed REGISTER into what the registrar decides on.
#pragma once

#include "actors/registrar/decide.hpp"
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

// Fails with `bad_contact` where a contact holds what no URI may.
Result<registrar::RegisterRequest> read_register(const sip_t* sip, ExtensionNumber extension, const Source& source);

// The Contact headers of a 200: every binding with the seconds that remain.
std::string contacts_of(const std::vector<registrar::BindingPtr>& bindings, Instant now);

}  // namespace strowger::sip
