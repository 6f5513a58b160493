#include "actors/provisioning/resolver.hpp"

#include "actors/provisioning/file_rules.hpp"
#include "actors/provisioning/percent.hpp"
#include "tests/support/catch.hpp"

#include <cctype>
#include <set>

using namespace strowger;
using namespace strowger::provisioning;

namespace {

struct Row {
  std::string name;
  FileRole role;
  std::string vendor;
  std::string mac;    // normalised; empty: none
  std::string model;  // empty: none
};

const std::vector<Row>& rows() {
  using enum FileRole;
  static const std::vector<Row> table{
      {"001565123456.cfg", per_mac, "", "001565123456", ""},
      {"001565123456.xml", per_mac, "", "001565123456", ""},
      {"001565123456.txt", per_mac, "", "001565123456", ""},
      {"001565123456", per_mac, "", "001565123456", ""},
      {"0004f2aabbcc-registration.cfg", per_mac, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-user.cfg", per_mac, "polycom", "0004f2aabbcc", ""},
      {"phone0004f2aabbcc.cfg", per_mac, "polycom", "0004f2aabbcc", ""},
      {"000000000000.cfg", common, "polycom", "", ""},
      {"000000000000-directory.xml", extra, "polycom", "", ""},
      {"000000000000-license.cfg", probe, "polycom", "", ""},
      {"0004f2aabbcc-phone.cfg", probe, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-web.cfg", probe, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-license.cfg", probe, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-directory.xml", extra, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-calls.xml", probe, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-app.log", upload, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-boot.log", upload, "polycom", "0004f2aabbcc", ""},
      {"sip.ver", firmware, "polycom", "", ""},
      {"sip.ld", firmware, "polycom", "", ""},
      {"3111-48450-001.sip.ld", firmware, "polycom", "", ""},
      {"CTLSEP8843E157DDCC.tlv", probe, "cisco", "8843e157ddcc", ""},
      {"ITLSEP8843E157DDCC.tlv", probe, "cisco", "8843e157ddcc", ""},
      {"CTLFile.tlv", probe, "cisco", "", ""},
      {"ITLFile.tlv", probe, "cisco", "", ""},
      {"SEP8843E157DDCC.cnf.xml", probe, "cisco", "8843e157ddcc", ""},
      {"ATA8843E157DDCC.cnf.xml", probe, "cisco", "8843e157ddcc", ""},
      {"XMLDefault.cnf.xml", probe, "cisco", "", ""},
      {"dialplan.xml", probe, "cisco", "", ""},
      {"spa8843e157ddcc.cfg", per_mac, "cisco", "8843e157ddcc", ""},
      {"spa8843e157ddcc.xml", per_mac, "cisco", "8843e157ddcc", ""},
      {"spa504G.cfg", boot, "cisco", "", "spa504g"},
      {"init.cfg", probe, "cisco", "", ""},
      {"8841-3PCC.xml", probe, "cisco", "", "8841"},
      {"y000000000000.boot", probe, "yealink", "", ""},
      {"y000000000000.cfg", probe, "yealink", "", ""},
      {"y000000000066.boot", probe, "yealink", "", ""},
      {"y000000000066.cfg", common, "yealink", "", ""},
      {"zip33g_common.cfg", common, "zultys", "", ""},
      {"zip37g_common.cfg", common, "zultys", "", ""},
      {"001565123456.boot", probe, "yealink", "001565123456", ""},
      {"001565123456-local.cfg", upload, "yealink", "001565123456", ""},
      {"001565123456-contact.xml", probe, "yealink", "001565123456", ""},
      {"001565123456-calllog.xml", probe, "yealink", "001565123456", ""},
      {"favorite_setting.xml", extra, "yealink", "", ""},
      {"super_search.xml", extra, "yealink", "", ""},
      {"directory_setting.xml", extra, "yealink", "", ""},
      {"T46S-66.86.0.15.rom", firmware, "yealink", "", ""},
      {"cfg000b82aabbcc.xml", per_mac, "grandstream", "000b82aabbcc", ""},
      {"cfg000b82aabbcc.bin", probe, "grandstream", "000b82aabbcc", ""},
      {"cfg000b82aabbcc", probe, "grandstream", "000b82aabbcc", ""},
      {"cfg.xml", probe, "grandstream", "", ""},
      {"cfggxp2170.xml", probe, "grandstream", "", "gxp2170"},
      {"phonebook.xml", extra, "grandstream", "", ""},
      {"gs_phonebook.xml", extra, "grandstream", "", ""},
      {"gxp2170fw.bin", firmware, "grandstream", "", "gxp2170"},
      {"ring1.bin", extra, "grandstream", "", "1"},
      {"default.cfg", probe, "", "", ""},
      {"index.cfg", probe, "", "", ""},
      {"master.cfg", probe, "", "", ""},
  };
  return table;
}

void check(const RequestedFile& file, const Row& row) {
  CHECK(to_string(file.role) == to_string(row.role));
  CHECK(file.vendor == row.vendor);
  CHECK((file.mac ? file.mac->text() : "") == row.mac);
  CHECK(file.model == row.model);
  CHECK_FALSE(file.placeholder);
  CHECK_FALSE(file.mac_fault.has_value());
}

std::string upper(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::toupper(c));
  return text;
}

}  // namespace

