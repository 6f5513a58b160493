#include "actors/provisioning/taken_apart.hpp"

#include "actors/provisioning/config_diff.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

#include <algorithm>

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

TemplateInForce own(Format format, std::string text) {
  return {"yealink", "t46s", "yealink_t46s.template", true, format, "text/plain", "Yealink SIP-T46S", std::move(text)};
}

const ConfigKey& key(const TakenApart& file, std::string_view name) {
  const auto found = std::find_if(file.keys.begin(), file.keys.end(), [&](const auto& k) { return k.key == name; });
  CAPTURE(std::string(name));
  REQUIRE(found != file.keys.end());
  return *found;
}

TemplateInForce built_in(const Sample& sample) {
  for (auto& source : renderer()->in_force())
    if (source.vendor == sample.vendor && source.model == sample.model) return source;
  FAIL("no template");
  return {};
}

}  // namespace

TEST_CASE("a file taken apart is the file that is served, and each value is where it says") {
  for (const auto& sample : samples()) {
    CAPTURE(sample.model);
    for (const bool https : {false, true}) {
      auto values = device(sample);
      if (https) values.config_url = "https://pbx.example.com/provision/" + sample.mac + ".cfg";
      const auto file = take_apart(built_in(sample), values);
      REQUIRE(file);
      CHECK(file->bytes == renderer()->render(sample.vendor, sample.model, values)->bytes);
      CHECK(file->keys.size() > 10);
      std::size_t secrets = 0;
      for (const auto& k : file->keys) {
        CAPTURE(k.key);
        CHECK(k.template_line > 0);
        CHECK(k.line > 0);
        const auto raw = file->bytes.substr(k.begin, k.end - k.begin);
        CHECK((raw == k.value || raw.find('&') != std::string::npos));
        if (k.secret && !k.value.empty()) ++secrets;
      }
      CHECK(secrets == 1);
      const auto masked = file->masked();
      CHECK(masked.find("s3cret-Pass") == std::string::npos);
      CHECK(masked.find(mask) != std::string::npos);
      CHECK(masked.size() == file->bytes.size() - std::string_view("s3cret-Pass").size() + mask.size());
    }
  }
}

TEST_CASE("a value knows its placeholders and its template line") {
  const auto file = take_apart(built_in(samples()[3]), device(samples()[3])).value();  // Polycom
  const auto& address = key(file, "APPLICATION/registration@reg.1.server.1.address");
  CHECK(address.value == "192.168.1.14");
  CHECK(address.placeholders == std::vector<std::string>{"SIP_SERVER"});
  CHECK(key(file, "APPLICATION/registration@reg.1.auth.password").secret);
  CHECK_FALSE(key(file, "APPLICATION/registration@reg.1.auth.userId").secret);
  const auto& type = key(file, "APPLICATION/provisioning@device.prov.serverType");
  CHECK(type.value == "HTTP");
  CHECK(type.placeholders.empty());
  CHECK(LineConditions(built_in(samples()[3]).text).of(type.template_line) == std::vector<std::string>{"CONFIG_HTTPS"});
  const auto grandstream = take_apart(built_in(samples()[5]), device(samples()[5])).value();
  CHECK(key(grandstream, "gs_provision/config/item(account.1.sip.server.1.address)").placeholders ==
        std::vector<std::string>{"SIP_HOST", "SIP_PORT"});
}

TEST_CASE("secrets that were typed into a template are masked too, in values and comments") {
  auto file = take_apart(own(Format::text,
                             "#!version:1.0.0.1\n# old user_password: hunter1\n"
                             "static.security.user_password = admin:hunter2\nx.password.set = 1\n"
                             "note = {{EXTENSION_NUMBER}} / {{EXTENSION_PASSWORD}}\n"),
                         device(samples()[2]));
  REQUIRE(file);
  CHECK(file->masked() ==
        "#!version:1.0.0.1\n#********\nstatic.security.user_password = ********\n"
        "x.password.set = 1\nnote = ********\n");
  CHECK(key(*file, "note").secret);

  file = take_apart(own(Format::xml,
                        "<p><!-- <P2>hunter1</P2> --><P2>hunter2</P2><a localAdminPassword='hunter3' b=\"1\"/>"
                        "<P196>\n hunter4 \n</P196><P2></P2><pin>{{EXTENSION_PASSWORD}}</pin></p>"),
                    device(samples()[2]));
  REQUIRE(file);
  CHECK(file->masked() ==
        "<p><!--********--><P2>********</P2><a localAdminPassword='********' b=\"1\"/>"
        "<P196>\n ******** \n</P196><P2></P2><pin>********</pin></p>");
  CHECK(key(*file, "p/P2").value == "hunter2");
  CHECK(key(*file, "p/P2[2]").value.empty());
}

