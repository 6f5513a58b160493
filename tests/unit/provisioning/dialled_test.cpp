#include "actors/provisioning/dialled.hpp"

#include "tests/support/catch.hpp"

using namespace strowger::provisioning;

TEST_CASE("a phone dials what people mean by a number, however they write it") {
  struct Row {
    const char* written;
    const char* dialled;
  };
  for (const auto& [written, expected] : {
           Row{"+49 (0)30 1234-567", "+49301234567"},
           Row{"+49(0)301234567", "+49301234567"},
           Row{"+44 ( 0 ) 20 7946 0958", "+442079460958"},
           Row{"0049 (0)30 1234", "0049301234"},
           Row{"+39 (0)6 1234", "+39061234"},
           Row{"+225 (0)7 12 34 56 78", "+2250712345678"},
           Row{"(030) 1234/567", "0301234567"},
           Row{"(0)30 1234", "0301234"},
           Row{"+1 (555) 123.4567", "+15551234567"},
           Row{"+49 30 123-45 ext. 12", "+493012345"},
           Row{"+1 555 123 4567 Extension 4122", "+15551234567"},
           Row{"555-1234 x12", "5551234"},
           Row{"555-1234, Extn: 12", "5551234"},
           Row{"tel:+1-555-1234;ext=9", "+15551234"},
           Row{"tel:+15551234;phone-context=example.com", "+15551234"},
           Row{"\xE2\x80\xAA+49\xC2\xA0"
               "30\xE2\x80\x93"
               "1234\xE2\x80\xAC",
               "+49301234"},
           Row{"\xEF\xBC\x8B\xEF\xBC\x94\xEF\xBC\x99 30", "+4930"},  // wide
           Row{"\xD9\xA0\xD9\xA1\xD9\xA2", "012"},                   // Arabic-Indic
           Row{"*98", "*98"},
           Row{"#31#", "#31#"},
           Row{"1002", "1002"},
           Row{"sip:ann@example.com", "sip:ann@example.com"},
           Row{"ann-lee", "ann-lee"},
           Row{"1-800-FLOWERS", "1-800-FLOWERS"},
           Row{"", ""},
       }) {
    CAPTURE(written);
    CHECK(dialled(written) == expected);
    CHECK(dialled(dialled(written)) == expected);
  }
  CHECK(ascii_number("\xC2\xA0+49\xE2\x80\x91"
                     "30") == "+49-30");
}
