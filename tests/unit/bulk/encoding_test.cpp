#include "actors/bulk/encoding.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::bulk;

namespace {

std::string utf16(std::u16string_view text, bool big) {
  std::string out;
  for (const char16_t c : text) {
    const char low = static_cast<char>(c & 0xFF), high = static_cast<char>(c >> 8);
    out += big ? std::string{high, low} : std::string{low, high};
  }
  return out;
}

}  // namespace

TEST_CASE("a byte order mark or the charset says what the bytes are") {
  CHECK(decoded("a,ü\n").value() == "a,ü\n");
  CHECK(decoded("\xEF\xBB\xBF"
                "a")
            .value() == "a");
  CHECK(decoded(utf16(u"\uFEFFBüro,😀", false)).value() == "Büro,😀");
  CHECK(decoded(utf16(u"\uFEFFBüro,😀", true), "utf-8").value() == "Büro,😀");
  CHECK(decoded("B\xFCro \x80", "windows-1252").value() == "Büro €");
  CHECK(decoded("B\xFCro", "ISO-8859-1").value() == "Büro");
  CHECK(decoded("\x8E", "windows-1250").value() == "Ž");
  CHECK(decoded("").value().empty());
  // A pair of surrogates on the edge of any part that is converted at once.
  std::u16string many = u"\uFEFF";
  for (int i = 0; i < 5'000; ++i) many += i % 3 == 0 ? u"x" : u"😀";
  const auto back = decoded(utf16(many, false)).value();
  CHECK(back.size() == 1'667 + 4 * 3'333);
}

TEST_CASE("bytes that are no text are refused with their line and what to do") {
  const auto fault = [](std::string_view bytes, std::string_view charset = {}) {
    const auto text = decoded(bytes, charset);
    REQUIRE_FALSE(text);
    return text.error();
  };
  const auto windows = fault("mac;lines\r\n00:15:65:00:00:0e;2:4001:B\xFCro\r\n");
  CHECK(windows.code == "bad_encoding");
  CHECK_THAT(windows.message, ContainsSubstring("line 2") && ContainsSubstring("0xFC behind '2:4001:B'") &&
                                  ContainsSubstring("CSV UTF-8"));
  CHECK(windows.details.at("line").to_number<int>() == 2);
  CHECK_THAT(fault(std::string("a\0b", 3)).message, ContainsSubstring("UTF-16 without a byte order mark"));
  CHECK_THAT(fault("PK\x03\x04 and so on").message, ContainsSubstring(".xlsx"));
  CHECK_THAT(fault("\xD0\xCF\x11\xE0").message, ContainsSubstring(".xls"));
  CHECK(fault("a", "klingon-8").code == "unknown_charset");
  CHECK(fault(std::string("\xFF\xFE\x00\xD8", 4)).code == "bad_encoding");  // half a pair of surrogates
  CHECK_THAT(fault("a\n\xFC", "utf-8").message, ContainsSubstring("line 2"));
}
