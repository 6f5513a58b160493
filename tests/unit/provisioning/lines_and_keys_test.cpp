// Settings, lines and keys in the files of the built-in templates, and sections over lists in templates of one's own.
#include "actors/provisioning/format_check.hpp"
#include "actors/provisioning/renderer.hpp"
#include "actors/provisioning/taken_apart.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

#include <algorithm>

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

std::string rendered(const Sample& sample, const DeviceValues& values) {
  return renderer()->render(sample.vendor, sample.model, values).value().bytes;
}

DeviceValues full(const Sample& sample) {
  auto values = device(sample);
  values.label = "Front desk";
  values.more_lines.push_back({2, ExtensionNumber::parse("1002").value(), "Bob <B>", "s3cret-1002", ""});
  values.phone.set = {{"timezone", "Europe/Berlin"},  {"codecs", "pcma,g722"},     {"transport", "tcp"},
                      {"srtp", "required"},           {"voicemail_number", "*97"}, {"language", "de"},
                      {"admin_password", "s3cret-A"}, {"vlan_id", "100"},          {"ntp_server", "ntp.example.com"}};
  values.phone.keys = {{3, {"blf", "1003", "Cleo", 0, "*8"}}, {4, {"speed_dial", "112", "", 2, ""}}};
  return values;
}

const Sample& sample(std::string_view vendor) {
  static const auto all = samples();
  return *std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.vendor == vendor; });
}

std::string own(std::string text, const DeviceValues& values) {
  const auto made = Renderer::make(catalog(), std::vector<CustomTemplate>{{"yealink_t46s.template", std::move(text)}});
  for (const auto& refused : made->refused) FAIL(refused.message);
  return made->renderer->render("yealink", "t46s", values)->bytes;
}

std::string refusal(std::string text) {
  const auto made = Renderer::make(catalog(), std::vector<CustomTemplate>{{"yealink_t46s.template", std::move(text)}});
  REQUIRE(made->refused.size() == 1);
  return made->refused[0].message;
}

}  // namespace

TEST_CASE("a Yealink phone gets its lines, codecs, zone, keys and password") {
  const auto file = rendered(sample("yealink"), full(sample("yealink")));
  for (const char* line : {"account.1.label = Front desk\n",
                           "account.1.display_name = John Smith\n",
                           "account.2.user_name = 1002\n",
                           "account.2.password = s3cret-1002\n",
                           "account.2.label = Bob <B>\n",
                           "account.2.sip_server.1.transport_type = 1\n",
                           "account.1.codec.pcma.priority = 1\n",
                           "account.1.codec.g722.priority = 2\n",
                           "account.1.codec.pcmu.enable = 0\n",
                           "account.2.srtp_encryption = 2\n",
                           "voice_mail.number.2 = *97\n",
                           "linekey.1.type = 15\n",
                           "linekey.2.line = 2\n",
                           "linekey.2.label = Bob <B>\n",
                           "linekey.3.type = 16\n",
                           "linekey.3.value = 1003\n",
                           "linekey.3.label = Cleo\n",
                           "linekey.3.extension = *8\n",
                           "linekey.4.type = 13\n",
                           "linekey.4.line = 2\n",
                           "linekey.4.label = 112\n",
                           "local_time.time_zone = +1\n",
                           "local_time.start_time = 3/5/7/2\n",
                           "local_time.end_time = 10/5/7/3\n",
                           "local_time.offset_time = 60\n",
                           "lang.gui = German\n",
                           "static.network.vlan.internet_port_vid = 100\n",
                           "static.security.user_password = admin:s3cret-A\n",
                           "local_time.ntp_server1 = ntp.example.com\n"}) {
    CAPTURE(line);
    CHECK_THAT(file, ContainsSubstring(line));
  }
}

