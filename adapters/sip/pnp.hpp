// Phones that ask the whole LAN where their configuration is (PnP; RFC 6080's profile framework as vendors took it):
//
//   phone --SUBSCRIBE, Event: ua-profile, to 224.0.1.75:5060--> Multicast --> Pnp: not too many? --> invite()
//   phone <--200, then a NOTIFY with the URL, to its address alone-- Pnp
//
// Who shall have no answer gets nothing at all on the wire, for other servers may be on the LAN: it looks as if nobody
// were here. SUBSCRIBEs to our own address never come here; they are refused as ever.
//
// Both answers go to the address that the datagram came from, which must be in a network of the interface it came in
// by: to the port that RFC 3581 says for the 200, to that of the Contact, where it is at the same address, for the
// NOTIFY. No name is looked up. What a stranger can have sent to an address that it forges is bounded by PnpGate's
// limits, and by the MAC addresses that it must know.
//
// SIP thread only.
#pragma once

#include "adapters/sip/metrics.hpp"
#include "adapters/sip/multicast.hpp"
#include "adapters/sip/pnp_gate.hpp"
#include "adapters/sip/pnp_request.hpp"
#include "adapters/sip/sofia.hpp"

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <spdlog/logger.h>

namespace strowger::sip {

struct PnpAsk {
  PnpRequest request;
  std::string ip;         // the phone's
  std::string interface;  // where it was heard
};

// The URL to tell the phone; none: no answer. Called on the SIP thread: it answers from memory.
using PnpInvite = std::function<std::optional<std::string>(const PnpAsk&)>;

struct PnpOptions {
  std::vector<std::string> interfaces;
  PnpInvite invite;
  std::uint16_t port = 5060;  // where phones ask
  bool on() const { return !interfaces.empty() && invite != nullptr; }
};

class Pnp {
 public:
  Pnp(Metrics& metrics, spdlog::logger& log, std::string server_name);
  ~Pnp();

  void start(su_root_t* root, nta_agent_t* agent, std::uint16_t sip_port);
  // What served before is called no more; without interfaces it is off.
  void serve(PnpOptions options);
  // Each second: interfaces come and go.
  void on_second();
  void stop();

 private:
  struct Job {
    Pnp* pnp = nullptr;
    std::string phone;  // for the log
    Outgoing transaction;
    std::list<std::unique_ptr<Job>>::iterator self;
  };
  using Datagram = Multicast::Datagram;

  static int on_readable(su_root_magic_t*, su_wait_t*, su_wakeup_arg_t* self);
  void read();
  void consider(const Datagram& datagram);
  void answer(const Datagram& datagram, const sip_t* sip, const std::string& to_tag) const;
  Message compose(const Datagram& datagram, const sip_t* sip, const std::string& url, const std::string& to_tag) const;
  void notify(const Datagram& datagram, const sip_t* sip, Message message, std::string phone);
  std::string contact(const Datagram& datagram) const;
  static int on_response(nta_outgoing_magic_t* job, nta_outgoing_t* transaction, const sip_t* sip);
  void respond(Job& job, const sip_t* sip, int status);
  void follow(const std::vector<Multicast::Change>& changes);
  void poll(int descriptor);

  Metrics& metrics_;
  spdlog::logger& log_;
  std::string server_name_;
  su_root_t* root_ = nullptr;
  nta_agent_t* agent_ = nullptr;
  std::uint16_t sip_port_ = 0;
  unsigned seconds_ = 0;
  PnpOptions options_;
  Multicast group_;
  int polled_ = -1;
  int registration_ = -1;
  su_wait_t wait_[1] = {SU_WAIT_INIT};
  PnpGate gate_;
  std::list<std::unique_ptr<Job>> in_flight_;
};

}  // namespace strowger::sip
