#include "adapters/sip/display_names.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace strowger;

namespace {

std::string blanked(const std::string& headers) {
  std::string message = "REGISTER sip:host SIP/2.0\r\n" + headers + "\r\n\r\nFrom: body <x>";
  const auto size = message.size();
  sip::blank_bad_names(message);
  CHECK(message.size() == size);
  CHECK(message.ends_with("From: body <x>"));
  const auto begin = message.find('\n') + 1;
  return message.substr(begin, message.find("\r\n\r\n") - begin);
}

std::string spaces(const std::string& name) {
  return std::string(name.size(), ' ');
}

}  // namespace

TEST_CASE("a name without quotes that RFC 3261 wants quotes for is blanked") {
  for (const std::string name :
       {"M\xc3\xbcller", "Ann (Sales)", "Ann, Sales", "Sales: Ann", "a@b", "\"Ann", "Ann \"x\" B", "M\xfcller"})
    for (const std::string header : {"From", "To", "Contact", "f", "t", "m", "FROM ", "contact"})
      CHECK(blanked(header + ": " + name + " <sip:1001@host>;tag=a1") ==
            header + ": " + spaces(name) + " <sip:1001@host>;tag=a1");
}

TEST_CASE("what is well-formed stays as it is") {
  for (const std::string value :
       {"<sip:1001@host>", "Ann <sip:1001@host>", "Ann B. Example <sip:1001@host>;tag=1", "sip:1001@host;tag=1",
        "\"M\xc3\xbcller, \\\"Ann\\\" <x>\" <sip:1001@host>", "*", "",
        "<sip:1@host>;+sip.instance=\"<urn:uuid:x, y>\";q=1, <sip:2@host>", "sip:1@host, Ann <sip:2@host>"})
    for (const std::string header : {"From: ", "Contact: ", "m:"}) CHECK(blanked(header + value) == header + value);
  CHECK(blanked("Subject: M\xc3\xbcller <sip:x>") == "Subject: M\xc3\xbcller <sip:x>");
}

TEST_CASE("each of several contacts, and folded lines") {
  CHECK(blanked("Contact: A (x) <sip:1@h>;p=\"a,<b\", B,\r\n (y) <sip:2@h>, C <sip:3@h>") ==
        "Contact:       <sip:1@h>;p=\"a,<b\",   \r\n     <sip:2@h>, C <sip:3@h>");
  CHECK(blanked("From: M\xc3\xbcller\r\n <sip:1@h>") == "From:        \r\n <sip:1@h>");
}
