#include "actors/provisioning/access/policy.hpp"

namespace strowger::provisioning::access {
namespace {

constexpr Decision allow(Rule rule) {
  return {true, rule};
}
constexpr Decision refuse(Rule rule) {
  return {false, rule};
}

constexpr bool is_bad(Proof proof) {
  return proof == Proof::wrong || proof == Proof::other;
}

// The refusal that says most: what was brought and is wrong, before what is missing.
Decision without_proof(const Facts& facts, Rule missing) {
  if (facts.guessing && facts.password != Proof::none) return refuse(Rule::too_many_guesses);
  if (is_bad(facts.password)) return refuse(Rule::wrong_credentials);
  if (is_bad(facts.token)) return refuse(Rule::wrong_token);
  return refuse(missing);
}

}  // namespace

Decision decide(const Facts& facts, const Rules& rules) {
  // Another phone's certificate is no mistake that the right network could make good.
  if (is_bad(facts.certificate)) return refuse(facts.blocked ? Rule::source_blocked : Rule::wrong_certificate);
  if (rules.require_certificate && facts.certificate == Proof::none)
    return refuse(facts.blocked ? Rule::source_blocked : Rule::certificate_required);
  if (facts.network == Network::closed) return refuse(facts.blocked ? Rule::source_blocked : Rule::access_denied);

  if (facts.certificate == Proof::right) return allow(Rule::certificate);
  if (facts.token == Proof::right) return allow(Rule::token);
  if (facts.password == Proof::right && !facts.guessing) return allow(Rule::password);

  if (facts.blocked) return refuse(Rule::source_blocked);
  if (facts.network == Network::with_proof)
    return facts.device_file && !facts.known ? refuse(Rule::unknown_mac) : without_proof(facts, Rule::access_denied);
  if (!facts.device_file) return allow(Rule::network);

  const bool strict = rules.require_credentials || facts.enrolment != Enrolment::off;
  if (!strict) return allow(Rule::network);
  if (!facts.known) return refuse(Rule::unknown_mac);
  if (facts.enrolment == Enrolment::open) return allow(Rule::enrolment);
  if (rules.require_credentials) return without_proof(facts, Rule::credentials_required);
  if (facts.enrolment == Enrolment::here) return allow(Rule::enrolment);
  return without_proof(facts, Rule::not_enrolled);
}

std::string_view to_string(Rule rule) {
  switch (rule) {
    case Rule::network:
      return "network";
    case Rule::password:
      return "password";
    case Rule::token:
      return "token";
    case Rule::certificate:
      return "certificate";
    case Rule::enrolment:
      return "enrolment";
    case Rule::access_denied:
      return "access_denied";
    case Rule::source_blocked:
      return "source_blocked";
    case Rule::wrong_credentials:
      return "wrong_credentials";
    case Rule::too_many_guesses:
      return "too_many_guesses";
    case Rule::wrong_token:
      return "wrong_token";
    case Rule::wrong_certificate:
      return "wrong_certificate";
    case Rule::certificate_required:
      return "certificate_required";
    case Rule::credentials_required:
      return "credentials_required";
    case Rule::not_enrolled:
      return "not_enrolled";
    case Rule::secret_over_tftp:
      return "secret_over_tftp";
    case Rule::unknown_mac:
      return "unknown_mac";
  }
  return "access_denied";
}

std::string_view advice(Rule rule) {
  switch (rule) {
    case Rule::access_denied:
      return "Its address is not in provisioning.access.allowed_networks, and the request proved nothing. If the phone "
             "is yours, add its network there, or give the device a password (PUT …/access/credentials) or a token "
             "(POST …/access/token) and set it in the phone.";
    case Rule::source_blocked:
      return "Its address is blocked because too many unknown MAC addresses were asked for from there. If they were "
             "your phones, register them and lift the block: DELETE /api/provisioning/access/blocked/<source>.";
    case Rule::wrong_credentials:
      return "The HTTP user name and password are not the device's. Set the same in the phone and with PUT "
             "/api/provisioning/devices/<mac>/access/credentials.";
    case Rule::too_many_guesses:
      return "Too many wrong passwords came from its address, so that none from there is taken for 5 minutes, not even "
             "a "
             "right one. A password that is set anew (PUT /api/provisioning/devices/<mac>/access/credentials) is taken "
             "at once.";
    case Rule::wrong_token:
      return "The token in the URL is not the device's, or was rotated. Give the phone the device's present "
             "config_url.";
    case Rule::wrong_certificate:
      return "A phone may have only its own file, and proves it by a valid certificate of one of "
             "provisioning.https.client_ca_files that names its MAC address.";
    case Rule::certificate_required:
      return "This port serves only phones that prove themselves with a certificate "
             "(provisioning.https.require_client_certificate).";
    case Rule::credentials_required:
      return "provisioning.access.require_credentials is on, and the phone brought no password, token or certificate. "
             "Set one for the device and in the phone, or open its enrolment: POST "
             "/api/provisioning/devices/<mac>/access/enrolment.";
    case Rule::not_enrolled:
      return "Its enrolment is over, and it asks from another network than it was enrolled from. If it moved, open its "
             "enrolment anew: POST /api/provisioning/devices/<mac>/access/enrolment.";
    case Rule::secret_over_tftp:
      return "A file that holds a password or a token is never sent by TFTP. Set the URL in the phone, or have DHCP "
             "tell "
             "it (strowger dhcp-snippet).";
    case Rule::unknown_mac:
      return "The device is not registered. Register it with POST /api/provisioning/devices.";
    default:
      return "";
  }
}

}  // namespace strowger::provisioning::access
