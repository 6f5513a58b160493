// Every placeholder in every format with awkward values, read back by a parser that knows nothing of how it was
// written.
#include "actors/provisioning/config_entries.hpp"
#include "actors/provisioning/renderer.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

#include <algorithm>
#include <map>
#include <sstream>

#include <pugixml.hpp>

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

struct Awkward {
  std::string value;
  std::string as_text;  // what a `key = value` reader has to find
  std::string as_xml;   // what an XML reader has to find
};

const std::vector<Awkward>& awkward() {
  static const std::vector<Awkward> all{
      {R"(Ann <O'Neil> & "Co")", R"(Ann <O'Neil> & "Co")", R"(Ann <O'Neil> & "Co")"},
      {"Ann\nBob", "Ann Bob", "Ann Bob"},
      {"Ann\r\naccount.1.enable = 0", "Ann  account.1.enable = 0", "Ann  account.1.enable = 0"},
      {"tab\there", "tab here", "tab here"},
      {"  spaces  ", "spaces", "  spaces  "},
      {"#not a comment", "#not a comment", "#not a comment"},
      {"50% = half; #1", "50% = half; #1", "50% = half; #1"},
      {"]]> --> <!-- &#10; &amp;", "]]> --> <!-- &#10; &amp;", "]]> --> <!-- &#10; &amp;"},
      {"{{EXTENSION_PASSWORD}}", "{{EXTENSION_PASSWORD}}", "{{EXTENSION_PASSWORD}}"},
      {"J\xC3\xBCrgen \xE5\xB1\xB1\xE7\x94\xB0 \xF0\x9F\x93\x9E",
       "J\xC3\xBCrgen \xE5\xB1\xB1\xE7\x94\xB0 \xF0\x9F\x93\x9E",
       "J\xC3\xBCrgen \xE5\xB1\xB1\xE7\x94\xB0 \xF0\x9F\x93\x9E"},
      {std::string("nul\0bell\x07 esc\x1b[0m", 17), "nul bell  esc [0m", "nulbell esc[0m"},
      {"bad \xFF\xC3( \xED\xA0\x80 utf", "bad \xEF\xBF\xBD\xEF\xBF\xBD( \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD utf",
       "bad \xEF\xBF\xBD\xEF\xBF\xBD( \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD utf"},
      {"line\xE2\x80\xA8sep\xC2\x85nel", "line sep nel", "line sep nel"},
      {"non\xEF\xBF\xBE"
       "char",
       "non char", "nonchar"},
      {"Ann\xE2\x80\xAE"
       "txt.exe\xE2\x81\xA6\xD8\x9C\xE2\x80\x8F",
       "Anntxt.exe", "Anntxt.exe"},
      {"\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE", "\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE",
       "\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE"},
      {"%NULL%\\x", "%NULL%\\x", "%NULL%\\x"},
  };
  return all;
}

// As a phone reads it: lines, whole-line comments, the first = divides, outer blanks go.
std::map<std::string, std::string> read_lines(const std::string& bytes) {
  std::map<std::string, std::string> out;
  std::istringstream lines(bytes);
  const auto trim = [](std::string text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string::npos) return std::string();
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
  };
  for (std::string line; std::getline(lines, line);) {
    if (trim(line).empty() || trim(line).front() == '#') continue;
    const auto equals = line.find('=');
    REQUIRE(equals != std::string::npos);
    const auto [entry, fresh] = out.emplace(trim(line.substr(0, equals)), trim(line.substr(equals + 1)));
    CHECK(fresh);
  }
  return out;
}

// Each placeholder under a key of its own.
const std::vector<std::string> kNames{"EXTENSION_NAME", "EXTENSION_PASSWORD", "SIP_SERVER", "SERVER_NAME", "SIP_REALM"};

std::string value_template(Format format) {
  std::string out = format == Format::text ? "#!version:1.0.0.1\n" : "<all>\n";
  for (const auto& name : kNames) {
    if (format == Format::text) {
      out += name + " = {{" + name + "}}\n";
    } else {
      out += "<" + name + " a=\"{{" + name + "}}\" b='{{" + name + "}}'>{{" + name + "}}</" + name + ">\n";
    }
  }
  return out + (format == Format::text ? "" : "</all>\n");
}

DeviceValues with(const std::string& value) {
  auto values = device(samples()[2]);
  values.name = values.password = values.server.sip_server = values.server.server_name = values.server.sip_realm =
      value;
  return values;
}

std::shared_ptr<const Renderer> probe_renderer() {
  auto made = Renderer::make(
      catalog(), std::vector<CustomTemplate>{{"yealink_t46s.template", value_template(Format::text)},
                                             {"cisco_spa504g.template", value_template(Format::xml)},
                                             {"polycom_vvx450.template", value_template(Format::xml)},
                                             {"grandstream_gxp2170.template", value_template(Format::xml)}});
  REQUIRE(made);
  REQUIRE(made->refused.empty());
  return made->renderer;
}

}  // namespace

TEST_CASE("every placeholder survives every awkward value in text") {
  const auto all = probe_renderer();
  for (const auto& one : awkward()) {
    CAPTURE(one.value);
    const auto read = read_lines(all->render("yealink", "t46s", with(one.value))->bytes);
    CHECK(read.size() == kNames.size());
    for (const auto& name : kNames) CHECK(read.at(name) == one.as_text);
  }
}

