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
      {"Cisco-CP-7832-3PCC/11.0.1 (00562b043615)", "cisco", "7832", "11.0.1", "00562b043615"},
      {"Cisco/ATA191-MPP-11-1-0-MSR4 (FCH2443D9R4)", "cisco", "ata191", "11-1-0-MSR4", ""},
      {"Cisco/SPA112-1.3.5p (CBT141100HR)", "cisco", "spa112", "1.3.5p", ""},
      {"W52P 25.30.0.2 00:15:65:01:02:03", "yealink", "w52p", "25.30.0.2", "001565010203"},
      {"VP530P 23.70.0.40 00:15:65:01:02:03", "yealink", "vp530p", "23.70.0.40", "001565010203"},
      {"Yealink SIP VP-T49G 51.80.0.100 00:15:65:01:02:03", "yealink", "t49g", "51.80.0.100", "001565010203"},
      {"Yealink SIP-T21P E2 52.84.0.125 00:15:65:01:02:03", "yealink", "t21pe2", "52.84.0.125", "001565010203"},
      {"Yealink AX83H 180.86.0.5 00:15:65:01:02:03", "yealink", "ax83h", "180.86.0.5", "001565010203"},
      {"Fanvil X4 2.10.2.6887 0c383e07e16c", "fanvil", "x4", "2.10.2.6887", "0c383e07e16c"},
      {"Fanvil X210 V2 2.12.20 0c383e07e16c", "fanvil", "x210v2", "2.12.20", "0c383e07e16c"},
      {"Mozilla/4.0 (compatible; snomD785-SIP 10.1.33.33 2010.12-1 000413922D24 SXM:0 UXM:0)", "snom", "d785",
       "10.1.33.33", "000413922d24"},
      {"Mozilla/4.0 (compatible; snom320-SIP 8.7.5.35 1.1.3-u)", "snom", "320", "8.7.5.35", ""},
      {"Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)", "snom", "m900", "05.20.0001", "000413b60680"},
      {"Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605", "gigaset", "n870ippro", "83.V2.11.0+build.a546b91",
       "7c2f80e0d605"},
      {"\"Gigaset N870 IP PRO/83.V2.11.0;7C2F80E0D605;Handset=2\"", "gigaset", "n870ippro", "83.V2.11.0",
       "7c2f80e0d605"},
      {"N510 IP PRO/42.245.00.000.000;7C2F80E0D605", "gigaset", "n510ippro", "42.245.00.000.000", "7c2f80e0d605"},
      {"Aastra6731i MAC:00-08-5D-23-74-29 V:3.2.0.70-SIP", "mitel", "6731i", "3.2.0.70", "00085d237429"},
      {"Mitel6920 MAC:14-00-E9-1F-03-EA V:6.4.0.140-SIP", "mitel", "6920", "6.4.0.140", "1400e91f03ea"},
      {"Mozilla/4.0 (compatible; MSIE 6.0) AVAYA/J179-4.1.3.0.6 (MAC:c81fea83e85a)", "avaya", "j179", "4.1.3.0.6",
       "c81fea83e85a"},
      {"AVAYA/1220IP/04.01.13.00", "avaya", "1220ip", "04.01.13.00", ""},
      {"Htek UC903 2.0.4.2 00:1f:c1:1c:22:a9", "htek", "uc903", "2.0.4.2", "001fc11c22a9"},
      {"Panasonic_KX-UT113/01.133 (0080f0c8c381)", "panasonic", "kxut113", "01.133", "0080f0c8c381"},
      {"AUDC-IPPhone/2.2.8.61 (440HDG-Rev0; 00908F602AAC)", "audiocodes", "440hdg", "2.2.8.61", "00908f602aac"},
      {"Alcatel IP Touch 4028/2.01.20", "alcatel", "4028", "2.01.20", ""},
      {"Thomson ST2030 hw5 fw2.74 00-0E-50-4E-16-55", "technicolor", "st2030", "2.74", "000e504e1655"},
      {"Jitsi/2.11.5633", "jitsi", "", "2.11.5633", ""},
      {"AUDC", "audiocodes", "", "", ""},
      {"snom", "snom", "", "", ""},
      {"avaya", "", "", "", ""},
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

TEST_CASE("what phones say of themselves in SIP") {
  const std::vector<Row> rows{
      {"snomD375/8.9.3.60", "snom", "d375", "8.9.3.60", ""},
      {"snom370/8.7.5.35", "snom", "370", "8.7.5.35", ""},
      {"snomD785-SIP/10.1.73.16", "snom", "d785", "10.1.73.16", ""},
      {"Snom M700/05.20 (000413b60680)", "snom", "m700", "05.20", "000413b60680"},
      {"Snom M900 05.20.0001 000413b60680", "snom", "m900", "05.20.0001", "000413b60680"},
      {"Yealink SIP-T46S 66.86.0.15", "yealink", "t46s", "66.86.0.15", ""},
      {"Zultys ZIP 33G - 47.80.132.4", "zultys", "zip33g", "47.80.132.4", ""},
      {"PolycomVVX-VVX_450-UA/5.9.2.3446", "polycom", "vvx450", "5.9.2.3446", ""},
      {"PolycomVVX-VVX_450-UA/5.9.2.3446_0004f2aabbcc", "polycom", "vvx450", "5.9.2.3446", "0004f2aabbcc"},
      {"Cisco/SPA504G-7.4.9c", "cisco", "spa504g", "7.4.9c", ""},
      {"Cisco-CP-8841-3PCC/11.0.1_00562b043615", "cisco", "8841", "11.0.1", "00562b043615"},
      {"Grandstream GXP2170 1.0.11.85", "grandstream", "gxp2170", "1.0.11.85", ""},
      {"Fanvil X3S 2.4.0.5879", "fanvil", "x3s", "2.4.0.5879", ""},
      {"Htek UC926 V2.0.4.4.35", "htek", "uc926", "2.0.4.4.35", ""},
      {"Sangoma S500/3.0.4.52", "sangoma", "s500", "3.0.4.52", ""},
      {"Aastra 6731i/3.3.1.4305", "mitel", "6731i", "3.3.1.4305", ""},
      {"Mitel-6930/6.1.0.146", "mitel", "6930", "6.1.0.146", ""},
      {"Avaya J179 IP Phone R4.0.6.1.3 c81fea83e85a", "avaya", "j179", "4.0.6.1.3", "c81fea83e85a"},
      {"Gigaset N510 IP PRO/42.245.00.000.000;7C2F80E0D605", "gigaset", "n510ippro", "42.245.00.000.000",
       "7c2f80e0d605"},
      {"Panasonic_KX-HDV130/07.007 (0080f0c8c381)", "panasonic", "kxhdv130", "07.007", "0080f0c8c381"},
      {"snom", "snom", "", "", ""},
      {"Avaya", "avaya", "", "", ""},
      {"Mitel", "mitel", "", "", ""},
      {"Aastra 6731i", "mitel", "6731i", "", ""},
      {"Htek", "htek", "", "", ""},
      {"Linphone/3.6.1 (eXosip2/4.1.0)", "", "", "", ""},
      {"", "", "", "", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto agent = parse_sip_user_agent(row.text);
    CHECK(agent.vendor == row.vendor);
    CHECK(agent.model == row.model);
    CHECK(agent.firmware == row.firmware);
    CHECK((agent.mac ? agent.mac->text() : "") == row.mac);
  }
}

TEST_CASE("a very long User-Agent costs no more than a long one") {
  CHECK(parse_user_agent("Yealink " + std::string(1 << 20, 'x')).vendor == "yealink");
}
