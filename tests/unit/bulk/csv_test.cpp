#include "actors/bulk/csv.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::bulk;

namespace {

using Values = std::vector<std::string>;

std::vector<Values> values(std::string_view text) {
  std::vector<Values> all;
  for (const auto& row : read_csv(text).value()) all.push_back(row.values);
  return all;
}

}  // namespace

TEST_CASE("what spreadsheets write is read") {
  CHECK(values("a,b\r\n1,2\r\n") == std::vector<Values>{{"a", "b"}, {"1", "2"}});
  CHECK(values("\xEF\xBB\xBF"
               "a;b\n1;2") == std::vector<Values>{{"a", "b"}, {"1", "2"}});
  CHECK(values("a,b\n\n1,\n,2\n") == std::vector<Values>{{"a", "b"}, {"1", ""}, {"", "2"}});
  CHECK(values("a,b\n\"1,\r\n\"\"x\"\"\",2\n") == std::vector<Values>{{"a", "b"}, {"1,\r\n\"x\"", "2"}});
  CHECK(values("").empty());
  CHECK(read_csv("a\n\n\"x\ny\"\nz\n")->at(2).line == 5);
}

TEST_CASE("what cannot be read is said with its place") {
  const auto fault = [](std::string_view text) { return read_csv(text).error().message; };
  CHECK_THAT(fault("a,b\n1,\"2\n3"), ContainsSubstring("line 2, column 3: a quote begins here and does not end"));
  CHECK_THAT(fault("a,b\n1,\"2\"x\n"), ContainsSubstring("line 2, column 6: after a closing quote"));
  CHECK_THAT(fault("a,b\n1,2,3\n"), ContainsSubstring("line 2: there are 3 values, where the header names 2"));
}

TEST_CASE("separators are what the first line has most of, or what sep= says") {
  CHECK(values("a\tb\n1,5\t2;5\n") == std::vector<Values>{{"a", "b"}, {"1,5", "2;5"}});
  CHECK(values("a|b\n1|2\n") == std::vector<Values>{{"a", "b"}, {"1", "2"}});
  CHECK(values("\"a;x\",b\n1,2\n") == std::vector<Values>{{"a;x", "b"}, {"1", "2"}});
  CHECK(values("sep=;\r\na;b\r\n1,0;2\r\n") == std::vector<Values>{{"a", "b"}, {"1,0", "2"}});
  CHECK(values("\xEF\xBB\xBF\"SEP=\t\"\na\tb\n") == std::vector<Values>{{"a", "b"}});
  CHECK(read_csv("sep=,\na,b\n\n1,2\n")->at(1).line == 4);
  CHECK(values("\"a\";\"b,c\"\n1;2\n") == std::vector<Values>{{"a", "b,c"}, {"1", "2"}});
}

TEST_CASE("rows and columns without a value are none") {
  CHECK(values(";;;\r\n\r\na;b;;\r\n; ;;\r\n1;2;;\r\n\xC2\xA0;;;\r\n;;;\r\n") ==
        std::vector<Values>{{"a", "b"}, {"1", "2"}});
  // Spreadsheets end rows where their last cells are empty.
  CHECK(values("a,b,c\n1\n1,2,3\n") == std::vector<Values>{{"a", "b", "c"}, {"1", "", ""}, {"1", "2", "3"}});
  CHECK(values("a,b\r1,2\r3,4") == std::vector<Values>{{"a", "b"}, {"1", "2"}, {"3", "4"}});
  CHECK(read_csv("a\r1\r2\r")->at(2).line == 3);
}

TEST_CASE("a text that is kept from becoming a number is that text, and none is run as a formula") {
  CHECK(values("a,b\n=\"0123\",\"=\"\"0,5\"\"\"\n") == std::vector<Values>{{"a", "b"}, {"0123", "0,5"}});
  CHECK(values("a,b\n=\"0,1\",=\"x\"&1\n") == std::vector<Values>{{"a", "b"}, {"0,1", "=\"x\"&1"}});
  const std::vector<Values> rows{{"=HYPERLINK(\"http://evil.example\",\"x\")", "@SUM(1)", "-2+3+cmd|'/C calc'!A0",
                                  "+49 30 1234-5", "=\"x\"", "-5"}};
  std::string text;
  for (const auto& row : rows) text += csv_line(row);
  CHECK_THAT(text, ContainsSubstring("\"=\"\"@SUM(1)\"\"\"") && ContainsSubstring(",+49 30 1234-5,"));
  CHECK(values(text) == rows);
}

TEST_CASE("more columns and rows than anybody has are refused as soon as they are met") {
  CHECK(read_csv(std::string(255, ',')));
  const auto wide = read_csv(std::string(1'000'000, ','));
  REQUIRE_FALSE(wide);
  CHECK(wide.error().code == "too_many_columns");
  CHECK_THAT(wide.error().message, ContainsSubstring("line 1: there are more than 256 values"));
  CHECK(read_csv("a\n1\n2\n", {.rows = 3}));
  const auto tall = read_csv("a\n1\n2\n3\n", {.rows = 3});
  REQUIRE_FALSE(tall);
  CHECK(tall.error().code == "too_many_rows");
  CHECK_THAT(tall.error().message, ContainsSubstring("line 4: there are more than 2 rows below the header"));
  std::stop_source nobody_waits;
  nobody_waits.request_stop();
  CHECK(read_csv("a\n", {}, nobody_waits.get_token()).error().code == "stopped");
}

TEST_CASE("what is written is read as the same") {
  const std::vector<Values> rows{{"a;b;c;d", "b", "c"}, {"", "x;y", "say \"hi\""}, {"two\r\nlines", ",", "plain"}};
  std::string text;
  for (const auto& row : rows) text += csv_line(row);
  CHECK(values(text) == rows);
}
