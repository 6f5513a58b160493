// Dial plans: what is taken, and how each grammar writes it. The simulator of phones (tests/phones) dials by them.
#include "actors/provisioning/dial_plan.hpp"

#include "actors/provisioning/renderer.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

std::string in(DialGrammar grammar, std::string_view plan) {
  return written(grammar, parse_dial_plan(plan).value()).text;
}

}  // namespace

TEST_CASE("a dial plan is taken apart into keys") {
  const auto plan = parse_dial_plan(" 112! , [2-46]x,+49., .").value();
  REQUIRE(plan.size() == 4);
  CHECK(plan[0] == DialPattern{{"1", "1", "2"}, false, true});
  CHECK(plan[1] == DialPattern{{"2346", "0123456789"}, false, false});
  CHECK(plan[2] == DialPattern{{"+", "4", "9"}, true, false});
  CHECK(plan[3] == DialPattern{{}, true, false});
}

TEST_CASE("a bad pattern is refused with what is wrong in it") {
  struct Row {
    std::string text, says;
  };
  for (const auto& row : std::vector<Row>{{"", "empty"},
                                          {"112!,", "empty"},
                                          {"112!,!", "empty"},
                                          {"1.!", "cannot be sent at once"},
                                          {"1.2", "digits, * # + x"},
                                          {"12a", "digits, * # + x"},
                                          {"[2-", "class"},
                                          {"[]", "class"},
                                          {"[9-2]", "class"},
                                          {"[2-]", "class"},
                                          {"(1|2)", "digits"},
                                          {std::string(40, '1'), "at most 32"},
                                          {"1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "more than 20"}}) {
    CAPTURE(row.text);
    const auto plan = parse_dial_plan(row.text);
    REQUIRE_FALSE(plan);
    CHECK(plan.error().code == "bad_dial_plan");
    CHECK_THAT(plan.error().message, ContainsSubstring(row.says));
  }
}

TEST_CASE("each grammar writes the plan in its own words") {
  using enum DialGrammar;
  CHECK(in(cisco, default_dial_plan) == "(112S0|911S0|[x*+].)");
  CHECK(in(polycom, default_dial_plan) == "112|911|+x.T|[0123456789*#].T");
  CHECK(in(snom, default_dial_plan) == "|(^112$)|sip:\\1@\\d|d |(^911$)|sip:\\1@\\d|d");
  CHECK(in(mitel, default_dial_plan) == "112|911|X+#|XX+*");
  CHECK(in(avaya, default_dial_plan) == "112|911");
  CHECK(in(htek, default_dial_plan) == "{112|911|[x*]+}");
  CHECK(in(grandstream, default_dial_plan) == "{ 112 | 911 | [*x]+ | \\+x+ }");
  CHECK(in(grandstream, "0.,[2-4]xx!,+49.") == "{ [234]xx | 0[*x]+ | \\+49[*x]+ }");
  CHECK(in(yealink, default_dial_plan).empty());
  CHECK(written(yealink, parse_dial_plan("112!,2xx,.,[2-4]x!").value()).rules ==
        std::vector<std::string>{"112", "[234]x"});
  CHECK(in(cisco, "0.,[2-4]xx!") == "([234]xxS0|0[x*+].)");
  CHECK(in(polycom, "0.,[2-4]xx!,*8") == "[234]xx|0[0123456789*#].T|*8T");
  CHECK(in(snom, "*8!,2x!,9.") == "|(^\\*8$)|sip:\\1@\\d|d |(^2[0-9]$)|sip:\\1@\\d|d");
  CHECK(in(mitel, "2xx!,.") == "2XX|X+#|XX+*");
  CHECK(in(avaya, ".").empty());
  CHECK(written(polycom, parse_dial_plan(default_dial_plan).value()).segments == 4);
}

TEST_CASE("a file says what an earlier one gave to lines and keys that are free now") {
  const auto made = [&](std::string text, const DeviceValues& values) {
    const auto renderer =
        Renderer::make(catalog(), std::vector<CustomTemplate>{{"cisco_spa504g.template", std::move(text)}});
    for (const auto& refused : renderer->refused) FAIL(refused.message);
    return renderer->renderer->render("cisco", "spa504g", values)->bytes;
  };
  const Sample sample{"cisco", "spa504g", "8843e157ddcc"};
  auto values = device(sample);
  values.more_lines.push_back({3, ExtensionNumber::parse("1003").value(), "", "x", ""});
  values.phone.keys[2] = {"blf", "1009", "", 0, ""};
  CHECK(made("<f>{{#LINES_OFF}}{{LINE}} {{/LINES_OFF}}</f>", values) == "<f>2 4 </f>");
  CHECK(made("<f>{{#KEYS_OFF}}{{KEY}} {{/KEYS_OFF}}</f>", values) == "<f>4 </f>");
}

TEST_CASE("an IPv6 address stands in brackets where a port may follow") {
  const auto renderer = Renderer::make(
      catalog(), std::vector<CustomTemplate>{
                     {"cisco_spa504g.template", "<f>{{SIP_SERVER}} {{SIP_HOST}} {{OUTBOUND_PROXY_HOST}}</f>"}});
  auto values = device({"cisco", "spa504g", "8843e157ddcc"});
  values.server.sip_server = "2001:db8::5";
  values.phone.set["outbound_proxy"] = "[2001:db8::6]";
  CHECK(renderer->renderer->render("cisco", "spa504g", values)->bytes ==
        "<f>2001:db8::5 [2001:db8::5] [2001:db8::6]</f>");
}
