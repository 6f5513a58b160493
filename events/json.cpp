#include "events/json.hpp"

#include "events/utf8.hpp"

#include <boost/json/parse.hpp>

namespace strowger::json {

void write_string(std::string& out, std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  out.push_back('"');
  std::size_t plain = 0;  // start of the run that needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const auto character = utf8::character_at(text, i);
      if (!character.valid) {
        out.append(text, plain, i - plain);
        out += utf8::replacement;
        plain = i + character.size;
      }
      i += character.size - 1;
      continue;
    }
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out.push_back(hex[c >> 4]);
        out.push_back(hex[c & 15]);
    }
  }
  out.append(text, plain);
  out.push_back('"');
}

Result<boost::json::value> parse(std::string_view text, boost::json::storage_ptr storage) {
  boost::json::error_code fault;
  auto value = boost::json::parse(text, fault, std::move(storage));
  if (fault) return malformed("bad_json", "not JSON: " + fault.message());
  return value;
}

Error wrong_type(std::string_view expected) {
  return malformed("wrong_type", "expected " + std::string(expected));
}

}  // namespace strowger::json
