// Number rules, mapping and schedules: from what a directory holds to what we make of it.

#include "actors/directory/mapping.hpp"
#include "actors/directory/schedule.hpp"
#include "tests/support/catch.hpp"

#include <cstdlib>
#include <ctime>

using namespace strowger;
using namespace strowger::directory;

namespace {

std::string number_of(const char* rule, const char* value) {
  const auto number = NumberRule::parse(rule).value().apply(value);
  return number ? number->text() : "-";
}

Entry entry(std::vector<std::string> numbers, std::string name = "Ann") {
  Entry out;
  out.identity.bytes[0] = 1;
  out.account = "ann";
  out.name = std::move(name);
  out.numbers = std::move(numbers);
  return out;
}

Policy policy(const char* rule = "") {
  Policy out;
  out.name = "ad";
  out.number_rule = NumberRule::parse(rule).value();
  out.group_roles = {{"Admins", Role::admin}, {"Desk", Role::operator_}};
  return out;
}

}  // namespace

TEST_CASE("number rules take what people write") {
  CHECK(number_of("", "1007") == "1007");
  CHECK(number_of("", " +43 (1) 234/10-07 ") == "+4312341007");
  CHECK(number_of("", "n/a") == "-");
  CHECK(number_of("last 4", "+43 1 234 1007") == "1007");
  CHECK(number_of("last4", "+43 1 234-1007") == "1007");
  CHECK(number_of("last 4 digits", "007") == "-");
  CHECK(number_of("x", "+43 1 234-0 x1007") == "1007");
  CHECK(number_of("x", "234-0 ext. 1007") == "1007");
  CHECK(number_of("x1007", "555 X 1008") == "1008");
  CHECK(number_of("x", "+43 1 2341007") == "-");
  for (const auto* written :
       {"+1 555 123 4567 Extension 4122", "+1 555 123 4567 EXT 4122", "+1 555 123 4567 extn. 4122", "555;ext=4122",
        "tel:+1-555-1234;ext=4122;phone-context=x", "+1 555 (x-4122)",
        "555 ext: 41\xC2\xA0"
        "22",
        "555 Ext#4122"}) {
    CAPTURE(written);
    CHECK(number_of("x", written) == "4122");
  }
  CHECK(number_of("x", "Extension") == "-");
  CHECK(number_of("x", "4122 Extension") == "-");
  CHECK(number_of("",
                  "+49 (0)30 1234\xE2\x80\x93"
                  "567") == "+49301234567");
  CHECK(number_of("", "+49 30 1234 ext 5") == "-");
  CHECK(number_of("regex: 1234-(\\d{3})$",
                  "+49 30 1234\xE2\x80\x91"
                  "567") == "567");
  CHECK(number_of("regex: ^\\+43 1 234 ?(1\\d{3})$", "+43 1 2341007") == "1007");
  CHECK(number_of("regex: ^\\+43 1 234 ?(1\\d{3})$", "+43 1 2342007") == "-");
  CHECK(number_of("regex: 1\\d{3}$", "0664 1007") == "1007");
  CHECK(number_of("regex: (1|2)?x", "x") == "-");
  CHECK(number_of("", std::string(65, '1').c_str()) == "-");
}

TEST_CASE("an expression takes no longer than the value is, whatever it is") {
  // Each of these took a backtracking engine for ever.
  const auto digits = std::string(64, '1');
  CHECK(number_of("regex: ^(?:\\d+)+x$", digits.c_str()) == "-");
  CHECK(number_of("regex: ^(?:\\d|\\d\\d)*(?:\\d*)*x(\\d)$", digits.c_str()) == "-");
  CHECK(number_of("regex: (?:.*)*(?:.*)*(?:.*)*=", digits.c_str()) == "-");
  CHECK(number_of("regex: ^\\+43 1 234(\\d{4})$", "+43 1 2341007") == "1007");
  CHECK(number_of("regex: ^\\+43 1 234(\\d{4})$", "+43 1 23410071") == "-");
  CHECK(number_of("regex: [[:digit:]]{4}$", "0664 1007") == "1007");
}

TEST_CASE("an expression that is not taken says why") {
  const auto why = [](const std::string& expression) {
    const auto rule = NumberRule::parse("regex: " + expression);
    return rule ? std::string() : rule.error().message;
  };
  CHECK_THAT(why("(?=1)\\d+"), ContainsSubstring("(?=") && ContainsSubstring("look-around"));
  CHECK_THAT(why("(\\d)\\1"), ContainsSubstring("\\1"));
  CHECK_THAT(why("(\\d"), ContainsSubstring("missing )"));
  CHECK_THAT(why("[z-a]"), ContainsSubstring("z-a"));
  CHECK_THAT(why("(?:\\d{1000}){1000}"), ContainsSubstring("repetition"));
  CHECK_THAT(why("(1)(2)"), ContainsSubstring("more than one group"));
  CHECK_THAT(why(std::string(257, '1')), ContainsSubstring("longer than 256"));
  CHECK_THAT(why("\xff"), ContainsSubstring("UTF-8"));
}

TEST_CASE("a rule that is none is refused, with those that there are") {
  for (const auto* bad :
       {"first 4", "last", "last 0", "last 21", "last 4 letters", "regex:", "regex: (", "regex: (1)(2)", "xyz", "4"}) {
    CAPTURE(bad);
    const auto rule = NumberRule::parse(bad);
    REQUIRE_FALSE(rule);
    CHECK(rule.error().code == "bad_number_rule");
    CHECK_THAT(rule.error().message, ContainsSubstring("last 4"));
  }
}

