// A datagram to the multicast group, through sofia-sip's parser: what is read of it is a MAC address and short
// printable words, or nothing.
#include "adapters/sip/pnp_request.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>

using namespace strowger;
using namespace strowger::sip;

namespace {

bool is_short_line(const std::string& text, std::size_t most) {
  return text.size() <= most * 4 + 3 && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

void fuzz(std::string_view input) {
  static const SofiaLibrary library;
  if (const auto mac = mac_of_pnp_user(input)) {
    FUZZ_CHECK(mac->bits() != 0 && (mac->bits() >> 40 & 1) == 0);
    FUZZ_CHECK(mac_of_pnp_user("MAC%3A" + mac->text()) == mac);
  }
  const Message message(msg_make(sip_default_mclass(), 0, input.data(), static_cast<ssize_t>(input.size())));
  if (!message || message.sip() == nullptr) return;
  const auto request = read_pnp(message.sip());
  if (!request) return;
  FUZZ_CHECK((request->mac.bits() >> 40 & 1) == 0);
  for (const auto* word : {&request->vendor, &request->model, &request->version}) FUZZ_CHECK(is_short_line(*word, 64));
  FUZZ_CHECK(is_short_line(request->user_agent, 256));
}
