#include "actors/provisioning/resolver.hpp"

#include "actors/provisioning/file_table.hpp"
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
      {"000000000000.cfg", common, "polycom", "", ""},
      {"0004f2aabbcc-registration.cfg", per_mac, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-user.cfg", per_mac, "polycom", "0004f2aabbcc", ""},
      {"phone0004f2aabbcc.cfg", per_mac, "polycom", "0004f2aabbcc", ""},
      {"VVX_450-0004f2aabbcc.cfg", per_mac, "polycom", "0004f2aabbcc", "vvx_450"},
      {"0004f2aabbcc_reg.cfg", per_mac, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-phone.cfg", upload, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-web.cfg", upload, "polycom", "0004f2aabbcc", ""},
      {"overrides/0004f2aabbcc-phone.cfg", upload, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-license.cfg", probe, "polycom", "0004f2aabbcc", ""},
      {"000000000000-license.cfg", probe, "polycom", "", ""},
      {"0004f2aabbcc-directory.xml", phonebook, "polycom", "0004f2aabbcc", ""},
      {"000000000000-directory.xml", phonebook, "polycom", "", ""},
      {"contacts/000000000000-directory.xml", phonebook, "polycom", "", ""},
      {"phonebook/yealink.xml", phonebook, "yealink", "", ""},
      {"phonebook/zultys.xml", phonebook, "zultys", "", ""},
      {"phonebook/cisco.xml", phonebook, "cisco", "", ""},
      {"phonebook/snom.xml", phonebook, "snom", "", ""},
      {"phonebook/fanvil.xml", phonebook, "fanvil", "", ""},
      {"phonebook/0004f2aabbcc.xml", phonebook, "", "0004f2aabbcc", ""},
      {"phonebook/0004f2aabbcc/phonebook.xml", phonebook, "", "0004f2aabbcc", ""},
      {"0004f2aabbcc-calls.xml", upload, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-app.log", upload, "polycom", "0004f2aabbcc", ""},
      {"0004f2aabbcc-boot.log", upload, "polycom", "0004f2aabbcc", ""},
      {"logs/0004f2aabbcc-app.log", upload, "polycom", "0004f2aabbcc", ""},
      {"logs/0004f2aabbcc-boot.log", upload, "polycom", "0004f2aabbcc", ""},
      {"sip.ver", firmware, "polycom", "", ""},
      {"sip.ld", firmware, "polycom", "", ""},
      {"3111-48450-001.sip.ld", firmware, "polycom", "", ""},
      {"spa504G.cfg", boot, "cisco", "", "spa504g"},
      {"spa8843e157ddcc.cfg", per_mac, "cisco", "8843e157ddcc", ""},
      {"spa8843e157ddcc.xml", per_mac, "cisco", "8843e157ddcc", ""},
      {"init.cfg", probe, "cisco", "", ""},
      {"pap2t.cfg", boot, "cisco", "", "pap2t"},
      {"ata191.cfg", boot, "cisco", "", "ata191"},
      {"ata192.cfg", boot, "cisco", "", "ata192"},
      {"ATA191.xml", boot, "cisco", "", "ata191"},
      {"ATA192.xml", boot, "cisco", "", "ata192"},
      {"9861.xml", boot, "cisco", "", "9861"},
      {"DP-9861.xml", boot, "cisco", "", "9861"},
      {"8841-3PCC.xml", boot, "cisco", "", "8841"},
      {"Cisco/CP-8841-3PCC/00562b043615.cfg", per_mac, "cisco", "00562b043615", "cp-8841-3pcc"},
      {"Cisco/CP-8841-3PCC/00562b043615.xml", per_mac, "cisco", "00562b043615", "cp-8841-3pcc"},
      {"CTLSEP8843E157DDCC.tlv", probe, "cisco", "8843e157ddcc", ""},
      {"ITLSEP8843E157DDCC.tlv", probe, "cisco", "8843e157ddcc", ""},
      {"CTLFile.tlv", probe, "cisco", "", ""},
      {"ITLFile.tlv", probe, "cisco", "", ""},
      {"SEP8843E157DDCC.cnf.xml", probe, "cisco", "8843e157ddcc", ""},
      {"XMLDefault.cnf.xml", probe, "cisco", "", ""},
      {"SIP8843E157DDCC.cnf", probe, "cisco", "8843e157ddcc", ""},
      {"SIPDefault.cnf", probe, "cisco", "", ""},
      {"ATA8843E157DDCC.cnf.xml", probe, "cisco", "8843e157ddcc", ""},
      {"ata8843e157ddcc.txt", probe, "cisco", "8843e157ddcc", ""},
      {"dialplan.xml", probe, "cisco", "", ""},
      {"ringlist.xml", extra, "cisco", "", ""},
      {"Ringlist-wb.xml", extra, "cisco", "", ""},
      {"001565123456.boot", probe, "yealink", "001565123456", ""},
      {"y000000000000.boot", probe, "yealink", "", ""},
      {"y000000000066.boot", probe, "yealink", "", ""},
      {"y000000000000.cfg", probe, "yealink", "", ""},
      {"y000000000066.cfg", common, "yealink", "", ""},
      {"001565123456-local.cfg", upload, "yealink", "001565123456", ""},
      {"001565123456-contact.xml", upload, "yealink", "001565123456", ""},
      {"001565123456-calllog.xml", upload, "yealink", "001565123456", ""},
      {"favorite_setting.xml", extra, "yealink", "", ""},
      {"super_search.xml", extra, "yealink", "", ""},
      {"directory_setting.xml", extra, "yealink", "", ""},
      {"T46S-66.86.0.15.rom", firmware, "yealink", "", ""},
      {"zip33g_common.cfg", common, "zultys", "", ""},
      {"zip37g_common.cfg", common, "zultys", "", ""},
      {"cfg000b82aabbcc", probe, "grandstream", "000b82aabbcc", ""},
      {"cfg000b82aabbcc.bin", probe, "grandstream", "000b82aabbcc", ""},
      {"cfg000b82aabbcc.xml", per_mac, "grandstream", "000b82aabbcc", ""},
      {"cfggrp2614.xml", probe, "grandstream", "", "grp2614"},
      {"cfg.xml", probe, "grandstream", "", ""},
      {"phonebook.xml", phonebook, "grandstream", "", ""},
      {"gs_phonebook.xml", phonebook, "grandstream", "", ""},
      {"gxp2170fw.bin", firmware, "grandstream", "", "gxp2170"},
      {"ring1.bin", extra, "grandstream", "", "1"},
      {"f0X3shw1.100.cfg", common, "fanvil", "", "x3s"},
      {"F0V00X600000.cfg", common, "fanvil", "", "00x600000"},
      {"fanvil_x4u_v2_hwv2_0.txt", firmware, "fanvil", "", ""},
      {"snomD785-000413922D24.htm", per_mac, "snom", "000413922d24", "d785"},
      {"snom-000413922D24.htm", per_mac, "snom", "000413922d24", ""},
      {"snomD785-000413922D24.xml", per_mac, "snom", "000413922d24", "d785"},
      {"000413922D24.htm", per_mac, "snom", "000413922d24", ""},
      {"snomD785.htm", common, "snom", "", "d785"},
      {"snomD785.xml", probe, "snom", "", "d785"},
      {"snom-general.xml", probe, "snom", "", ""},
      {"general.xml", probe, "snom", "", ""},
      {"general_custom.xml", probe, "snom", "", ""},
      {"snomD785-firmware.xml", firmware, "snom", "", "d785"},
      {"000413922D24_firmware.xml", firmware, "snom", "000413922d24", ""},
      {"gui_lang.xml", extra, "snom", "", ""},
      {"web_lang.xml", extra, "snom", "", ""},
      {"42/2/N720.xml", probe, "gigaset", "", ""},
      {"42/2/7C2F80E0D605.xml", per_mac, "gigaset", "7c2f80e0d605", ""},
      {"startup.cfg", common, "mitel", "", ""},
      {"aastra.cfg", common, "mitel", "", ""},
      {"6920w.cfg", probe, "mitel", "", "6920w"},
      {"startup.tuz", probe, "mitel", "", ""},
      {"aastra.tuz", probe, "mitel", "", ""},
      {"security.tuz", probe, "mitel", "", ""},
      {"1400E91F03EA.tuz", probe, "mitel", "1400e91f03ea", ""},
      {"6867i.tuz", probe, "mitel", "", "6867i"},
      {"6867i.st", firmware, "mitel", "", "6867i"},
      {"MN_Generic.cfg", probe, "mitel", "", ""},
      {"MN_08000F123456.cfg", per_mac, "mitel", "08000f123456", ""},
      {"J100Supgrade.txt", boot, "avaya", "", ""},
      {"46xxsettings.txt", common, "avaya", "", ""},
      {"1220SIP.cfg", probe, "avaya", "", "1220"},
      {"SIP00040DEA1234.cfg", per_mac, "avaya", "00040dea1234", ""},
      {"f0A20hw1.100.cfg", probe, "sangoma", "", ""},
      {"f0A22hw1.100.cfg", probe, "sangoma", "", ""},
      {"f0A25hw1.100.cfg", probe, "sangoma", "", ""},
      {"A0V0A3000000.cfg", probe, "sangoma", "", "0a3000000"},
      {"000fd3123456-contacts.xml", extra, "digium", "000fd3123456", ""},
      {"000fd3123456-smartblf.xml", extra, "digium", "000fd3123456", ""},
      {"cfg0010.xml", probe, "htek", "", "uc926"},
      {"cfg0012.xml", probe, "htek", "", "uc924"},
      {"cfg0013.xml", probe, "htek", "", "uc923"},
      {"cfg0016.xml", probe, "htek", "", "uc903"},
      {"cfg0017.xml", probe, "htek", "", "uc902"},
      {"cfg0019.xml", probe, "htek", "", "uc912"},
      {"KX-UT113.cfg", probe, "panasonic", "", "kx-ut113"},
      {"Config0080F0C8C381.cfg", per_mac, "panasonic", "0080f0c8c381", ""},
      {"algop8180.conf", probe, "algo", "", "8180"},
      {"algop.conf", probe, "algo", "", ""},
      {"algom0022EE123456.conf", per_mac, "algo", "0022ee123456", ""},
      {"algo0022EE123456.conf", per_mac, "algo", "0022ee123456", ""},
      {"0090F8123456.ini", per_mac, "audiocodes", "0090f8123456", ""},
      {"e1_001565123456.ini", per_mac, "unidata", "001565123456", ""},
      {"e1_common.ini", probe, "unidata", "", ""},
      {"voip-001565123456.xml", per_mac, "cloudtc", "001565123456", ""},
      {"system-001565123456.xml", probe, "cloudtc", "001565123456", ""},
      {"ST2030S_000E504E1655.txt", per_mac, "technicolor", "000e504e1655", "st2030s"},
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
    CHECK(resolve("/" + row.name).name == row.name);
    check(resolve("/provision/" + upper(row.name)), row);
  }
}

TEST_CASE("the names above are one for each row of the table") {
  const auto table = FileTable::parse(templates::files()).value();
  CHECK(rows().size() + 1 == table.rows().size());  // <mac?>.cfg takes what is no MAC
  std::set<std::string> names;
  for (const auto& row : rows()) CHECK(names.insert(row.name).second);
}

TEST_CASE("a table of files that is wrong says in which file and row, and what") {
  const auto fault = [](std::string_view vendor, std::string_view shared) {
    const templates::File files[] = {{"acme/vendor.json", vendor}, {"files.json", shared}};
    const auto table = FileTable::parse(files);
    return table ? std::string() : table.error().message;
  };
  const auto in_vendor = [&](const std::string& row) {
    return fault(R"({"vendor": "acme", "families": [], "files": [{"pattern": "a.cfg", "role": "probe"}, )" + row + "]}",
                 R"({"files": []})");
  };
  CHECK(in_vendor(R"({"pattern": "<mac>.acme", "role": "per_mac", "note": "fine"})").empty());
  for (const auto& [row, what] : std::vector<std::pair<std::string, std::string>>{
           {R"({"pattern": "b.cfg", "role": "per-mac"})", "role 'per-mac' is none of per_mac, boot, common"},
           {R"({"pattern": "<mca>.cfg", "role": "per_mac"})", "<mca> is no wildcard"},
           {R"({"pattern": "<mac.cfg", "role": "per_mac"})", "< without >"},
           {R"({"pattern": "<mac><model>.cfg", "role": "per_mac"})", "without text between"},
           {R"({"pattern": "<mac>-<model>-*.cfg", "role": "per_mac"})", "more than two wildcards"},
           {R"({"pattern": "A.CFG", "role": "probe"})", "stands in acme/vendor.json: files[0] already"},
           {R"({"pattern": "b.cfg", "role": "probe", "modle": "x"})", "'modle' is no column"},
           {R"({"pattern": "b.cfg", "role": "probe", "vendor": "x"})", "the vendor is that of the folder"},
           {R"({"role": "probe"})", "an empty pattern"}}) {
    CAPTURE(row);
    const auto message = in_vendor(row);
    CHECK_THAT(message, ContainsSubstring("acme/vendor.json: files[1]"));
    CHECK_THAT(message, ContainsSubstring(what));
  }
  CHECK_THAT(fault(R"({"vendor": "acme", "families": []})", R"({"files": [{"pattern": "*", "role": 1}]})"),
             ContainsSubstring("files.json: files[0]"));
}

TEST_CASE("the more specific row counts, whatever the order of the rows") {
  for (const auto order : {0, 1}) {
    const std::string rows[] = {
        R"({"pattern": "<mac?>.cfg", "role": "probe"}, {"pattern": "<model:ab>.cfg", "role": "extra"},)",
        R"({"pattern": "<own model>.cfg", "role": "boot"}, {"pattern": "<mac>.cfg", "role": "per_mac"})"};
    const auto text = R"({"vendor": "acme", "families": [{"models": [{"model": "ab12"}]}], "files": [)" +
                      (order == 0 ? rows[0] + rows[1] : rows[1] + "," + rows[0].substr(0, rows[0].size() - 1)) + "]}";
    const templates::File files[] = {{"acme/vendor.json", text}};
    const auto table = FileTable::parse(files).value();
    CHECK(table.resolve("/ab12.cfg").role == FileRole::boot);
    CHECK(table.resolve("/ab13.cfg").role == FileRole::extra);
    CHECK(table.resolve("/abab12345678.cfg").role == FileRole::per_mac);
    CHECK(table.resolve("/hello.cfg").role == FileRole::probe);
  }
}

TEST_CASE("a model and a MAC with dashes are told apart") {
  const auto file = resolve("/provision/snomD785-00-04-13-92-2D-24.htm");
  CHECK(file.model == "d785");
  REQUIRE(file.mac);
  CHECK(file.mac->text() == "000413922d24");
  const auto macro = resolve("/provision/snomD785-{mac}.htm");
  CHECK(macro.placeholder);
  CHECK(macro.mac_text == "{mac}");
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