TEST_CASE("an entry becomes a person by the first attribute that is set") {
  const auto ann = map(entry({"", "1007", "1008"}), policy());
  CHECK(ann.fault.empty());
  CHECK(ann.number->text() == "1007");
  CHECK_FALSE(map(entry({"", " "}), policy()).number);
  CHECK(map(entry({}), policy()).fault.empty());  // no telephone user is no fault

  SECTION("of several values the first that the rule takes counts") {
    const auto four = policy("regex: ^(\\d{4})$");
    CHECK(map(entry({"+49 30 1234-205", "4205"}), four).number->text() == "4205");
    CHECK(map(entry({"4206", "4205"}), four).number->text() == "4206");
    CHECK_THAT(map(entry({"+49 30 1", "+49 30 2"}), four).fault, ContainsSubstring("'+49 30 1'"));
  }
  SECTION("names are in one form, and what nobody sees is shown where it is refused") {
    CHECK(map(entry({"1007"}, "\xC2\xA0Rene\xCC\x81\xC2\xAD"), policy()).name == "Ren\xC3\xA9");
    CHECK_THAT(NumberRule::parse("").value().apply("n\xE2\x80\xAE").error().message, ContainsSubstring("'n\\u202E'"));
  }
  SECTION("what is wrong is said with the value") {
    CHECK_THAT(map(entry({"ask Bob"}), policy()).fault, ContainsSubstring("'ask Bob'"));
    CHECK_THAT(map(entry({"1007"}, " "), policy()).fault, ContainsSubstring("empty"));
    CHECK_THAT(map(entry({"1007"}, std::string(129, 'x')), policy()).fault, ContainsSubstring("129 bytes"));
    CHECK_THAT(map(entry({"1007"}, "A\xffnn"), policy()).fault, ContainsSubstring("well-formed"));
    auto nameless = entry({"1007"});
    nameless.identity = {};
    CHECK_THAT(map(nameless, policy()).fault, ContainsSubstring("objectGUID"));
  }
  SECTION("characters that nobody sees are left out") {
    const auto bare = map(entry({"\xE2\x80\xAA"
                                 "1007\xE2\x80\xAC"},
                                "Ann\xE2\x80\xAE\x1b Lee\n"),
                          policy());
    CHECK(bare.fault.empty());
    CHECK(bare.name == "Ann Lee");
    CHECK(bare.number->text() == "1007");
  }
  SECTION("an account name that is longer than any directory's is none") {
    auto endless = entry({"1007"});
    endless.account = std::string(257, 'a');
    CHECK(map(endless, policy()).account.empty());
    CHECK(map(endless, policy()).fault.empty());
  }
  SECTION("mail that is none does not keep the name from being synced") {
    auto odd = entry({"1007"});
    odd.mail = "ann at example";
    CHECK(map(odd, policy()).fault.empty());
    CHECK(map(odd, policy()).email.empty());
  }
  SECTION("of several groups the role that reaches farthest") {
    auto member = entry({"1007"});
    member.groups = {"Desk", "Other", "Admins"};
    CHECK(map(member, policy()).role == Role::admin);
  }
}

TEST_CASE("a rule says what it cannot read without cutting a character") {
  std::string value;
  while (value.size() < 200) value += "ñ";
  const auto refused = NumberRule::parse("").value().apply("x" + value);
  REQUIRE_FALSE(refused);
  CHECK(is_plain_text(refused.error().message));
}

TEST_CASE("schedules: intervals, times of day and cron") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  const auto at = [](const char* text) { return parse_iso8601(text).value(); };
  const auto next = [&](const char* schedule, const char* now) {
    return to_iso8601(Schedule::parse(schedule).value().next(at(now), std::nullopt)).substr(0, 16);
  };
  CHECK(next("every 15m", "2026-01-08T19:40:00Z") == "2026-01-08T19:55");
  CHECK(to_iso8601(Schedule::parse("every 2h").value().next(at("2026-01-08T19:40:00Z"), at("2026-01-08T18:00:00Z")))
            .starts_with("2026-01-08T20:00"));
  CHECK(next("03:00", "2026-01-08T19:40:00Z") == "2026-01-09T03:00");
  CHECK(next("03:00, 20:30", "2026-01-08T19:40:00Z") == "2026-01-08T20:30");
  CHECK(next("*/15 * * * *", "2026-01-08T19:40:00Z") == "2026-01-08T19:45");
  CHECK(next("0 6-8 * * 1-5", "2026-01-09T08:00:00Z") == "2026-01-12T06:00");  // a Friday, then a Monday
  CHECK(next("30 4 1 * *", "2026-01-08T19:40:00Z") == "2026-02-01T04:30");
  CHECK(next("0 0 29 2 *", "2026-03-01T00:00:00Z") == "2028-02-29T00:00");
  CHECK(next("0 12 13 * 5", "2026-01-08T19:40:00Z") == "2026-01-09T12:00");  // either day will do
  CHECK(next("0 12 * * 7", "2026-01-08T19:40:00Z") == "2026-01-11T12:00");
  for (const auto* bad : {"", "sometimes", "every", "every 15", "every 30s", "25:00", "12:60", "* * * *", "60 * * * *",
                          "*/0 * * * *", "5-1 * * * *", "0 0 31 2 *"}) {
    CAPTURE(bad);
    CHECK_FALSE(Schedule::parse(bad));
  }
}
