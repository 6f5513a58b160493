// The pairs of RFC 3261 section 19.1.4.
#include "actors/registrar/uri.hpp"

#include "actors/registrar/phone_mac.hpp"
#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::registrar;

TEST_CASE("URIs that are the same") {
  CHECK(same_uri("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
  CHECK(same_uri("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
  CHECK(same_uri("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"));
  CHECK(same_uri("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                 "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"));
  CHECK(same_uri("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                 "sip:alice@atlanta.com?priority=urgent&subject=project%20x"));
  CHECK(same_uri("sip:1001@[2001:db8::1]:5060", "sip:1001@[2001:DB8::1]:5060"));
}

TEST_CASE("URIs that differ") {
  CHECK(!same_uri("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
  CHECK(!same_uri("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
  CHECK(!same_uri("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
  CHECK(!same_uri("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"));
  CHECK(!same_uri("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;newparam=6"));
  CHECK(!same_uri("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"));
  CHECK(!same_uri("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"));
  CHECK(!same_uri("sip:bob@192.0.2.4", "sips:bob@192.0.2.4"));
  CHECK(!same_uri("sip:bob@192.0.2.4", "sip:bob@192.0.2.4;maddr=192.0.2.5"));
  CHECK(!same_uri("tel:+15550100", "tel:+15550101"));
}

TEST_CASE("what is no URI is not read") {
  for (const auto* text : {"", "sip", ":x", "sip:", "sip:user@", "sip:[2001:db8::1"}) CHECK(!parse_uri(text));
  const auto parts = parse_uri("sip:a;b?c@host:5061;p=1;q?h=v");
  REQUIRE(parts);
  CHECK(parts->user == "a;b?c");
  CHECK(parts->host == "host");
  CHECK(parts->port == "5061");
  CHECK(parts->parameter("P") == "1");
  CHECK(parts->parameter("q") == "");
  CHECK(!parts->parameter("r"));
  CHECK(parts->headers == "h=v");
}

TEST_CASE("a MAC is believed only where it is one") {
  const auto mac = [](const char* text) { return std::optional(MacAddress::parse(text).value()); };
  CHECK(mac_of_instance("urn:uuid:00000000-0000-1000-8000-001565AABBCC") == mac("001565aabbcc"));
  CHECK(mac_of_instance("<urn:uuid:7d5f1c7e-9f0b-11ec-8e2a-0004f2aabbcc>") == mac("0004f2aabbcc"));
  CHECK(mac_of_instance("urn:mac:00:0b:82:aa:bb:cc") == mac("000b82aabbcc"));
  CHECK(!mac_of_instance("urn:uuid:5a3f1c7e-9f0b-4c1d-8e2a-001565aabbcc"));  // random
  CHECK(!mac_of_instance("urn:uuid:00000000-0000-1000-8000-000000000000"));
  CHECK(!mac_of_instance("urn:uuid:7d5f1c7e-9f0b-11ec-8e2a-0304f2aabbcc"));  // a group address
  CHECK(!mac_of_instance("urn:uuid:00000000-0000-1000-8000-001565aabb"));
  CHECK(!mac_of_instance(""));

  const auto by_snom = [](const MacAddress& made, std::string_view agent) {
    return (made.bits() >> 24) == 0x000413 && agent.starts_with("snom");
  };
  const std::string node = "urn:uuid:76e44df3-6880-4e04-84c0-000413AA0001";
  CHECK(!mac_of_instance(node));
  CHECK(mac_of_node(node, "snomD375/8.9.3.60", by_snom) == mac("000413aa0001"));
  CHECK(!mac_of_node(node, "Softphone", by_snom));
  CHECK(!mac_of_node("urn:uuid:76e44df3-6880-4e04-84c0-0015650A0001", "snomD375/8.9.3.60", by_snom));
  CHECK(!mac_of_node("urn:uuid:76e44df3-6880-4e04-84c0-000413AA00", "snomD375/8.9.3.60", by_snom));
  CHECK(!mac_of_node(node, "snomD375/8.9.3.60", {}));

  CHECK(mac_of_user_agent("Yealink SIP-T46S 66.86.0.15 80:5e:c0:aa:bb:cc") == mac("805ec0aabbcc"));
  CHECK(mac_of_user_agent("Yealink SIP-T54W 96.86.0.70 805ec0aabbcc") == mac("805ec0aabbcc"));
  CHECK(mac_of_user_agent("Cisco/SPA504G-7.4.9c (8843E157DDCC)(CBT141100HR)") == mac("8843e157ddcc"));
  CHECK(mac_of_user_agent("Grandstream Model HW GXP2170 SW 1.0.11.85 DevId 000b82aabbcc") == mac("000b82aabbcc"));
  CHECK(mac_of_user_agent("Mitel6920 MAC:14-00-E9-1F-03-EA V:6.4.0.140-SIP") == mac("1400e91f03ea"));
  CHECK(mac_of_user_agent("Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605") == mac("7c2f80e0d605"));
  CHECK(mac_of_user_agent("PolycomVVX-VVX_450-UA/5.9.2.3446_0004f2aabbcc") == mac("0004f2aabbcc"));
  CHECK(!mac_of_user_agent("Yealink SIP-T46S 66.86.0.15"));
  CHECK(!mac_of_user_agent("Softphone 001565aabbcc"));
}

TEST_CASE("a Request-URI has neither the headers nor the method of the contact it is made from") {
  CHECK(request_uri("sip:1001@192.0.2.1:5062;transport=tcp") == "sip:1001@192.0.2.1:5062;transport=tcp");
  CHECK(request_uri("sip:1001@h?Route=%3Csip:x%3E&Subject=evil") == "sip:1001@h");
  CHECK(request_uri("sip:1001@h;method=INVITE;transport=udp?a=b") == "sip:1001@h;transport=udp");
  CHECK(request_uri("sip:1001@h;transport=udp;METHOD=BYE") == "sip:1001@h;transport=udp");
  CHECK(request_uri("sip:1001@h;%6dethod=BYE") == "sip:1001@h");
  CHECK(request_uri("sip:a;b?c@h;lr;methods=x") == "sip:a;b?c@h;lr;methods=x");
  CHECK(request_uri("sip:h;method=X") == "sip:h");
  CHECK(request_uri("sip:1001@[2001:db8::1]:5060;method=X;ob") == "sip:1001@[2001:db8::1]:5060;ob");
}
