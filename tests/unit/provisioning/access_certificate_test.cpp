#include "actors/provisioning/access/certificate.hpp"
#include "tests/support/catch.hpp"

using strowger::provisioning::access::mac_in_name;

TEST_CASE("certificate: the MAC in a name, in the forms that vendors use") {
  for (const auto* name :
       {"001565abcdef", "001565ABCDEF", "00:15:65:ab:cd:ef", "00-15-65-AB-CD-EF", "0015.65ab.cdef", "SEP001565ABCDEF",
        "CP-8841-SEP001565ABCDEF", "SPA504G, MAC: 001565ABCDEF, Serial: CCQ1647", "001565abcdef.phones.example.com",
        "MAC=001565ABCDEF;MAC=00:15:65:ab:cd:ef", "urn:dev:mac:001565abcdef"}) {
    CAPTURE(name);
    const auto mac = mac_in_name(name);
    REQUIRE(mac);
    CHECK(mac->text() == "001565abcdef");
  }
}

TEST_CASE("certificate: what is no MAC, or two, proves nothing") {
  for (const auto* name : {"", "phone", "001565abcde", "001565abcdef0", "a001565abcdef", "00:15:65:ab:cd",
                           "00:15:65:ab:cd:ef:01", "001565abcdef 001565abcdee", "000000000000", "00:15-65:ab-cd:ef"}) {
    CAPTURE(name);
    const auto mac = mac_in_name(name);
    CHECK_FALSE((mac && mac->text() == "001565abcdef"));
  }
  CHECK_FALSE(mac_in_name("001565abcdef 001565abcdee"));
  CHECK_FALSE(mac_in_name("000000000000"));
}
