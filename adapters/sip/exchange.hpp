// One request that waits for its answer, which may come after a commit. SIP thread only.
//
// The answer is stateless (RFC 3261 section 8.2.7): a finished server transaction of sofia-sip holds 10 kB for 32 s,
// and that of an INVITE until the ACK that a stranger does not send. A repeated REGISTER is recognised without it
// (authenticator.hpp).
//
// The answer goes to where the request came from and nowhere else: over UDP to the source address (RFC 3261 section
// 18.2.2; `maddr` is for multicast and is not followed) and port (RFC 3581; without `rport` in the Via, and where the
// settings do not force it, to the Via's port), over TCP down the connection, or, when that has ended, nowhere.
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

struct ReplyHeader {
  ReplyHeader(const msg_hclass_t* kind, std::string its_value) : name(kind->hc_name), value(std::move(its_value)) {}
  // One that sofia-sip does not know. The name outlives it.
  ReplyHeader(std::string_view its_name, std::string its_value) : name(its_name), value(std::move(its_value)) {}

  std::string_view name;
  std::string value;
};

struct Reply {
  std::uint16_t status = 200;
  std::string phrase;
  std::vector<ReplyHeader> headers;
  std::string to_tag{};  // of the dialog that the answer makes; empty: one that names none
};

// The whole response, ready to send. The request has all that RFC 3261 asks for.
std::string response_text(const sip_t* request, const Reply& reply);

class Exchange {
 public:
  // Takes the message over. `connection`: that it came by; null over UDP. `socket`: over UDP the one that it came to,
  // which outlives this. `force_rport`: as of ServerOptions.
  Exchange(nta_agent_t* agent, msg_t* message, sip_t* sip, ConnectionHold connection, int socket, bool force_rport);

  const sip_t* sip() const { return sip_; }
  const Source& source() const { return source_; }
  tport_t* transport() const { return transport_.get(); }
  const ConnectionHold& connection() const { return connection_; }
  // Once. An exchange that is dropped unanswered sends nothing.
  void answer(const Reply& reply);

 private:
  void send_datagram(const std::string& text) const;
  void send_on_connection(const Reply& reply, const std::string& text);

  nta_agent_t* agent_;
  Message message_;  // sip_ points into it
  sip_t* sip_;
  Transport transport_;
  ConnectionHold connection_;
  int socket_;
  bool force_rport_;
  Source source_;
};

}  // namespace strowger::sip
