#include "events/controls.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;

TEST_CASE("control characters and those that change the direction of text are found, joiners are none") {
  for (const auto& bad : {std::string("\0", 1),        std::string("\x07"),
                          std::string("\x1b"),         std::string("\n"),
                          std::string("\x7f"),         std::string("\xC2\x85"),
                          std::string("\xC2\x80"),     std::string("\xC2\x9F"),
                          std::string("\xD8\x9C"),     std::string("\xE2\x80\x8E"),
                          std::string("\xE2\x80\x8F"), std::string("\xE2\x80\xAA"),
                          std::string("\xE2\x80\xAE"), std::string("\xE2\x81\xA6"),
                          std::string("\xE2\x81\xA9"), std::string("\xE2\x80\xA8"),
                          std::string("\xE2\x80\xA9"), std::string("\xC2\xAD"),
                          std::string("\xE2\x80\x8B"), std::string("\xE2\x81\xA0"),
                          std::string("\xEF\xBB\xBF"), std::string("\xF3\xA0\x80\x81")}) {
    const auto name = "Ann" + bad + "Lee";
    CAPTURE(name);
    const auto found = find_control(name);
    REQUIRE(found);
    CHECK(found->at == 3);
    CHECK(found->size == bad.size());
    CHECK_FALSE(find_control(name, 3 + bad.size()));
    CHECK(control_fault(name).find("behind 3 bytes") != std::string::npos);
    CHECK((without_controls(name) == "AnnLee" || without_controls(name) == "Ann Lee"));
  }
  CHECK(control_fault("a\xE2\x80\xAE").find("U+202E") != std::string::npos);
  CHECK(without_controls("a\r\nb\tc") == "a  b c");
  for (const auto* good :
       {"", "Ann", "J\xC3\xBCrgen", "\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE", "\xE2\x80\x8D", "\xC2\xA0", "\xE2\x80\x90",
        "\xE2\x81\xA5", "\xD8\x9B", "\xE2\x80", "\xE2", "\xC2", "\xFF"}) {
    CAPTURE(good);
    CHECK_FALSE(find_control(good));
    CHECK(control_fault(good).empty());
    CHECK(without_controls(good) == good);
  }
}

TEST_CASE("what is refused is quoted with escapes for what nobody sees") {
  CHECK(quoted("\xE2\x80\xAA"
               "12\xC2\xA0") == "'\\u202A12\\u00A0'");
  CHECK(quoted("Jürgen") == "'Jürgen'");
  CHECK(quoted("a\xFF") == "'a\xEF\xBF\xBD'");
  CHECK(quoted(std::string(100, 'x'), 4) == "'xxxx'");
}
