// Who may have which file: the facts about one request go in, a decision and the rule that made it come out. Nothing
// else decides; every way to a phone's file (HTTP at any path, HEAD, TLS, TFTP) asks here.
//
// In order: a blocked source is refused unless it proves itself; a certificate of another phone is refused anywhere;
// whoever proves to be the device is served from every network that may bring proof; without proof, allowed networks
// are served, as far as enrolment and require_credentials let them. The rest is refused.
#pragma once

#include <cstdint>
#include <string_view>

namespace strowger::provisioning::access {

// What the settings say of the source's network.
enum class Network : std::uint8_t {
  open,        // allowed_networks
  with_proof,  // credential_networks
  closed,      // neither
};

// What became of something that the request proves itself with.
enum class Proof : std::uint8_t {
  none,   // it brought none
  wrong,  // of no device, expired or not readable
  other,  // of another device than the file is for
  right,  // of the device; where the file is for no device in particular, of any
};

enum class Enrolment : std::uint8_t {
  off,        // the settings have no enrolment
  open,       // within its window
  here,       // over; the phone was enrolled from this network
  elsewhere,  // over; the phone was enrolled from another network, or never seen
};

struct Facts {
  bool blocked = false;   // for enumeration
  bool guessing = false;  // its passwords are not believed (guesses.hpp)
  Network network = Network::closed;
  bool device_file = false;  // it belongs to a device, and may hold its secrets
  bool known = false;        // that device is registered
  Proof password = Proof::none;
  Proof token = Proof::none;
  Proof certificate = Proof::none;
  Enrolment enrolment = Enrolment::off;
};

struct Rules {
  bool require_credentials = false;  // from allowed networks too
  bool require_certificate = false;  // where the request came in
};

enum class Rule : std::uint8_t {
  // These allow…
  network,
  password,
  token,
  certificate,
  enrolment,
  // …and these refuse.
  access_denied,  // its network is in no list, or needs a proof and brought none
  source_blocked,
  wrong_credentials,
  too_many_guesses,  // right or wrong
  wrong_token,
  wrong_certificate,
  certificate_required,
  credentials_required,  // from an allowed network, but the settings want them there too
  not_enrolled,
  secret_over_tftp,  // a file with a secret in it, on a way that anybody can listen to
  unknown_mac,       // where an unknown device must look like one that is refused
};
inline constexpr std::size_t rule_count = static_cast<std::size_t>(Rule::unknown_mac) + 1;

struct Decision {
  bool allowed = false;
  Rule rule = Rule::access_denied;
};

Decision decide(const Facts& facts, const Rules& rules);

std::string_view to_string(Rule rule);  // as the history names it
// What an operator can do about a refusal, as a sentence.
std::string_view advice(Rule rule);

}  // namespace strowger::provisioning::access
