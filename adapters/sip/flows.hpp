// The TCP connections that bindings came in on: a request to such a phone goes back over the very connection, which is
// the only way through a NAT (RFC 5626 section 5.3). SIP thread only.
#pragma once

#include "actors/registrar/registrar.hpp"
#include "adapters/sip/connections.hpp"
#include "adapters/sip/sofia.hpp"

#include <string>
#include <unordered_map>

namespace strowger::sip {

class Flows {
 public:
  // `hold` makes the connection a registered one (connections.hpp).
  void keep(const registrar::Binding& binding, tport_t* connection, ConnectionHold hold) {
    flows_.insert_or_assign(registrar::state_key(binding), Flow{Transport(connection), std::move(hold)});
  }
  void drop(const registrar::Binding& binding) { flows_.erase(registrar::state_key(binding)); }
  // The connection while it lives, else null.
  tport_t* find(const registrar::Binding& binding) const {
    const auto found = flows_.find(registrar::state_key(binding));
    return found != flows_.end() && found->second.alive() ? found->second.transport.get() : nullptr;
  }
  // Lets go of connections that have ended.
  void sweep() {
    std::erase_if(flows_, [](const auto& flow) { return !flow.second.alive(); });
  }
  std::size_t size() const { return flows_.size(); }
  void clear() { flows_.clear(); }

 private:
  struct Flow {
    Transport transport;
    ConnectionHold hold;
    // sofia-sip says yes of some connections whose descriptor it has closed.
    bool alive() const { return hold && hold->usable() && transport.alive(); }
  };
  std::unordered_map<std::string, Flow> flows_;
};

}  // namespace strowger::sip