TEST_CASE("sections that leave lines out are followed") {
  const auto source = own(Format::text,
                          "#!version:1.0.0.1\n{{#CONFIG_HTTPS}}\na = 1\n{{/CONFIG_HTTPS}}\n  {{^CONFIG_HTTPS}}\n"
                          "b = {{SIP_PORT}}\n{{#SIP_REALM}}{{/SIP_REALM}}\n{{/CONFIG_HTTPS}}\n\nc = 3\n");
  const auto file = take_apart(source, device(samples()[2]));
  REQUIRE(file);
  CHECK(file->bytes == render_from(source, device(samples()[2]))->bytes);
  CHECK(file->keys.size() == 2);
  CHECK(key(*file, "b").template_line == 6);
  CHECK(key(*file, "c").template_line == 10);
  CHECK(LineConditions(source.text).of(3) == std::vector<std::string>{"CONFIG_HTTPS"});
  CHECK(LineConditions(source.text).of(10).empty());
}

TEST_CASE("what cannot be followed is refused, not guessed") {
  CHECK(take_apart(own(Format::xml, "<!DOCTYPE p [<!ATTLIST p x CDATA \"1\">]><p/>"), device(samples()[2]))
            .error()
            .code == "not_traceable");
}

TEST_CASE("a control character that was typed into a template keeps nothing from being taken apart") {
  const auto file =
      take_apart(own(Format::text, "#!version:1.0.0.1\na = \x01{{SIP_PORT}}\x02\n"), device(samples()[2]));
  REQUIRE(file);
  CHECK(key(*file, "a").value ==
        "\x01"
        "5060\x02");
  CHECK(key(*file, "a").placeholders == std::vector<std::string>{"SIP_PORT"});
}

TEST_CASE("hostile values stay values when a file is taken apart") {
  for (const auto& sample : samples()) {
    auto values = device(sample);
    values.name =
        "\x01"
        "A\x02\x03"
        "7\x04<b x='\"'>\n#k = v\r\n]]>--";
    values.password =
        "\x03"
        "1\x04";
    const auto file = take_apart(built_in(sample), values);
    REQUIRE(file);
    CHECK(file->bytes == renderer()->render(sample.vendor, sample.model, values)->bytes);
    CHECK(file->keys.size() == take_apart(built_in(sample), device(sample))->keys.size());
  }
}

TEST_CASE("a diff names what was added, removed and changed, and hides what a secret was") {
  auto values = device(samples()[2]);
  const auto before = take_apart(built_in(samples()[2]), values).value();
  CHECK(key_changes(before, before)->empty());
  values.name = "Jane";
  values.password = "other";
  const auto changed = key_changes(before, take_apart(built_in(samples()[2]), values).value()).value();
  REQUIRE(changed.size() == 4);
  CHECK(changed[0].key == "account.1.label");
  CHECK(changed[0].before == "John Smith");
  CHECK(changed[0].after == "Jane");
  CHECK(changed[2].key == "account.1.password");
  CHECK(changed[2].secret);
  CHECK(changed[2].before == mask);
  CHECK(changed[2].after == mask);

  const auto a = take_apart(own(Format::text, "#!v\na = 1\nb = 2\nc = 3\n"), values).value();
  const auto b = take_apart(own(Format::text, "#!v\nd = 0\na = 1\nc = 4\n"), values).value();
  const auto kinds = key_changes(a, b).value();
  REQUIRE(kinds.size() == 3);
  CHECK((kinds[0].kind == ChangeKind::added && kinds[0].key == "d" && !kinds[0].before));
  CHECK((kinds[1].kind == ChangeKind::removed && kinds[1].key == "b" && !kinds[1].after));
  CHECK((kinds[2].kind == ChangeKind::changed && kinds[2].key == "c"));
}

TEST_CASE("lines are compared by what they have in common") {
  const auto changes = line_changes("a\nb\nc\nd\n", "a\nc\nx\nd\n").value();
  REQUIRE(changes.size() == 2);
  CHECK((changes[0].kind == ChangeKind::removed && changes[0].line == 2 && changes[0].text == "b"));
  CHECK((changes[1].kind == ChangeKind::added && changes[1].line == 3 && changes[1].text == "x"));
  CHECK(line_changes("a\n", "a\n")->empty());
  CHECK(line_changes("", "a")->size() == 1);
  std::string left;
  std::string right;
  for (std::size_t i = 0; i <= most_lines; ++i) {
    left += "l" + std::to_string(i) + "\n";
    right += "r" + std::to_string(i) + "\n";
  }
  CHECK(line_changes(left, right)->size() == 2 * (most_lines + 1));
}
