#include "adapters/sip/log_text.hpp"

namespace strowger::sip {

std::string log_text(std::string_view text, std::size_t max) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const bool cut = text.size() > max;
  std::string out;
  for (const char c : text.substr(0, max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      out += "\\\\";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  if (cut) out += "...";
  return out;
}

}  // namespace strowger::sip
