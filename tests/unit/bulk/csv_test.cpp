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
  CHECK_THAT(fault("a,b\n1\n"), ContainsSubstring("line 2, column 1: there are 1 values, where the header names 2"));
  CHECK_THAT(fault("a,b\n1,2,3\n"), ContainsSubstring("there are 3 values"));
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
