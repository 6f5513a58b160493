// The text that the SIP side reads by itself, behind sofia-sip's parser: URIs, instances, digests, nonces, log text.
#include "actors/registrar/phone_mac.hpp"
#include "actors/registrar/uri.hpp"
#include "adapters/digest/nonces.hpp"
#include "adapters/sip/digest.hpp"
#include "adapters/sip/display_names.hpp"
#include "adapters/sip/fields.hpp"
#include "adapters/sip/log_text.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <string>
#include <vector>

using namespace strowger;

void fuzz(std::string_view input) {
  // A URI is itself, and its parts lie within it.
  FUZZ_CHECK(registrar::same_uri(input, input));
  if (const auto parts = registrar::parse_uri(input)) {
    FUZZ_CHECK(!parts->scheme.empty());
    FUZZ_CHECK(!parts->is_sip() || !parts->host.empty());
  }
  const auto middle = input.find('\n');
  if (middle != std::string_view::npos) {
    const auto left = input.substr(0, middle);
    const auto right = input.substr(middle + 1);
    FUZZ_CHECK(registrar::same_uri(left, right) == registrar::same_uri(right, left));
  }
  if (const auto mac = registrar::mac_of_instance(input)) FUZZ_CHECK((mac->bits() >> 40 & 3) == 0);
  if (const auto mac = registrar::mac_of_user_agent(input)) FUZZ_CHECK((mac->bits() >> 40 & 3) == 0);
  FUZZ_CHECK(registrar::percent_decoded(input).size() <= input.size());

  for (const char c : sip::log_text(input, 64)) FUZZ_CHECK(c >= 0x20 && c < 0x7f);
  FUZZ_CHECK(sip::unquoted(input).size() <= input.size());

  // Blanking moves nothing.
  std::string message(input);
  const auto blanked = sip::blank_bad_names(message);
  FUZZ_CHECK(message.size() == input.size());
  FUZZ_CHECK(blanked != 0 || message == input);
  for (std::size_t i = 0; i < message.size(); ++i) FUZZ_CHECK(message[i] == input[i] || message[i] == ' ');

  // Parameters as sofia-sip splits them: one a line, each a C string.
  std::vector<std::string> items;
  std::string_view rest = input;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    items.emplace_back(rest.substr(0, end).substr(0, rest.substr(0, end).find('\0')));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::vector<const char*> parameters;
  for (const auto& item : items) parameters.push_back(item.c_str());
  parameters.push_back(nullptr);
  static sip::Hasher hasher;
  const auto claim = sip::read_claim(parameters.data());
  if (claim.algorithm) FUZZ_CHECK(sip::digest_response(hasher, *claim.algorithm, "ha1", "REGISTER", claim).size != 0);
  if (const auto challenge = sip::read_challenge(parameters.data()))
    FUZZ_CHECK(
        sip::answer_challenge(hasher, *challenge, "1001", "secret", "NOTIFY", "sip:x", "c", "").starts_with("Digest "));

  // Nobody else can sign a nonce.
  static const sip::Nonces nonces(sip::NonceKey{}, {}, Instant{});
  FUZZ_CHECK(!nonces.read(input, Instant{}));
}
