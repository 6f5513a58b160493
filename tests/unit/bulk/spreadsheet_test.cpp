#include "actors/bulk/spreadsheet.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::bulk;

TEST_CASE("a number that a spreadsheet has made of a text is known by its form") {
  for (const auto* text : {"1.565E+11", "1,565E+11", "1.565e11", "1E+3", "1001.0", "1001,00"}) {
    CAPTURE(text);
    CHECK_THAT(spreadsheet_trace(text), ContainsSubstring("spreadsheet"));
  }
  for (const auto* text : {"", "1001", "00156E123456", "1.5", "E+1", "1E", "00:15:65:00:00:01", "1.", "abc"}) {
    CAPTURE(text);
    CHECK(spreadsheet_trace(text).empty());
  }
  CHECK_THAT(spreadsheet_trace("1565000005", 12), ContainsSubstring("10 of 12 digits"));
  CHECK(spreadsheet_trace("001565000005", 12).empty());
  CHECK(spreadsheet_trace("1565ab0005", 12).empty());
  CHECK_THAT(std::string(spreadsheet_remedy()), ContainsSubstring("as text"));
}

TEST_CASE("true and false in the words of several languages' spreadsheets") {
  for (const auto* yes : {"true", "TRUE", "WAHR", "Vrai", "1", "yes", "VERDADERO"}) CHECK(truth_of(yes) == true);
  for (const auto* no : {"false", "FALSE", "FALSCH", "faux", "0", "no", "FALSO"}) CHECK(truth_of(no) == false);
  for (const auto* none : {"", "2", "maybe"}) CHECK_FALSE(truth_of(none));
}
