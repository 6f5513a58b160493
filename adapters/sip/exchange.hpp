// One request that waits for its answer, which may come after a commit. SIP thread only.
//
// The answer is stateless (RFC 3261 section 8.2.7): a finished server transaction of sofia-sip holds 10 kB for 32 s,
// and that of an INVITE until the ACK that a stranger does not send. A repeated REGISTER is recognised without it
// (authenticator.hpp).
//
// The answer goes to where the request came from and nowhere else: over UDP to the source (RFC 3261 section 18.2.2, RFC
// 3581; `maddr` is for multicast and is not followed), over TCP down the connection, or, when that has ended, nowhere.
#pragma once

#include "adapters/sip/connections.hpp"
#include "adapters/sip/register_reader.hpp"
#include "adapters/sip/sofia.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strowger::sip {

struct Reply {
  std::uint16_t status = 200;
  std::string phrase;
  std::vector<std::pair<msg_hclass_t*, std::string>> headers;
  std::string to_tag{};  // of the dialog that the answer makes; empty: one that names none
};

// The whole response, ready to send. The request has all that RFC 3261 asks for.
std::string response_text(const sip_t* request, const Reply& reply);

class Exchange {
 public:
  // Takes the message over. `connection`: that it came by; null over UDP.
  Exchange(nta_agent_t* agent, msg_t* message, sip_t* sip, ConnectionHold connection);

  const sip_t* sip() const { return sip_; }
  const Source& source() const { return source_; }
  tport_t* transport() const { return transport_.get(); }
  const ConnectionHold& connection() const { return connection_; }
  // Once. An exchange that is dropped unanswered sends nothing.
  void answer(const Reply& reply);

 private:
  nta_agent_t* agent_;
  Message message_;  // sip_ points into it
  sip_t* sip_;
  Transport transport_;
  ConnectionHold connection_;
  Source source_;
};

}  // namespace strowger::sip