TEST_CASE("each vendor's phones get it in their own words") {
  const auto zultys = rendered(sample("zultys"), full(sample("zultys")));
  CHECK_THAT(zultys, ContainsSubstring("account.2.codec.2.priority = 1\n"));
  CHECK_THAT(zultys, ContainsSubstring("account.1.codec.1.enable = 0\n"));
  CHECK_THAT(zultys, ContainsSubstring("linekey.3.value = 1003\n"));
  const auto polycom = rendered(sample("polycom"), full(sample("polycom")));
  CHECK_THAT(polycom, !ContainsSubstring("\"automata\""));
  for (const char* part : {"reg.2.auth.password=\"s3cret-1002\"",
                           "reg.1.server.1.transport=\"TCPOnly\"",
                           "reg.2.label=\"Bob &lt;B&gt;\"",
                           "voice.codecPref.G711_A=\"1\"",
                           "voice.codecPref.G711_Mu=\"0\"",
                           "sec.srtp.require=\"1\"",
                           "tcpIpApp.sntp.gmtOffset=\"3600\"",
                           "daylightSavings.start.dayOfWeek.lastInMonth=\"1\"",
                           "msg.mwi.2.callBack=\"*97\"",
                           "lineKey.2.category=\"Line\"",
                           "lineKey.2.index=\"2\"",
                           "lineKey.3.category=\"BLF\"",
                           "attendant.resourceList.3.address=\"1003\"",
                           "lineKey.4.category=\"EFK\"",
                           "efk.efklist.4.action.string=\"112$Tinvite$\"",
                           "lineKey.5.category=\"Unassigned\"",
                           "reg.3.server.1.register=\"0\"",
                           "dialplan.digitmap=\"112|911|+x.T|[0123456789*#].T\"",
                           "dialplan.digitmap.timeOut=\"3|3|3|3\"",
                           "device.auth.localAdminPassword=\"s3cret-A\""})
    CHECK_THAT(polycom, ContainsSubstring(part));
  const auto cisco = rendered(sample("cisco"), full(sample("cisco")));
  for (const char* part :
       {"<Password_2_ ua=\"na\">s3cret-1002</Password_2_>", "<SIP_Transport_2_ ua=\"na\">TCP</SIP_Transport_2_>",
        "<Preferred_Codec_1_ ua=\"na\">G711a</Preferred_Codec_1_>", "<Extension_2_ ua=\"na\">2</Extension_2_>",
        "<Extension_3_ ua=\"na\">Disabled</Extension_3_>", "fnc=blf+sd+cp;sub=1003@$PROXY;ext=1003@$PROXY;nme=Cleo",
        "<Dial_Plan_1_ ua=\"na\">(112S0|911S0|[x*+].)</Dial_Plan_1_>", "<Line_Enable_3_ ua=\"na\">No</Line_Enable_3_>",
        "<Time_Zone ua=\"na\">GMT+01:00</Time_Zone>", "start=3/-1/7/2:0:0;end=10/-1/7/3:0:0;save=0:60:0",
        "<Admin_Passwd ua=\"na\">s3cret-A</Admin_Passwd>"})
    CHECK_THAT(cisco, ContainsSubstring(part));
  const auto grandstream = rendered(sample("grandstream"), full(sample("grandstream")));
  for (const char* part :
       {"<config version=\"2\">", "<item name=\"account.2.sip.subscriber.password\">s3cret-1002</item>",
        "<item name=\"account.2.sip.userid\">1002</item>", "<item name=\"account.2.sip.transport\">TCP</item>",
        "<item name=\"account.2.audio.srtpMode\">EnabledAndForced</item>",
        "<item name=\"account.2.codec.choice.1\">PCMA</item>", "<item name=\"account.2.codec.choice.8\">G.722</item>",
        "<item name=\"account.2.call.dialplan\">{ 112 | 911 | [*x]+ | \\+x+ }</item>",
        "<item name=\"account.3.enable\">No</item>", "<item name=\"users.admin.password\">s3cret-A</item>",
        "<item name=\"dateTime.timezone.custom\">CET-1CEST,M3.5.0,M10.5.0/3</item>",
        "<item name=\"network.port.eth.1.vlan.tag\">100</item>", "<item name=\"pks.vpk.3.keyMode\">BLF</item>",
        "<item name=\"pks.vpk.3.account\">0</item>", "<item name=\"pks.vpk.4.account\">1</item>",
        "<item name=\"pks.vpk.5.keyMode\">None</item>"})
    CHECK_THAT(grandstream, ContainsSubstring(part));
}

TEST_CASE("a clock that changes at 24:00 changes on the right day on each vendor's phones") {
  const auto in_cairo = [](const std::string& vendor) {
    auto values = full(sample(vendor));
    values.phone.set["timezone"] = "Africa/Cairo";
    return rendered(sample(vendor), values);
  };
  CHECK_THAT(in_cairo("yealink"), ContainsSubstring("local_time.end_time = 10/5/4/23\n"));
  CHECK_THAT(in_cairo("zultys"), ContainsSubstring("local_time.end_time = 10/5/4/23\n"));
  CHECK_THAT(in_cairo("cisco"), ContainsSubstring("start=4/-1/5/0:0:0;end=10/26/5/0:0:0;save=0:60:0"));
  CHECK_THAT(in_cairo("polycom"), ContainsSubstring("stop.dayOfWeek=\"5\""));
  CHECK_THAT(in_cairo("polycom"), ContainsSubstring("stop.dayOfWeek.lastInMonth=\"1\""));
  CHECK_THAT(in_cairo("grandstream"), ContainsSubstring(">EET-2EEST,M4.5.5/0,M10.5.4/24<"));
}

