// What the SIP side counts. Written by the SIP thread, read by any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace strowger::sip {

using Counter = std::atomic<std::uint64_t>;

struct Metrics {
  // REGISTER, by how it ended.
  Counter registrations_ok{0};          // 200
  Counter registrations_challenged{0};  // 401 to a request without credentials
  Counter registrations_stale{0};       // 401 with stale=true: the nonce was too old or its count not new
  Counter registrations_denied{0};      // 403, 404
  Counter registrations_refused{0};     // 400, 423, 439, 500: authenticated, but not acceptable
  Counter registrations_shed{0};        // 503
  Counter registrations_unheard{0};     // dropped unjudged: too many wrong passwords (guess_gate.hpp)
  Counter registrations_repeated{0};    // retransmissions that were recognised
  Counter bindings_expired{0};

  Counter notifies_sent{0};  // a challenged one once, not twice
  Counter notifies_accepted{0};
  Counter notifies_refused{0};
  Counter notifies_unanswered{0};
  Counter notifies_not_connected{0};  // the phone's TCP connection has ended
  Counter notifies_shed{0};           // the queue was full, or it could not be sent

  // Phones that ask the LAN where their file is (pnp.hpp), by how that ended.
  Counter pnp_questions{0};  // all of them
  Counter pnp_answered{0};
  Counter pnp_refused{0};    // would not be given a file: the history says why
  Counter pnp_repeated{0};   // asked again before the answer came
  Counter pnp_limited{0};    // too many
  Counter pnp_elsewhere{0};  // from an address that is in no network of the interface
  Counter pnp_unclear{0};    // not what phones ask
  Counter pnp_notifies_accepted{0};
  Counter pnp_notifies_refused{0};
  Counter pnp_notifies_unanswered{0};
  Counter pnp_interfaces_heard{0};  // now
  Counter pnp_interfaces_missing{0};

  Counter register_requests{0};
  Counter options_requests{0};
  Counter invite_requests{0};
  Counter ack_requests{0};
  Counter other_requests{0};
  Counter stray_responses{0};
  Counter names_refused{0};     // host names that a message would have made us look up (name_guard.hpp)
  Counter messages_refused{0};  // too large, too many headers, or a length that is missing or wrong: not parsed
  Counter tcp_connections{0};   // now
  Counter tcp_accepted{0};
  Counter tcp_refused{0};        // too many, of one source or in all
  Counter tcp_timed_out{0};      // closed by a deadline
  Counter tcp_accept_paused{0};  // for a second: no descriptor was left
  Counter not_sip{0};            // neither a request nor a response
};

inline void count(Counter& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace strowger::sip
