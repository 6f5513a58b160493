// What a short text can become: templates whose output, time or memory grows faster than they do, and files that are
// taken apart.
#include "actors/provisioning/config_diff.hpp"
#include "actors/provisioning/config_entries.hpp"
#include "actors/provisioning/format_check.hpp"
#include "actors/provisioning/taken_apart.hpp"
#include "actors/provisioning/template_lint.hpp"
#include "actors/provisioning/template_program.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

#include <algorithm>
#include <stop_token>

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TemplateInForce own_text(Format format, std::string text) {
  return {"yealink", "t46s", "yealink_t46s.template", true, format, "text/plain", "Yealink SIP-T46S", std::move(text)};
}

Result<TemplateText> parsed_template(const std::string& text, Format format = Format::text) {
  return TemplateText::parse("mine", format, text, Vocabulary::device(*VendorValues::none()));
}

// So many items of one value, which stands for itself.
ValueList list_of(std::string_view name, std::size_t size) {
  ValueList out{name, {}};
  for (std::size_t i = 0; i < size; ++i)
    out.items.push_back({std::string(name) + "[" + std::to_string(i) + "]", {{"CODEC", "g722"}}});
  return out;
}

std::stop_token stopped_already() {
  std::stop_source source;
  source.request_stop();
  return source.get_token();
}

}  // namespace

TEST_CASE("a list inside itself is refused with its line, however deep") {
  const auto text = repeated("{{#ALL_CODECS}}\n", 7) + "a = {{CODEC}}\n" + repeated("{{/ALL_CODECS}}\n", 7);
  const auto refused = parsed_template("#!version:1.0.0.1\n" + text);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "bad_template");
  CHECK_THAT(refused.error().message, ContainsSubstring("mine:3:1:") && ContainsSubstring("stands inside itself"));
  CHECK_FALSE(parsed_template("{{#LINES}}{{#SIP_PORT}}{{#LINES}}a = 1\n{{/LINES}}{{/SIP_PORT}}{{/LINES}}"));
  // Beside each other, or where there are none, it is no such thing.
  CHECK(parsed_template("{{#LINES}}a = 1\n{{/LINES}}{{#LINES}}b = 1\n{{/LINES}}"));
  CHECK(parsed_template("{{#LINES}}a = 1\n{{^LINES}}b = 1\n{{/LINES}}{{/LINES}}"));
  CHECK(parsed_template("{{#SIP_PORT}}{{#SIP_PORT}}a = 1\n{{/SIP_PORT}}{{/SIP_PORT}}"));
}

TEST_CASE("sections stand in sections eight deep, and no deeper") {
  CHECK(parsed_template(repeated("{{#MAC}}", most_sections) + "a = 1\n" + repeated("{{/MAC}}", most_sections)));
  const auto refused = parsed_template(repeated("{{#MAC}}", 15'000) + "a = 1\n" + repeated("{{/MAC}}", 15'000));
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, ContainsSubstring("mine:1:65:") && ContainsSubstring("8 deep"));
}

TEST_CASE("a section that is not closed is told where it begins") {
  const auto refused = parsed_template("a = 1\n  {{#MAC}}\nb = 1\n");
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, ContainsSubstring("mine:2:3: {{#MAC}} is not closed"));
}

TEST_CASE("a render ends at a mebibyte, where it is made of values and where it is made of text") {
  const std::vector<ValueList> lists{list_of("CODECS", 100), list_of("ALL_CODECS", 100), list_of("CODECS_OFF", 100)};
  const auto text =
      parsed_template("{{#CODECS}}{{#ALL_CODECS}}a = {{CODEC}}" + repeated("x", 100) + "\n{{/ALL_CODECS}}{{/CODECS}}");
  REQUIRE(text);
  const auto filled = text->fill({{}, lists});
  REQUIRE_FALSE(filled);
  CHECK(filled.error().code == "output_too_large");
  CHECK_THAT(filled.error().message, ContainsSubstring("mine: ") && ContainsSubstring("1024 KiB"));
  CHECK(text->trace({{}, lists}).error().code == "output_too_large");
  const std::vector<ValueList> few{list_of("CODECS", 9), list_of("ALL_CODECS", 100)};
  CHECK(text->fill({{}, few})->bytes.size() == 9 * 100 * 109);
}

TEST_CASE("a render that makes nothing ends as well") {
  const std::vector<ValueList> lists{list_of("CODECS", 200), list_of("ALL_CODECS", 200), list_of("CODECS_OFF", 200)};
  const auto text = parsed_template(
      "{{#CODECS}}{{#ALL_CODECS}}{{#CODECS_OFF}}{{#SIP_REALM}}a = 1\n{{/SIP_REALM}}{{/CODECS_OFF}}{{/ALL_CODECS}}"
      "{{/CODECS}}");
  REQUIRE(text);
  CHECK(text->fill({{}, lists}).error().code == "template_too_costly");
}

