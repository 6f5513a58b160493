#include "actors/provisioning/user_agent.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

using namespace strowger::provisioning;

namespace {

struct Row {
  std::string text;
  std::string vendor;
  std::string model;
  std::string firmware;
  std::string mac;
};

}  // namespace

TEST_CASE("a User-Agent tells vendor, model, firmware and MAC") {
  const std::vector<Row> rows{
      {"Yealink SIP-T46S 66.86.0.15 80:5e:c0:aa:bb:cc", "yealink", "t46s", "66.86.0.15", "805ec0aabbcc"},
      {"Yealink SIP-T54W 96.86.0.45 805ec0aabbcc", "yealink", "t54w", "96.86.0.45", "805ec0aabbcc"},
      {"Yealink W60B 77.83.0.85 00:15:65:01:02:03", "yealink", "w60b", "77.83.0.85", "001565010203"},
      {"Yealink CP860 37.81.0.10 00:15:65:01:02:03", "yealink", "cp860", "37.81.0.10", "001565010203"},
      {"Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0", "yealink", "t46g", "28.71.0.81", ""},
      {"yealink SIP-T46S", "yealink", "t46s", "", ""},
      {"Zultys ZIP 33G - 47.80.132.4", "zultys", "zip33g", "47.80.132.4", ""},
      {"Zultys ZIP 37G 27.71.132.29 00:0b:ea:85:ed:68", "zultys", "zip37g", "27.71.132.29", "000bea85ed68"},
      {"Zultys ZIP37G 27.71.132.29", "zultys", "zip37g", "27.71.132.29", ""},
      {"FileTransport PolycomVVX-VVX_450-UA/5.9.2.3446 Type/Application", "polycom", "vvx450", "5.9.2.3446", ""},
      {"FileTransport PolycomVVX-VVX_450-UA/5.9.2.3446 (SN:0004f2aabbcc) Type/Updater", "polycom", "vvx450",
       "5.9.2.3446", "0004f2aabbcc"},
      {"FileTransport PolycomSoundPointIP-SPIP_335-UA/4.2.1.0275", "polycom", "spip335", "4.2.1.0275", ""},
      {"Cisco/SPA504G-7.4.9c (8843E157DDCC)(CBT141100HR)", "cisco", "spa504g", "7.4.9c", "8843e157ddcc"},
      {"Linksys/SPA-942-6.1.5(a) (88019FA42805)", "cisco", "spa942", "6.1.5(a)", "88019fa42805"},
      {"Cisco-CP-7832-3PCC/11.0.1 (00562b043615)", "cisco", "cp78323pcc", "11.0.1", "00562b043615"},
      {"Grandstream Model HW GXP2170 SW 1.0.11.85 DevId 000b82aabbcc", "grandstream", "gxp2170", "1.0.11.85",
       "000b82aabbcc"},
      {"Grandstream Model HW HT801 V1.1A SW 1.0.17.5 DevId c074ad273a10", "grandstream", "ht801", "1.0.17.5",
       "c074ad273a10"},
      {"Grandstream GXP2000 (gxp2000e.bin:1.2.5.3/boot55e.bin:1.1.6.9) DevId 000b82aabbcc", "grandstream", "gxp2000",
       "", "000b82aabbcc"},
      {"curl/7.88.1", "", "", "", ""},
      {"Mozilla/5.0 (X11; Linux x86_64)", "", "", "", ""},
      {"", "", "", "", ""},
      {"   ", "", "", "", ""},
      {"Yealink", "yealink", "", "", ""},
      {"Cisco/", "cisco", "", "", ""},
      {"Grandstream", "grandstream", "", "", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto agent = parse_user_agent(row.text);
    CHECK(agent.vendor == row.vendor);
    CHECK(agent.model == row.model);
    CHECK(agent.firmware == row.firmware);
    CHECK((agent.mac ? agent.mac->text() : "") == row.mac);
  }
}

TEST_CASE("a very long User-Agent costs no more than a long one") {
  CHECK(parse_user_agent("Yealink " + std::string(1 << 20, 'x')).vendor == "yealink");
}
