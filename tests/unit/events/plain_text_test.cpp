#include "events/plain_text.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;

TEST_CASE("names are in one form, whatever system they were typed on") {
  CHECK(normal_form("Rene\xCC\x81") == "Ren\xC3\xA9");
  CHECK(normal_form("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB") == "\xED\x95\x9C");  // Hangul
  CHECK(normal_form("Ann") == "Ann");
  CHECK(normal_form("e\xCC\x81\xFF") == "e\xCC\x81\xFF");
  CHECK(plain_text("\xC2\xA0 Jose\xCC\x81\xE2\x80\xAF"
                   "Mari\xCC\x81"
                   "a\xE2\x80\xAC\n") ==
        "Jos\xC3\xA9 Mar\xC3\xAD"
        "a");
  CHECK(plain_text("\xE2\x80\xAA+49 30\xE2\x80\xAC") == "+49 30");
  CHECK(plain_text("Soft\xC2\xADhyphen\xEF\xBB\xBF") == "Softhyphen");
  CHECK(plain_text("\xE3\x80\x80").empty());
  CHECK(plain_text(" a\tb ") == "a b");
  CHECK(plain_text("\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE") ==
        "\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE");  // a joiner stays
  CHECK(plain_text("\xC2\xA0\xFF") == "\xFF");
}
