// What a REGISTER does to the bindings of its address-of-record: RFC 3261 section 10.3, with Path (RFC 3327) and
// instances (RFC 5626). Pure: no clock, no stack, no store.
#pragma once

#include "actors/registrar/binding.hpp"
#include "events/clock.hpp"
#include "events/event.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

namespace strowger::registrar {

struct Limits {
  std::size_t max_bindings = 10;  // of one extension
  std::chrono::seconds min_expires{60};
  std::chrono::seconds default_expires{3600};
  std::chrono::seconds max_expires{86400};  // longer ones are shortened, as RFC 3261 allows
};

struct AskedContact {
  std::string uri;
  std::string instance;      // +sip.instance without quotes and angle brackets
  std::uint32_t reg_id = 0;  // 0 where absent
  std::uint16_t q = 1000;
  std::optional<std::uint32_t> expires;  // seconds, of the contact itself
  std::optional<MacAddress> mac;
};

// A REGISTER after authentication.
struct RegisterRequest {
  ExtensionNumber extension;
  std::vector<AskedContact> contacts;  // empty: it asks what is registered
  bool wildcard = false;               // Contact: *
  std::optional<std::uint32_t> expires;
  std::string call_id;
  std::uint32_t cseq = 0;
  std::vector<std::string> path;  // topmost first
  // The first hop is a proxy that does not do outbound (more than one Via, and no `ob` in the Path it added).
  bool first_hop_lacks_outbound = false;
  bool supports_outbound = false;
  std::string ip;
  std::uint16_t port = 0;
  std::string transport;
  std::string local_ip{};  // ours, that it came to
  std::string user_agent;
  // When the nonce was issued that it proves its password with.
  Instant challenged{};
  // The very same request came again because its answer was lost (UDP): what it did is not done twice.
  bool repeated = false;
};

struct Decision {
  std::vector<BindingPtr> bindings;  // all of the extension after it, oldest first
  std::vector<Event> events;         // a mere refresh has none
  std::vector<BindingPtr> stored;    // new or changed: to be written
  std::vector<BindingPtr> removed;   // to be erased
  bool outbound = false;             // the answer says Require: outbound (RFC 5626 section 6)

  bool changes() const { return !stored.empty() || !removed.empty(); }
};

struct Refusal {
  std::uint16_t status = 500;
  std::string phrase;
  std::optional<std::uint32_t> min_expires;
};
[[noreturn]] void throw_exception_from_error(const Refusal& refusal, const boost::source_location&);

using Decided = boost::system::result<Decision, Refusal>;

// Whether the connection that a binding came in by has ended: its phone is not reached until it registers.
using IsGone = std::function<bool(const Binding& binding)>;

// `current` is all that is stored for the extension, lapsed bindings that were not swept yet included; those are
// expired in passing.
//
// Where this differs from RFC 3261 section 10.3, so that dead bindings never keep a living phone out:
//   - A new contact is never refused because there are too many: a binding whose connection is gone makes room, else
//   the
//     one that registered longest ago.
//   - Step 7 refuses a CSeq that does not rise within a Call-ID, for a request that was delayed on the way would undo a
//     later one. A phone that restarted with the Call-ID that it had and counts from one again would be kept out by it
//     for as long as its binding lasts. The nonce tells the two apart: a request that proves its password with one
//     issued after the binding was last registered was made since, so it counts whatever its CSeq. Any other is
//     answered 401 (stale), which the phone that is there answers with a new proof, and a delayed one with nothing.
Decided decide_register(std::span<const BindingPtr> current, const RegisterRequest& request, const Limits& limits,
                        const Now& now, const IsGone& is_gone = {});
// Removes what has lapsed at `now`.
Decision decide_expire(std::span<const BindingPtr> current, Instant now);
// Writes expires_at anew where a step of the clock has made it wrong by a second or more, so that a restart finds what
// is left of the bindings. No events: nothing has happened to a phone.
Decision decide_redate(std::span<const BindingPtr> current, const Now& now);
// Removes all of them.
Decision decide_drop(std::span<const BindingPtr> current, UnregisterReason reason);

}  // namespace strowger::registrar
