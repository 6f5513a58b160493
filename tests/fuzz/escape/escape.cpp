// A value goes into each grammar and comes back: as it was for XML (but for what XML cannot carry), on one line for
// text.
#include "actors/provisioning/format.hpp"
#include "actors/provisioning/format_check.hpp"
#include "actors/provisioning/template_text.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <string>

using namespace strowger::provisioning;

namespace {

// The five entities undone, by a way that shares nothing with escape().
std::string plain(std::string text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> entities{
      {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}}};
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto entity = std::find_if(entities.begin(), entities.end(), [&](const auto& one) {
      return text.compare(at, one.first.size(), one.first) == 0;
    });
    out.push_back(entity == entities.end() ? text[at] : entity->second);
    at += entity == entities.end() ? 1 : entity->first.size();
  }
  return out;
}

bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

void fuzz(std::string_view input) {
  const auto xml = escape(Format::xml, input);
  FUZZ_CHECK(xml.find_first_of("<>\"'") == std::string::npos);
  FUZZ_CHECK(check_format(Format::xml, "", "<a b=\"" + xml + "\" c='" + xml + "'>" + xml + "</a>").has_value());
  if (is_plain_ascii(input)) FUZZ_CHECK(plain(xml) == input);

  for (const auto format : {Format::text, Format::colon, Format::set}) {
    const auto text = escape(format, input);
    FUZZ_CHECK(std::none_of(text.begin(), text.end(),
                            [](char c) { return (static_cast<unsigned char>(c) < 0x20) || c == 0x7F; }));
    FUZZ_CHECK(text.empty() || (text.front() != ' ' && text.back() != ' '));
    FUZZ_CHECK(escape(format, text) == text);
    const auto line =
        format == Format::set ? "SET A \"" + text + "\"" : "a" + std::string(format == Format::text ? "=" : ":") + text;
    FUZZ_CHECK(check_format(format, "", line).has_value());
  }
  FUZZ_CHECK(escape(Format::xml, plain(xml)) == xml);

  // The same bytes as a template of the administrator's: parsed or refused, and rendered without harm.
  for (const auto format : {Format::text, Format::xml, Format::colon, Format::set}) {
    const auto parsed = TemplateText::parse("fuzz", format, input, Vocabulary::device(*VendorValues::none()));
    if (!parsed) continue;
    const std::array<Placeholder, 2> values{{{"EXTENSION_NAME", "\n<x>"}, {"SIP_PORT", ""}}};
    const auto filled = parsed->fill({values});
    FUZZ_CHECK(filled &&
               (filled->bytes.find("\n<x>") == std::string::npos || input.find("\n<x>") != std::string_view::npos));
  }
}