TEST_CASE("a template in the folder whose output is too large is not put in force, and says so") {
  const auto made = Renderer::make(
      catalog(), std::vector<CustomTemplate>{{"yealink_t46s.template", "#!version:1.0.0.1\n{{#ALL_CODECS}}{{#KEYS}}" +
                                                                           repeated("a = 1234567890\n", 8'000) +
                                                                           "{{/KEYS}}{{/ALL_CODECS}}"}});
  REQUIRE(made);
  REQUIRE(made->refused.size() == 1);
  CHECK(made->refused[0].code == "output_too_large");
  CHECK_THAT(made->refused[0].message, ContainsSubstring("yealink_t46s.template"));
  CHECK_FALSE(made->renderer->find("yealink", "t46s")->custom);
}

TEST_CASE("what a device's own lists make too large is an error of its render") {
  // The proof has two lines; this phone has sixteen.
  const auto all = renderer({{"yealink_t46s.template",
                              "#!version:1.0.0.1\n{{#LINES}}" + repeated("a = 1234567890\n", 8'000) + "{{/LINES}}"}});
  auto values = device(samples()[2]);
  CHECK(all->render("yealink", "t46s", values));
  for (std::uint16_t line = 2; line <= 16; ++line) values.more_lines.push_back({line, values.number, "", "s3cret", ""});
  const auto rendered = all->render("yealink", "t46s", values);
  REQUIRE_FALSE(rendered);
  CHECK(rendered.error().code == "output_too_large");
}

TEST_CASE("many lines, many values on one line and many tags cost no more than their number") {
  const auto values = device(samples()[2]);
  const auto take = [&](Format format, const std::string& text) { return take_apart(own_text(format, text), values); };
  // 14.6 s before, for twice as many.
  auto file = take(Format::text, repeated("a = {{MAC}}\n", 20'000));
  REQUIRE(file);
  CHECK(file->keys.size() == 20'000);
  CHECK(file->keys.back().key == "a[20000]");
  CHECK(file->keys.back().template_line == 20'000);
  CHECK(file->keys.back().line == 20'000);
  const auto sections = repeated("{{#MAC}}a = {{MAC}}{{/MAC}}\n", 9'000);
  const LineConditions conditions(sections);
  CHECK(conditions.of(9'000) == std::vector<std::string>{"MAC"});
  file = take(Format::text, "a = " + repeated("{{MAC}}", 30'000) + "\n");
  REQUIRE(file);
  CHECK(file->keys[0].placeholders == std::vector<std::string>{"MAC"});
  file = take(Format::xml, "<a>" + repeated("<b>{{MAC}}</b>\n", 15'000) + "</a>");
  REQUIRE(file);
  CHECK(file->keys.back().line == 15'000);
  CHECK(key_changes(*file, *file)->empty());
  CHECK(take(Format::text, "a = " + repeated("#", 250'000) + "\n"));
  CHECK(take(Format::text, repeated("\n", 250'000)));
}

TEST_CASE("files of more keys than anybody has, or deeper than any, are not taken apart") {
  const auto lines = repeated("a=1\n", most_entries + 1);
  CHECK(config_entries(Format::text, lines).error().code == "output_too_large");
  CHECK(check_format(Format::text, "", lines).error().code == "output_too_large");
  CHECK(config_entries(Format::text, lines.substr(4)));
  const auto elements = "<a>" + repeated("<b/>", most_entries + 1) + "</a>";
  CHECK(config_entries(Format::xml, elements).error().code == "output_too_large");
  CHECK(check_format(Format::xml, "", elements).error().code == "output_too_large");
  const auto deep = [](std::size_t depth) { return repeated("<a>", depth) + repeated("</a>", depth); };
  CHECK(config_entries(Format::xml, deep(most_elements_deep)));
  CHECK(check_format(Format::xml, "", deep(most_elements_deep)));
  CHECK_THAT(config_entries(Format::xml, deep(100'000)).error().message, ContainsSubstring("deeper than 64"));
  CHECK_THAT(check_format(Format::xml, "", deep(100'000)).error().message, ContainsSubstring("deeper than 64"));
  // A name that is in each of many keys.
  const auto name = std::string(100'000, 'n');
  CHECK(config_entries(Format::xml, "<" + name + ">" + repeated("<b/>", 10'000) + "</" + name + ">").error().code ==
        "output_too_large");
}

TEST_CASE("whoever was told to stop stops, in each loop over a text") {
  const auto stop = stopped_already();
  const auto values = device(samples()[2]);
  const std::string text = "#!version:1.0.0.1\na = {{MAC}}\n";
  const auto known = Vocabulary::device(*VendorValues::none());
  const auto is_stopped = [](const auto& result) { return !result && result.error().code == "stopped"; };
  CHECK(is_stopped(lint_template("mine", Format::text, text, known, stop)));
  CHECK(is_stopped(TemplateText::parse("mine", Format::text, text, known, stop)));
  CHECK(is_stopped(parsed_template(text)->fill({}, stop)));
  CHECK(is_stopped(parsed_template(text)->trace({}, stop)));
  CHECK(is_stopped(config_entries(Format::text, text, stop)));
  CHECK(is_stopped(config_entries(Format::xml, "<a/>", stop)));
  CHECK(is_stopped(check_format(Format::text, "", text, stop)));
  CHECK(is_stopped(check_format(Format::xml, "", "<a/>", stop)));
  CHECK(is_stopped(take_apart(own_text(Format::text, text), values, stop)));
  CHECK(is_stopped(render_from(own_text(Format::text, text), values, stop)));
  const auto file = take_apart(own_text(Format::text, text), values).value();
  CHECK(is_stopped(key_changes(file, file, stop)));
  CHECK(is_stopped(line_changes("a", "b", stop)));
  const auto& yealink = **catalog().vendor("yealink");
  const auto& t46s = **catalog().model(yealink, "t46s");
  CHECK(is_stopped(check_template(yealink, t46s, "mine", text, stop)));
  CHECK(is_stopped(renderer()->with(yealink, t46s, CustomTemplate{"yealink_t46s.template", text}, stop)));
}
