#include "events/utf8.hpp"

#include "events/json.hpp"
#include "tests/support/catch.hpp"

#include <limits>

using namespace strowger;

TEST_CASE("UTF-8 is told from what is none") {
  for (const std::string text :
       {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF"})
    CHECK(utf8::is_valid(text));
  for (const std::string text :
       {"\xff", "\x80", "\xC3", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\xAF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xF0\x9F\x98", "a\xC3z"}) {
    CAPTURE(text);
    CHECK_FALSE(utf8::is_valid(text));
    CHECK(utf8::is_valid(utf8::valid(text)));
  }
}

TEST_CASE("U+FFFD takes the place of each ill-formed sequence, and nothing else changes") {
  CHECK(utf8::valid("a\xff"
                    "b") ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(utf8::valid("\xE2\x82"
                    "x") == "\xEF\xBF\xBDx");                    // one sequence that was cut short
  CHECK(utf8::valid("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD");  // two bytes that begin nothing
  CHECK(utf8::valid("\xC3\xA9\xF0\x9F\x98\x80") == "\xC3\xA9\xF0\x9F\x98\x80");
  std::string text = "Caf\xE9";
  utf8::mend(text);
  CHECK(text == "Caf\xEF\xBF\xBD");
}

TEST_CASE("text is cut between characters, wherever the limit falls") {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";  // 1, 2, 3, 4 and 1 bytes
  const std::size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (std::size_t most = 0; most < std::size(ends); ++most) {
    CAPTURE(most);
    CHECK(utf8::prefix(text, most) == text.substr(0, ends[most]));
    CHECK(utf8::clip(text, most) == text.substr(0, ends[most]));
  }
  // What is no UTF-8 is cut at the limit, and no text grows beyond it by being mended.
  const std::string continuations(20, '\x80');
  CHECK(utf8::prefix(continuations, 10).size() == 10);
  for (std::size_t most = 0; most < 20; ++most) {
    const auto clipped = utf8::clip(std::string(30, '\xff'), most);
    CHECK(clipped.size() <= most);
    CHECK(utf8::is_valid(clipped));
  }
}

TEST_CASE("whatever is written as JSON can be read") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = {'a', static_cast<char>(byte), 'b'};
    std::string out;
    json::write_string(out, text);
    CAPTURE(byte, out);
    const auto read = json::parse(out);
    REQUIRE(read);
    CHECK(std::string(read->as_string()) == utf8::valid(text));
  }
  CHECK(json::to_string(std::numeric_limits<double>::quiet_NaN()) == "0");
  CHECK(json::to_string(std::numeric_limits<double>::infinity()) == "0");
  // A default-constructed value stands for none, and is read as such.
  CHECK(json::from_string<std::vector<MacAddress>>(json::to_string(std::vector<MacAddress>(1))).value().at(0) ==
        MacAddress{});
  CHECK(json::from_string<std::vector<Uuid>>(json::to_string(std::vector<Uuid>(1))).value().at(0) == Uuid{});
  CHECK(json::from_string<std::vector<ExtensionNumber>>(R"([""])").value().at(0) == ExtensionNumber{});
}
