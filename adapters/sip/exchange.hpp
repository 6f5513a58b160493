// One request that waits for its answer, which may come after a commit. SIP thread only.
//
// Over UDP the answer is stateless: a finished server transaction of sofia-sip holds 10 kB for 32 s, and a repeated
// REGISTER is recognised without it (authenticator.hpp). Over TCP there is a transaction: it holds the connection, and
// ends with the answer.
#pragma once

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
  // Takes the message over.
  Exchange(nta_agent_t* agent, msg_t* message, sip_t* sip);

  const sip_t* sip() const { return sip_; }
  const Source& source() const { return source_; }
  tport_t* transport() const { return transport_.get(); }
  // Once. An exchange that is dropped unanswered sends nothing.
  void answer(const Reply& reply);

 private:
  bool send_text(const Reply& reply);

  nta_agent_t* agent_;
  Message message_;  // also where the transaction has one: sip_ points into it
  sip_t* sip_;
  Transport transport_;
  Source source_;
  Incoming transaction_;
};

}  // namespace strowger::sip
