#include "adapters/ldap/values.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::ldap;

TEST_CASE("a text in a search filter is only text") {
  CHECK(escape_filter("Ann (Bobby) *\\") == "Ann \\28Bobby\\29 \\2a\\5c");
  CHECK(escape_filter(std::string("a\0b", 3)) == "a\\00b");
  CHECK(escape_filter("Müller") == "Müller");
}

TEST_CASE("an objectGUID is shown as Active Directory's tools show it") {
  const std::string bytes("\x60\x7a\x63\xf9\x5f\xe9\x20\x4e\x86\xf8\xff\xb2\x0d\x4e\x22\x7e", 16);
  CHECK(guid(bytes)->text() == "f9637a60-e95f-4e20-86f8-ffb20d4e227e");
  CHECK_FALSE(guid(bytes.substr(1)));
}

TEST_CASE("accountExpires: past is disabled, 0 and the greatest mean never") {
  const auto now = filetime(parse_iso8601("2026-01-08T19:40:00Z").value());
  CHECK(now == 134'123'748'000'000'000);
  CHECK(filetime(Timestamp{}) == 116'444'736'000'000'000);
  CHECK(account_expired("132223104000000000", now));
  CHECK(account_expired(std::to_string(now), now));
  CHECK_FALSE(account_expired(std::to_string(now + 1), now));
  for (const auto* never :
       {"0", "9223372036854775807", "", "x", "132223104000000000x", "-1", "99999999999999999999999"})
    CHECK_FALSE(account_expired(never, now));
}

TEST_CASE("the last part of a SID is what primaryGroupID names a group by") {
  const std::string domain_users("\x01\x05\0\0\0\0\0\x05\x15\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\x01\x02\0\0", 28);
  CHECK(relative_id(domain_users) == 513U);
  CHECK_FALSE(relative_id(domain_users.substr(1)));
  CHECK_FALSE(relative_id(domain_users.substr(0, 27)));
  CHECK_FALSE(relative_id(std::string("\1\0\0\0\0\0\0\5", 8)));
  CHECK_FALSE(relative_id(""));
}

TEST_CASE("parts of an attribute with many values") {
  CHECK(parse_range("member;range=0-1499")->last == 1499);
  CHECK(parse_range("member;Range=1500-*")->first == 1500);
  CHECK_FALSE(parse_range("member;range=1500-*")->last);
  CHECK(next_range("member", 1500) == "member;range=1500-2999");
  for (const auto* none : {"member", "member;binary", ";range=0-1", "member;range=", "member;range=5-1",
                           "member;range=0-1x", "member;range=0-4294967295", "member;range=-1"})
    CHECK_FALSE(parse_range(none));
}

TEST_CASE("what Active Directory says of a refused bind") {
  CHECK_FALSE(
      bind_refusal("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1").empty());
  CHECK(bind_refusal("… data 533, v1db1") == "its account is disabled");
  CHECK(bind_refusal("data 775") == "its account is locked; unlock it");
  CHECK(bind_refusal("invalid credentials").empty());
  CHECK(account_disabled("514"));
  CHECK_FALSE(account_disabled("512"));
  CHECK_FALSE(account_disabled(""));
}

TEST_CASE("distinguished names are compared in one form") {
  CHECK(normal_dn("CN=Ann\\, Dr., OU=People,DC=example") == normal_dn("cn=Ann\\2C Dr.,ou=people,dc=EXAMPLE"));
}
