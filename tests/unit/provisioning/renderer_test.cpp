#include "actors/provisioning/renderer.hpp"

#include "actors/provisioning/format_check.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

std::string read_golden(const std::string& name) {
  std::ifstream file(std::string(STROWGER_GOLDEN) + "/" + name, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

}  // namespace

TEST_CASE("each family's file is the golden one") {
  const auto all = renderer();
  for (const auto& sample : samples()) {
    const auto name = sample.vendor + "_" + sample.model +
                      (catalog().find_vendor(sample.vendor)->format == Format::xml ? ".xml" : ".cfg");
    CAPTURE(name);
    const auto file = all->render(sample.vendor, sample.model, device(sample));
    REQUIRE(file);
    if (std::getenv("STROWGER_WRITE_GOLDEN") != nullptr) {
      std::filesystem::create_directories(STROWGER_GOLDEN);
      std::ofstream(std::string(STROWGER_GOLDEN) + "/" + name, std::ios::binary) << file->bytes;
    }
    CHECK(file->bytes == read_golden(name));
  }
}

TEST_CASE("content types are what the phones expect") {
  const auto all = renderer();
  for (const auto& sample : samples()) {
    const auto file = all->render(sample.vendor, sample.model, device(sample)).value();
    const auto& vendor = *catalog().find_vendor(sample.vendor);
    const bool yealink = sample.vendor == "yealink" || sample.vendor == "zultys";
    CHECK(file.content_type == (vendor.format == Format::xml ? "text/xml" : "text/plain"));
    CHECK(vendor.first_line == (yealink ? "#!version:1.0.0.1" : ""));
    CHECK(check_format(vendor.format, vendor.first_line, file.bytes));
  }
}

TEST_CASE("equal values give equal bytes and ETags, a changed name changes both") {
  const auto one = renderer();
  const auto other = renderer();
  for (const auto& sample : samples()) {
    CAPTURE(sample.model);
    auto values = device(sample);
    const auto first = one->render(sample.vendor, sample.model, values).value();
    const auto second = other->render(sample.vendor, sample.model, values).value();
    CHECK(first.bytes == second.bytes);
    CHECK(first.etag == second.etag);
    CHECK(first.etag.size() == 34);
    CHECK(first.etag.front() == '"');
    values.name = "John Smyth";
    const auto renamed = one->render(sample.vendor, sample.model, values).value();
    CHECK(renamed.bytes != first.bytes);
    CHECK(renamed.etag != first.etag);
  }
}

TEST_CASE("an extension without a name shows its number") {
  auto values = device(samples()[2]);
  values.name.clear();
  const auto file = renderer()->render("yealink", "t46s", values).value();
  CHECK_THAT(file.bytes, ContainsSubstring("account.1.display_name = 1001\n"));
}

TEST_CASE("the phone is told by which protocol to come back") {
  auto values = device(samples()[5]);
  values.config_url = "https://pbx.example.com:8443/provision/000b82aabbcc.cfg";
  const auto file = renderer()->render("grandstream", "gxp2170", values).value();
  CHECK_THAT(file.bytes, ContainsSubstring("<item name=\"provisioning.config.protocol\">HTTPS</item>"));
  CHECK_THAT(file.bytes,
             ContainsSubstring("<item name=\"provisioning.config.serverPath\">pbx.example.com:8443/provision</item>"));
  const auto polycom = renderer()->render("polycom", "vvx450", values).value();
  CHECK_THAT(polycom.bytes, ContainsSubstring("serverType=\"HTTPS\""));
}

TEST_CASE("common files lead a phone to its own and hold no secret") {
  const auto all = renderer();
  const ServerValues server{"192.168.1.14", 5060, "strowger", "Strowger"};
  const auto cisco = all->render_common("cisco", server, "http://192.168.1.14:8080/provision/$MA.cfg").value();
  CHECK_THAT(cisco.bytes, ContainsSubstring(">http://192.168.1.14:8080/provision/$MA.cfg</Profile_Rule>"));
  CHECK(cisco.content_type == "text/xml");
  const auto polycom = all->render_common("polycom", server, "").value();
  CHECK_THAT(polycom.bytes, ContainsSubstring("[PHONE_MAC_ADDRESS]-registration.cfg"));
  CHECK_THAT(all->render_common("yealink", server, "").value().bytes, ContainsSubstring("#!version:1.0.0.1\n"));
  CHECK_THAT(all->render_common("zultys", server, "").value().bytes, ContainsSubstring("#!version:1.0.0.1\n"));
  CHECK_FALSE(all->render_common("grandstream", server, ""));
  CHECK_FALSE(all->render_common("nobody", server, ""));
}

TEST_CASE("the master that a Polycom phone reads names the file that it reads next") {
  const auto file = renderer()->render("polycom", "vvx450", device(samples()[3])).value();
  CHECK_THAT(file.bytes, ContainsSubstring("CONFIG_FILES=\"0004f2aabbcc-registration.cfg\""));
}

TEST_CASE("names that Zultys' firmware refuses are not in its file") {
  for (const std::string model : {"zip33g", "zip37g"}) {
    const auto file = renderer()->render("zultys", model, device(samples()[0])).value();
    for (const std::string refused :
         {"sip_server.1.transport ", "failover_timeout", "reregister_enable", "registration_period", "rtp.port",
          "codec.pcmu", "session_timer", "srtp_mode", "call_waiting", "network.dhcp", "network.qos",
          "phone_setting.language", "auth_enable", "pnp.enable", "option43_enable", "ldap.server", "number_attr",
          "remote_phonebook.url", "remote_phonebook.refresh_interval"})
      CHECK(file.bytes.find(refused) == std::string::npos);
  }
}

TEST_CASE("a custom template takes the place of the built-in one") {
  const auto made = Renderer::make(
      catalog(),
      std::vector<CustomTemplate>{
          {"yealink_SIP-T46S.template", "#!version:1.0.0.1\naccount.1.label = {{EXTENSION_NAME}} ({{SIP_REALM}})\n"}});
  REQUIRE(made);
  CHECK(made->refused.empty());
  const auto file = made->renderer->render("yealink", "t46s", device(samples()[2])).value();
  CHECK(file.bytes == "#!version:1.0.0.1\naccount.1.label = John Smith (strowger)\n");
  CHECK(file.template_name == "yealink_SIP-T46S.template");
  CHECK(made->renderer->find("yealink", "t46s")->custom);
  CHECK_FALSE(made->renderer->find("zultys", "zip33g")->custom);
  CHECK(made->renderer->templates().size() == renderer()->templates().size());
}

TEST_CASE("a template that could break a file is refused with its line, and the built-in one stays") {
  struct Row {
    std::string name;
    std::string text;
    std::string line;
    std::string what;
  };
  const std::vector<Row> rows{
      {"yealink_t46s.template", "#!version:1.0.0.1\n\na = {{EXTENSION_NAM}}\n", ":3:", "did you mean EXTENSION_NAME"},
      {"yealink_t46s.template", "#!version:1.0.0.1\na = {{{EXTENSION_NAME}}}\n", ":2:", "unescaped"},
      {"yealink_t46s.template", "#!version:1.0.0.1\na = {{& EXTENSION_NAME}}\n", ":2:", "unescaped"},
      {"yealink_t46s.template", "#!version:1.0.0.1\n{{> other}}\n", ":2:", "partials"},
      {"yealink_t46s.template", "#!version:1.0.0.1\n{{=<% %>=}}\n", ":2:", "delimiters"},
      {"yealink_t46s.template", "#!version:1.0.0.1\na = {{EXTENSION_NAME\n", ":2:", "without }}"},
      {"yealink_t46s.template", "#!version:1.0.0.1\na = 1\n{{EXTENSION_NAME}} = 2\n", ":3:", "`key =`"},
      {"yealink_t46s.template", "#!version:1.0.0.1\n{{#SIP_PORT}}\na = 1\n", "", ""},
      {"yealink_t46s.template", "#!version:1.0.0.1\na = 1\n{{/SIP_PORT}}\n", ":3:", ""},
      {"yealink_t46s.template", "# a comment first\na = 1\n", ":1:", "first line"},
      {"yealink_t46s.template", "#!version:1.0.0.1\njust words\n", ":2:", "key = value"},
      {"yealink_t46s.template", "", ":1:", "empty"},
      {"cisco_spa504g.template", "<flat-profile>\n<a>{{EXTENSION_NAME}}</b></flat-profile>", ":2:", "well-formed"},
      {"cisco_spa504g.template", "<flat-profile>\n<!-- {{EXTENSION_NAME}} --></flat-profile>", ":2:", "well-formed"},
      {"cisco_spa504g.template", "<flat-profile><{{EXTENSION_NAME}}/></flat-profile>", ":1:", "well-formed"},
      {"cisco_spa504g.template", "<flat-profile a={{EXTENSION_NAME}}/>", ":1:", "well-formed"},
      {"cisco_spa504g.template", "<a>\n<![CDATA[{{EXTENSION_NAME}}]]></a>", ":2:", "CDATA"},
      {"cisco_spa504g.template", "<a>{{#SIP_REALM}}</a>{{/SIP_REALM}}", ":1:", "well-formed"},
      {"cisco_spa504g.template", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>", ":1:", "UTF-8"},
      {"nobody_t46s.template", "x", "", "Vendor 'nobody'"},
      {"yealink_t99.template", "x", "", "Model 't99'"},
      {"t46s.template", "x", "", "vendor_model.template"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name, row.text);
    const auto made = Renderer::make(catalog(), std::vector<CustomTemplate>{{row.name, row.text}});
    REQUIRE(made);
    REQUIRE(made->refused.size() == 1);
    const auto& message = made->refused[0].message;
    CHECK_THAT(message, ContainsSubstring(row.name + row.line));
    CHECK_THAT(message, ContainsSubstring(row.what));
    CHECK_FALSE(made->renderer->find("yealink", "t46s")->custom);
    CHECK(made->renderer->render("yealink", "t46s", device(samples()[2])));
  }
}

TEST_CASE("a template from another system's editor is taken without its marks") {
  const auto made = Renderer::make(
      catalog(),
      std::vector<CustomTemplate>{{"yealink_t46s.template", "\xEF\xBB\xBF#!version:1.0.0.1\r\na = {{SIP_PORT}}\r\n"}});
  REQUIRE(made->refused.empty());
  CHECK(made->renderer->render("yealink", "t46s", device(samples()[2]))->bytes == "#!version:1.0.0.1\na = 5060\n");
}

TEST_CASE("a common file may not name what belongs to an extension") {
  for (const std::string_view secret : {"EXTENSION_PASSWORD", "EXTENSION_NAME", "EXTENSION_NUMBER", "ADMIN_PASSWORD"})
    CHECK(Vocabulary::common().find(secret) == nullptr);
}

TEST_CASE("an unknown vendor or model has no template") {
  const auto missing = renderer()->render("yealink", "t99", device(samples()[2]));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == "template_not_found");
  CHECK(missing.error().message == "Template not found for yealink t99");
}

TEST_CASE("many threads render from one renderer") {
  const auto all = renderer();
  const auto wanted = all->render("yealink", "t46s", device(samples()[2])).value().bytes;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        for (const auto& sample : samples()) {
          const auto file = all->render(sample.vendor, sample.model, device(sample));
          if (!file || (sample.model == "t46s" && file->bytes != wanted)) ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("rendering takes microseconds") {
  const auto all = renderer();
  constexpr int kRounds = 2000;
  for (const auto& sample : samples()) {
    const auto values = device(sample);
    std::size_t bytes = 0;
    const auto before = std::chrono::steady_clock::now();
    for (int i = 0; i < kRounds; ++i) bytes += all->render(sample.vendor, sample.model, values)->bytes.size();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - before;
    WARN(sample.model << ": " << took.count() / kRounds << " us for " << bytes / kRounds << " bytes");
    CHECK(took.count() < static_cast<double>(bytes));  // a microsecond a byte: a bound on the order, not a benchmark
  }
}

TEST_CASE("whether a file holds a secret is told by what its template took") {
  const auto all = renderer();
  for (const auto& sample : samples()) {
    CAPTURE(sample.vendor, sample.model);
    CHECK(all->render(sample.vendor, sample.model, device(sample)).value().holds_secret);
  }
  CHECK_FALSE(all->render_common("cisco", {}, "http://192.168.1.14:8080/provision/$MA.cfg").value().holds_secret);
  CHECK(all->render_common("cisco", {}, "http://user:word@192.168.1.14/provision/$MA.cfg").value().holds_secret);

  const Sample phone{"yealink", "t46s", "001565123456"};
  const auto holds = [&](const std::string& text, const std::function<void(DeviceValues&)>& change = {}) {
    auto values = device(phone);
    if (change) change(values);
    const auto own = renderer({{"yealink_t46s.template", "#!version:1.0.0.1\n" + text}});
    return own->render(phone.vendor, phone.model, values).value().holds_secret;
  };
  CHECK_FALSE(holds("account.1.label = {{EXTENSION_NAME}}\nserver = {{CONFIG_URL}}\n"));
  CHECK(holds("account.1.label = {{EXTENSION_PASSWORD}}\n"));
  CHECK(holds("{{#LINES}}{{#EXTENSION_PASSWORD}}a = b\n{{/EXTENSION_PASSWORD}}{{/LINES}}"));
  CHECK_FALSE(holds("account.1.password = {{EXTENSION_PASSWORD}}\n", [](auto& values) { values.password.clear(); }));
  CHECK(holds("account.1.password = typed\n"));
  CHECK_FALSE(holds("account.1.password =\n"));
  CHECK(holds("# the password was typed\n"));
  const auto with_token = [](auto& values) { values.token = "0123456789abcdef"; };
  CHECK(holds("server = {{CONFIG_BASE_PATH}}\n", with_token));
  CHECK_FALSE(holds("account.1.label = {{EXTENSION_NAME}}\n", with_token));
  const auto setting = [](const char* name, const char* value) {
    return [=](DeviceValues& values) { values.phone.set[name] = value; };
  };
  CHECK(holds("a = {{ADMIN_PASSWORD}}\n", setting("admin_password", "x")));
  CHECK_FALSE(holds("a = {{ADMIN_PASSWORD}}\n"));
  CHECK(holds("a = {{FIRMWARE_URL_PATH}}\n", setting("firmware_url", "http://ann:word@192.0.2.1/f.rom")));
  CHECK_FALSE(holds("a = {{FIRMWARE_URL}}\n", setting("firmware_url", "http://192.0.2.1/a@b/f.rom")));
}