TEST_CASE("every placeholder survives every awkward value in XML, as text and in attributes of either quote") {
  const auto all = probe_renderer();
  const std::vector<std::pair<std::string, std::string>> models{
      {"cisco", "spa504g"}, {"polycom", "vvx450"}, {"grandstream", "gxp2170"}};
  for (const auto& [vendor, model] : models) {
    for (const auto& one : awkward()) {
      CAPTURE(vendor, one.value);
      const auto file = all->render(vendor, model, with(one.value));
      pugi::xml_document document;
      REQUIRE(document.load_buffer(file->bytes.data(), file->bytes.size()));
      for (const auto& name : kNames) {
        const auto node = document.child("all").child(name.c_str());
        CHECK(node.child_value() == one.as_xml);
        CHECK(node.attribute("a").value() == one.as_xml);
        CHECK(node.attribute("b").value() == one.as_xml);
      }
    }
  }
}

TEST_CASE("the built-in files carry awkward names to where the phone looks for them") {
  const auto all = renderer();
  for (const auto& one : awkward()) {
    CAPTURE(one.value);
    for (const auto& sample : samples()) {
      CAPTURE(sample.model);
      auto values = device(sample);
      values.name = values.password = one.value;
      auto file = all->render(sample.vendor, sample.model, values);
      // A script has no way to write a double quote in a value: of a password nothing else will do.
      if (sample.vendor == "avaya" && one.value.find('"') != std::string::npos) {
        REQUIRE_FALSE(file);
        CHECK(file.error().code == "unwritable_password");
        values.password = "s3cret";
        file = all->render(sample.vendor, sample.model, values);
      }
      REQUIRE(file);
      if (sample.vendor == "yealink" || sample.vendor == "zultys") {
        const auto read = read_lines(file->bytes);
        CHECK(file->bytes.starts_with("#!version:1.0.0.1\n"));
        CHECK(read.at("account.1.display_name") == one.as_text);
        CHECK(read.at("account.1.label") == one.as_text);
        CHECK(read.at("account.1.password") == one.as_text);
        CHECK(read.at("account.1.enable") == "1");
        CHECK(read.at("account.1.sip_server.1.address") == "192.168.1.14");
        continue;
      }
      if (sample.vendor == "avaya" || sample.vendor == "mitel") {
        const bool script = sample.vendor == "avaya";
        std::map<std::string, std::string> read;
        for (const auto& entry : config_entries(script ? Format::set : Format::colon, file->bytes).value())
          CHECK(read.emplace(entry.key, entry.value).second);
        auto wanted = one.as_text;
        const bool in_quotes = !script && wanted.find('#') != std::string::npos;  // else a comment would begin
        if (script || in_quotes) std::replace(wanted.begin(), wanted.end(), '"', '\'');
        if (in_quotes) wanted = '"' + wanted + '"';
        CHECK(read.at(script ? "DISPLAY_NAME" : "sip line1 display name") == wanted);
        if (values.password == one.value)
          CHECK(read.at(script ? "FORCE_SIP_PASSWORD" : "sip line1 password") == wanted);
        CHECK(read.at(script ? "SIPDOMAIN" : "sip line1 proxy ip") == "192.168.1.14");
        continue;
      }
      pugi::xml_document document;
      REQUIRE(document.load_buffer(file->bytes.data(), file->bytes.size()));
      const std::map<std::string, std::pair<std::string, std::string>> elements{
          {"x5u", {"sysConf/sip/line/DisplayName", "sysConf/sip/line/RegisterPswd"}},
          {"x4",
           {"VOIP_CONFIG_FILE/SIP_CONFIG_MODULE/SIP_Line_List/SIP_Line_List_Entry/Display_Name",
            "VOIP_CONFIG_FILE/SIP_CONFIG_MODULE/SIP_Line_List/SIP_Line_List_Entry/Register_Pswd"}},
          {"d785", {"settings/phone-settings/user_realname", "settings/phone-settings/user_pass"}},
          {"s500", {"hl_provision/config/P3", "hl_provision/config/P34"}},
          {"uc926", {"hl_provision/config/P3", "hl_provision/config/P34"}}};
      if (const auto known = elements.find(sample.model); known != elements.end()) {
        CHECK(document.first_element_by_path(known->second.first.c_str()).child_value() == one.as_xml);
        CHECK(document.first_element_by_path(known->second.second.c_str()).child_value() == one.as_xml);
      } else if (sample.vendor == "polycom") {
        const auto node = document.child("APPLICATION").child("registration");
        CHECK(node.attribute("reg.1.displayName").value() == one.as_xml);
        CHECK(node.attribute("reg.1.auth.password").value() == one.as_xml);
      } else if (sample.vendor == "cisco") {
        const auto node = document.child("flat-profile");
        CHECK(node.child("Display_Name_1_").child_value() == one.as_xml);
        CHECK(node.child("Password_1_").child_value() == one.as_xml);
        CHECK(node.child("Proxy_1_").child_value() == std::string("192.168.1.14:5060"));
      } else {
        const auto node = document.child("gs_provision").child("config");
        const auto item = [&](const char* name) {
          return std::string(node.find_child_by_attribute("item", "name", name).child_value());
        };
        CHECK(item("account.1.sip.subscriber.name") == one.as_xml);
        CHECK(item("account.1.sip.subscriber.password") == one.as_xml);
        CHECK(item("account.1.sip.registerExpiration") == "60");
        CHECK(document.child("gs_provision").child("mac").child_value() == sample.mac);
      }
    }
  }
}
