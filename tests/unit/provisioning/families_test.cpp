// That the families' files say what was set, in their vendor's words, and no more than the model has.
#include "actors/provisioning/renderer.hpp"
#include "actors/provisioning/taken_apart.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

DeviceValues full(const Sample& sample) {
  auto values = device(sample);
  values.more_lines.push_back({2, ExtensionNumber::parse("1002").value(), "Bob <B>", "s3cret-1002", "Second"});
  values.phone.set = {{"codecs", "pcma,g722"},        {"transport", "tls"},       {"srtp", "required"},
                      {"voicemail_number", "*97"},    {"vlan_id", "100"},         {"ntp_server", "ntp.example.com"},
                      {"admin_password", "s3cret-A"}, {"register_expires", "600"}};
  values.phone.keys = {{1, {"blf", "1003", "Cleo", 0, ""}}, {2, {"speed_dial", "112", "Help", 2, ""}}};
  return values;
}

std::string rendered(const std::string& vendor, const std::string& model) {
  const Sample sample{vendor, model, "001565123456"};
  return renderer()->render(vendor, model, full(sample)).value().bytes;
}

}  // namespace

TEST_CASE("each new vendor's file has lines, keys and settings in the vendor's words") {
  struct Words {
    std::string vendor, model;
    std::vector<std::string> all;
  };
  for (const auto& words : std::vector<Words>{
           {"fanvil",
            "X5U",
            {"<line index=\"2\">", "<RegisterPswd>s3cret-1002</RegisterPswd>",
             "<DisplayName>Bob &lt;B&gt;</DisplayName>", "<Transport>3</Transport>",
             "<VoiceCodecMap>PCMA,G722</VoiceCodecMap>", "<MWINum>*97</MWINum>", "<Value>1003@1/ba</Value>",
             "<Value>112@2/f</Value>", "<DTMFMode>1</DTMFMode>", "<MediaCrypto>2</MediaCrypto>",
             "<dssSide index=\"1\">", "<internal index=\"5\">", "<VLANID>100</VLANID>", "<Password>s3cret-A</Password>",
             "<RegisterTTL>600</RegisterTTL>"}},
           {"fanvil", "H5", {"<VOIP_CONFIG_FILE>", "<Type>1</Type>"}},
           {"fanvil", "X6", {"<sysConf>", "<internal index=\"5\">"}},
           {"fanvil",
            "X4",
            {"<ID>SIP2</ID>", "<ID>Fkey30</ID>", "<Transport>3</Transport>", "<VoiceCodecMap>G711A,G722<",
             "<Register_Pswd>s3cret-1002</Register_Pswd>", "<MWI_Num>*97</MWI_Num>"}},
           {"snom",
            "D785",
            {"<user_name idx=\"2\" perm=\"R\">1002</user_name>", ";transport=tls</user_outbound>",
             "<user_savp idx=\"1\" perm=\"R\">mandatory</user_savp>",
             "<codec_priority_list idx=\"1\" perm=\"R\">pcma,g722,telephone-event</codec_priority_list>",
             "<fkey idx=\"0\" context=\"1\" label=\"Cleo\" perm=\"R\">blf sip:1003@192.168.1.14</fkey>",
             "label=\"Help\" perm=\"R\">speed 112</fkey>",
             "<user_dp_str idx=\"1\" perm=\"R\">|(^112$)|sip:\\1@\\d|d |(^911$)|sip:\\1@\\d|d</user_dp_str>",
             "<vlan_id perm=\"R\">100</vlan_id>"}},
           {"sangoma",
            "S500",
            {"<P401>1</P401>", "<P734>s3cret-1002</P734>", "<P20001>Second</P20001>", "<P830>2</P830>"}},
           {"htek",
            "UC926",
            {"<P747>192.168.1.14:5060</P747>", "<P735>1002</P735>", "<P426>*97</P426>", "<P2>s3cret-A</P2>",
             "<P501>0</P501>", "<P41200>3</P41200>", "<P57>8</P57>", "<P183>2</P183>", "<P4200>{112|911|[x*]+}</P4200>",
             "<P51>100</P51>"}},
           {"avaya",
            "J179",
            {"SET SIP_CONTROLLER_LIST \"192.168.1.14:5060;transport=tls\"\n", "SET ENABLE_G722 1\n",
             "SET PSTN_VM_NUM \"*97\"\n", "SET L2QVLAN 100\n", "SET ADMIN_PASSWORD \"s3cret-A\"\n"}},
           {"mitel",
            "6920",
            {"sip line2 password: s3cret-1002\n", "sip line2 screen name: Second\n", "sip transport protocol: 4\n",
             "sip line1 srtp mode: 2\n", "topsoftkey1 type: blf\n", "topsoftkey1 value: 1003\n",
             "topsoftkey2 type: speeddial\n", "sip line3 registrar ip: 0.0.0.0\n", "topsoftkey10 type: none\n",
             "sip dial plan: \"112|911|X+#|XX+*\"\n", "vlan id: 100\n", "admin password: s3cret-A\n"}},
           {"mitel", "6865i", {"prgkey1 type: blf\n", "prgkey2 value: 112\n"}},
           {"mitel", "6867i", {"topsoftkey1 type: blf\n", "topsoftkey20 type: none\n", "softkey18 type: none\n"}},
           {"cisco", "PAP2T", {"<Primary_NTP_Server ua=\"na\">ntp.example.com", "<Admin_Passwd ua=\"na\">s3cret-A"}},
           {"polycom", "CCX500", {"device.baseProfile=\"Generic\"", "dialplan.impossibleMatchHandling=\"2\""}},
           {"cisco",
            "8841",
            {"<Admin_Password ua=\"na\">s3cret-A</Admin_Password>", "<Password_2_ ua=\"na\">s3cret-1002"}},
           {"cisco",
            "SPA122",
            {"<Time_Server>ntp.example.com</Time_Server>",
             "<Web_Login_Admin_Password>s3cret-A</Web_Login_Admin_Password>", "<Password_2_ ua=\"na\">s3cret-1002"}},
           {"grandstream",
            "HT802",
            {"<P34>s3cret-Pass</P34>", "<P734>s3cret-1002</P734>", "<P747>192.168.1.14:5060</P747>"}},
           {"grandstream",
            "HT801",
            {"<P57>8</P57>", "<P62>8</P62>", "<P850>101</P850>", "<P4200>{ 112 | 911 | [*x]+ | \\+x+ }</P4200>"}},
           {"grandstream",
            "GXP2120",
            {"<P1363>11</P1363>", "<P1364>0</P1364>", "<P1365>10</P1365>", "<P1801>0</P1801>"}},
           {"grandstream", "GXP2160", {"<item name=\"pks.vpk.1.keyMode\">BLF</item>", "pks.mpk.24.keyMode\">None<"}},
           {"grandstream", "GRP2615", {"<item name=\"account.5.enable\">No</item>"}},
           {"grandstream",
            "GXV3370",
            {"codec.choice.2\">G_722<", "pks.mpk.1.mode\">BLF<", "pks.mpk.1.account\">Account1<"}},
           {"yealink",
            "W80B",
            {"template.1.sip_server.1.address = 192.168.1.14\n", "account.2.sip_server.template = 1\n",
             "account.30.enable = 0\n", "template.1.sip_server.1.transport_type = 2\n"}},
           {"yealink",
            "T46S",
            {"dialplan.dialnow.rule.1 = 112\n", "dialplan.dialnow.rule.3 = %NULL%\n", "account.3.enable = 0\n",
             "linekey.27.type = 0\n", "ldap.enable = 0\n"}},
           {"yealink",
            "T28P",
            {"account.2.password = s3cret-1002\n", "auto_provision.power_on = 1\n", "memorykey.10.type = 0\n",
             "dialnow.item.2 = 911,0\n"}}}) {
    CAPTURE(words.vendor, words.model);
    const auto file = rendered(words.vendor, words.model);
    for (const auto& word : words.all) CHECK_THAT(file, ContainsSubstring(word));
  }
}

TEST_CASE("models of a family differ in lines by their data alone") {
  CHECK(rendered("yealink", "T19P E2").find("account.2.") == std::string::npos);
  CHECK_THAT(rendered("yealink", "T58W"), ContainsSubstring("account.2.password = s3cret-1002\n"));
  CHECK(rendered("cisco", "7811").find("s3cret-1002") == std::string::npos);
  CHECK_THAT(rendered("yealink", "T58W"), ContainsSubstring("# Strowger: Yealink SIP-T58W "));
}

TEST_CASE("an older Yealink phone is not told names that its firmware does not know") {
  const auto file = rendered("yealink", "T28P");
  CHECK(file.find("static.") == std::string::npos);
  CHECK(file.find(".codec.") == std::string::npos);
}

TEST_CASE("no family's file tells a secret once it is masked") {
  for (const auto& source : renderer()->in_force()) {
    CAPTURE(source.name, source.model);
    const auto file = take_apart(source, full({source.vendor, source.model, "001565123456"}));
    REQUIRE(file);
    CHECK(file->masked().find("s3cret") == std::string::npos);
  }
}
