// Keeps the SIP thread out of the system's name resolver.
//
// Where sofia-sip answers a request itself (a 505, a 413, a Via with maddr) it sends to the host that the Via names,
// and looks that name up with a blocking getaddrinfo(): one datagram from anybody then holds all of SIP for as long as
// a name server stays silent. So this library defines su_getaddrinfo() itself, which the dynamic linker prefers to
// sofia-sip's own, and takes numeric addresses only. Names that may be looked up (a phone's contact) are: without
// blocking, by sofia-sip's own resolver, before this is asked.
#pragma once

#include "events/error.hpp"

#include <cstdint>
#include <string>

namespace strowger::sip {

// How often a name was not looked up, in the whole process. Any thread.
std::uint64_t names_refused();

// The numeric form of an address to listen on; looks a name up. For the start, on a thread that may wait.
Result<std::string> numeric_address(const std::string& host);

}  // namespace strowger::sip