TEST_CASE("each name that phones ask for means what its row says, in both places and in any case") {
  for (const auto& row : rows()) {
    CAPTURE(row.name);
    check(resolve("/provision/" + row.name), row);
    check(resolve("/" + row.name), row);
    check(resolve("/" + row.name + "?x=1"), row);
    check(resolve("/provision/" + upper(row.name)), row);
  }
}

TEST_CASE("the rows above are one for each rule, in the rules' own words") {
  std::set<std::string_view> patterns;
  for (const auto& rule : file_rules()) CHECK(patterns.insert(rule.pattern).second);
  CHECK(rows().size() + 1 == file_rules().size());  // the last rule takes what is no MAC
}

TEST_CASE("a MAC is taken in every form, also percent-encoded") {
  for (const std::string mac : {"001565ABCDEF", "00:15:65:ab:cd:ef", "00-15-65-AB-CD-EF", "0015.65ab.cdef",
                                "00%3A15%3A65%3Aab%3Acd%3Aef", "%30%30156%35abcdef"}) {
    CAPTURE(mac);
    const auto file = resolve("/provision/" + mac + ".cfg");
    CHECK(file.role == FileRole::per_mac);
    REQUIRE(file.mac);
    CHECK(file.mac->text() == "001565abcdef");
    const auto grandstream = resolve("/cfg" + mac + ".xml");
    REQUIRE(grandstream.mac);
    CHECK(grandstream.vendor == "grandstream");
  }
}

TEST_CASE("a literal placeholder is recognised wherever a MAC belongs") {
  for (const std::string placeholder :
       {"{mac}",     "{MAC}",     "$mac",     "$MAC",          "$MA",     "$MAU",         "%7Bmac%7D",
        "%7bMAC%7d", "%24mac",    "%24MA",    "%257Bmac%257D", "{{mac}}", "[mac]",        "[PHONE_MAC_ADDRESS]",
        "<mac>",     "%3Cmac%3E", "$MACADDR", "%MACD",         "${mac}",  "{mac_address}"}) {
    for (const std::string form : {"/provision/@.cfg", "/@.cfg", "/provision/cfg@.xml", "/provision/spa@.xml",
                                   "/provision/@-registration.cfg", "/provision/@.boot", "/provision/@"}) {
      auto target = form;
      target.replace(target.find('@'), 1, placeholder);
      CAPTURE(target);
      const auto file = resolve(target);
      CHECK(file.placeholder);
      CHECK_FALSE(file.mac);
      CHECK(file.role != FileRole::unknown);
      CHECK_FALSE(file.mac_text.empty());
    }
  }
  CHECK(resolve("/provision/%7Bmac%7D.cfg").mac_text == "{mac}");
}

TEST_CASE("what stands for a MAC but is none says what was expected") {
  for (const std::string text : {"00156512345", "0015651234567", "hello", "00156512345g"}) {
    CAPTURE(text);
    const auto file = resolve("/provision/" + text + ".cfg");
    CHECK(file.role == FileRole::per_mac);
    CHECK(file.mac_text == text);
    REQUIRE(file.mac_fault);
    CHECK_THAT(file.mac_fault->message, ContainsSubstring("12 hex digits"));
  }
}

TEST_CASE("a hardware id is read from a common file's name") {
  CHECK(resolve("/y000000000066.cfg").hardware_id == 66);
  CHECK(resolve("/y000000000108.cfg").hardware_id == 108);
  CHECK_FALSE(resolve("/y1000000000108.cfg").hardware_id);
}

TEST_CASE("what is no phone's file is unknown, and nothing climbs out of the folder") {
  for (const std::string target :
       {"", "/", "/provision/", "/provision/a/b.cfg", "/provision/..%2Fetc%2Fpasswd", "/provision/%2e%2e%5cx.cfg",
        "/provision/001565123456%00.cfg", "/provision/001565123456%0a.cfg", "/index.html", "/favicon.ico", "/assets",
        "/provision/001565123456.cfg/x"}) {
    CAPTURE(target);
    CHECK(resolve(target).role == FileRole::unknown);
  }
  CHECK(resolve("/" + std::string(100000, 'a') + ".cfg").role == FileRole::unknown);
}

TEST_CASE("percent-decoding happens once and leaves what is no escape") {
  CHECK(percent_decode("a%20b").value() == "a b");
  CHECK(percent_decode("%257B").value() == "%7B");
  CHECK(percent_decode("100%").value() == "100%");
  CHECK(percent_decode("%MACD").value() == "%MACD");
  CHECK(percent_decode("%c3%a9").value() == "\xC3\xA9");
  CHECK_FALSE(percent_decode("%2f"));
  CHECK_FALSE(percent_decode("%00"));
  CHECK_FALSE(percent_decode("a\\b"));
}