TEST_CASE("every file with everything set obeys its grammar, and can be taken apart") {
  for (const auto& one : samples()) {
    CAPTURE(one.model);
    const auto values = full(one);
    for (const auto& source : renderer()->in_force()) {
      if (source.vendor != one.vendor || source.model != one.model) continue;
      const auto file = take_apart(source, values);
      REQUIRE(file);
      CHECK(file->bytes == rendered(one, values));
      const auto masked = file->masked();
      for (const char* secret : {"s3cret-Pass", "s3cret-1002", "s3cret-A"})
        CHECK_THAT(masked, !ContainsSubstring(secret));
      // Not every phone has a second line, and not of every vendor's it is known how they write keys.
      if (source.kind.lines == 1) continue;
      const auto of_line_2 = std::find_if(file->keys.begin(), file->keys.end(),
                                          [](const auto& key) { return key.value == "s3cret-1002"; });
      REQUIRE(of_line_2 != file->keys.end());
      CHECK(of_line_2->placeholders == std::vector<std::string>{"LINES[2].EXTENSION_PASSWORD"});
      if (source.kind.values->key_code("blf") == nullptr || source.text.find("{{KEY_VALUE}}") == std::string::npos)
        continue;
      const auto of_key_3 = std::find_if(file->keys.begin(), file->keys.end(),
                                         [](const auto& key) { return key.value.find("1003") != std::string::npos; });
      REQUIRE(of_key_3 != file->keys.end());
      const auto& names = of_key_3->placeholders;  // Snom writes type and value in one
      CHECK(std::find(names.begin(), names.end(), "KEYS[3].KEY_VALUE") != names.end());
    }
  }
}

TEST_CASE("lines and keys beyond what the model has are left out") {
  auto values = full(sample("cisco"));  // 4 lines, 4 keys
  values.more_lines.push_back({5, ExtensionNumber::parse("1005").value(), "", "x", ""});
  values.phone.keys[9] = {"blf", "1009", "", 0, ""};
  const auto file = rendered(sample("cisco"), values);
  CHECK_THAT(file, !ContainsSubstring("1005"));
  CHECK_THAT(file, !ContainsSubstring("1009"));
  // A GXP2170 has six lines, and no key that requests a URL.
  values = full(sample("grandstream"));
  values.more_lines.push_back({7, ExtensionNumber::parse("1007").value(), "", "x", ""});
  values.phone.keys[5] = {"url", "701", "", 0, ""};
  CHECK_THAT(rendered(sample("grandstream"), values), !ContainsSubstring("1007"));
  CHECK_THAT(rendered(sample("grandstream"), values), !ContainsSubstring("701"));
}

TEST_CASE("a phone that knows none of the chosen codecs keeps its usual ones") {
  auto values = device(sample("polycom"));
  values.phone.set = {{"codecs", "speex"}};
  CHECK_THAT(rendered(sample("polycom"), values), ContainsSubstring("voice.codecPref.G722=\"1\""));
}

TEST_CASE("sections over lists nest, and their lines are gone where they stand alone") {
  const auto values = full(sample("yealink"));
  CHECK(
      own("#!version:1.0.0.1\n{{#LINES}}\nl.{{LINE}} = {{EXTENSION_NUMBER}}\n{{#CODECS}}\n"
          "l.{{LINE}}.{{CODEC}} = {{CODEC_PRIORITY}}\n{{/CODECS}}\n{{/LINES}}\nn = {{EXTENSION_NUMBER}}\n",
          values) ==
      "#!version:1.0.0.1\nl.1 = 1001\nl.1.pcma = 1\nl.1.g722 = 2\nl.2 = 1002\nl.2.pcma = 1\nl.2.g722 = 2\nn = 1001\n");
  CHECK(own("#!version:1.0.0.1\nk = {{#KEYS}}{{KEY}}:{{KEY_TYPE}}{{#KEY_IS_BLF}}!{{/KEY_IS_BLF}};{{/KEYS}}\n",
            values) == "#!version:1.0.0.1\nk = 1:15;2:15;3:16!;4:13;\n");
  CHECK(own("#!version:1.0.0.1\n{{^TIMEZONE}}\na = 1\n{{/TIMEZONE}}\n{{^KEYS_SET}}\nb = 1\n{{/KEYS_SET}}\n",
            device(sample("yealink"))) == "#!version:1.0.0.1\na = 1\nb = 1\n");
}

TEST_CASE("a list's names are refused outside of it, with line and column") {
  CHECK_THAT(refusal("#!version:1.0.0.1\na = {{KEY_VALUE}}\n"),
             ContainsSubstring(":2:5:") && ContainsSubstring("{{#KEYS}}"));
  CHECK_THAT(refusal("#!version:1.0.0.1\na = {{LINES}}\n"), ContainsSubstring("a list"));
  CHECK_THAT(refusal("#!version:1.0.0.1\n{{#LINES}}\n{{EXTENSION_NAME}} = 1\n{{/LINES}}\n"),
             ContainsSubstring(":3:1:"));
  CHECK_THAT(refusal("#!version:1.0.0.1\n{{#LINES}}\na = 1\n{{/KEYS}}\n"), ContainsSubstring("closes {{#LINES}}"));
  CHECK_THAT(refusal("#!version:1.0.0.1\n{{#KEYS}}\n{{LINE}} = 1\n{{/KEYS}}\n"), ContainsSubstring("{{#LINES}}"));
  CHECK_THAT(refusal("#!version:1.0.0.1\na = {{TIMEZON}}\n"), ContainsSubstring("TIMEZONE"));
}
