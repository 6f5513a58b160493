// Many extensions as a file: all of it or nothing, and the round trip is identity.
#include "tests/integration/http/house.hpp"

using namespace strowger;
using namespace strowger::http::test;
namespace bj = boost::json;

namespace {

const std::string path = "/api/extensions/import";
const std::string csv_type = "Content-Type: text/csv\r\n";

struct People : House {
  JsonReply import(const std::string& csv, const std::string& query = {}) {
    return ask("POST", path + query, csv, csv_type);
  }
  bj::object extension(const std::string& number) {
    const auto reply = ask("GET", "/api/extensions/" + number);
    CAPTURE(number, reply.body);
    REQUIRE(reply.status == 200);
    return reply.json().as_object();
  }
  std::string exported(const std::string& format = "csv") {
    Client client(port());
    client.send("GET /api/extensions/export?format=" + format + " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer " +
                token(Role::viewer) + "\r\n\r\n");
    REQUIRE(client.read().status == 200);
    std::string all;
    for (auto chunk = client.read_chunk(); chunk && !chunk->empty(); chunk = client.read_chunk()) all += *chunk;
    return all;
  }
  // What a phone of the extension would be told to register with.
  std::string password_of(const std::string& number) {
    const auto row = services->extension_rows.find(ExtensionNumber::parse(number).value());
    REQUIRE(row);
    return services->vault.open(row->password).value();
  }
};

std::int64_t number(const JsonReply& reply, const char* key) {
  INFO(reply.body);
  return reply.json().at(key).as_int64();
}

}  // namespace

TEST_CASE_METHOD(People, "a file of extensions is created, and changes those that are there") {
  create_extension("1001", "Ann Example", "s3cret-1001");
  const std::string text =
      "Number;Name;Email;Password;Allow External;Enabled;Listed\r\n"
      "1001;Ann Married;ann@example.com;;;;\r\n"
      "1002;Rene\xCC\x81 Example;;s3cret-1002;false;;no\r\n"
      "1003;Cid;;;;FALSCH;\r\n";
  const auto tried = import(text, "?dry_run=true");
  REQUIRE(tried.status == 200);
  CHECK(number(tried, "created") == 2);
  CHECK(number(tried, "replaced") == 1);
  CHECK(tried.json().at("rows").at(1).at("number").as_string() == "1002");
  CHECK(ask("GET", "/api/extensions/1002").status == 404);

  const auto done = import(text);
  CAPTURE(done.body);
  REQUIRE(done.status == 200);
  CHECK(number(done, "created") == 2);
  CHECK(number(done, "replaced") == 1);
  CHECK(extension("1001").at("name").as_string() == "Ann Married");
  CHECK(password_of("1001") == "s3cret-1001");
  CHECK(extension("1002").at("name").as_string() == "Ren\xC3\xA9 Example");
  CHECK_FALSE(extension("1002").at("allow_external").as_bool());
  CHECK_FALSE(extension("1002").at("listed").as_bool());
  CHECK(password_of("1002") == "s3cret-1002");
  CHECK_FALSE(extension("1003").at("enabled").as_bool());
  CHECK(password_of("1003").size() == 20);
  CHECK(number(import(text), "unchanged") == 3);

  // Another password is a change; the same one is none.
  CHECK(number(import("number,password\n1002,s3cret-new\n1001,s3cret-1001\n"), "replaced") == 1);
  CHECK(password_of("1002") == "s3cret-new");
  CHECK(extension("1002").at("name").as_string() == "Ren\xC3\xA9 Example");

  restart();
  CHECK(password_of("1002") == "s3cret-new");
  CHECK(password_of("1003").size() == 20);
  CHECK(ask("GET", "/api/events?type=extension.created").body.find("s3cret") == std::string::npos);
}

TEST_CASE_METHOD(People, "one bad row of extensions, and none is taken, all bad rows are said") {
  const std::string text =
      "number,name,email,password,enabled\n"
      "1001,Ann,,,\n"
      "1002,,,,\n"
      "1003,Cid,nobody,,\n"
      "1004,Dan,, x,\n"
      "1005,Eve,,,maybe\n"
      "1001,Fay,,,\n"
      "1.0E+3,Gus,,,\n"
      "ann,Hal,,,\n";
  const auto dry = import(text, "?dry_run=true");
  REQUIRE(dry.status == 200);
  std::vector<std::string> codes;
  const auto judged = dry.json();
  for (const auto& row : judged.at("rows").as_array())
    codes.emplace_back(row.as_object().contains("code") ? row.at("code").as_string() : bj::string("fine"));
  CHECK(codes == std::vector<std::string>{"fine", "bad_name", "bad_email", "bad_password", "bad_flag",
                                          "repeated_number", "spreadsheet_number", "bad_extension_number"});
  const auto refused = import(text);
  CHECK(refused.status == 422);
  CHECK(refused.code() == "rows_refused");
  CHECK_THAT(refused.body, ContainsSubstring("7 of 8 rows") && ContainsSubstring("The first is row 3"));
  CHECK(ask("GET", "/api/extensions").json().as_array().empty());
  CHECK(as(token(Role::viewer, "vic"), "POST", path, "number\n1\n", csv_type).status == 403);
  CHECK(ask("POST", path, "number\n1\n", "Content-Type: application/xml\r\n").status == 415);
  CHECK(ask("POST", path, R"({"number":"1"})").code() == "bad_json");
}

TEST_CASE_METHOD(People, "what is exported of extensions is imported as the same, as CSV and as JSON") {
  REQUIRE(
      import("number,name,email,listed\n1001,\"=Ann, \"\"A\"\"\",ann@example.com,no\n+49301234,Bob,,\n0042,Zero,,\n")
          .status == 200);
  REQUIRE(ask("PATCH", "/api/extensions/0042", R"({"enabled":false})").status == 200);
  const auto csv = exported();
  const auto json = exported("json");
  CHECK(csv.find("password") == std::string::npos);
  CHECK(number(import(csv), "unchanged") == 3);
  CHECK(number(ask("POST", path, json), "unchanged") == 3);
  for (const auto* extension : {"1001", "+49301234", "0042"})
    REQUIRE(ask("DELETE", std::string("/api/extensions/") + (extension[0] == '+' ? "%2B49301234" : extension)).status ==
            200);
  CHECK(number(ask("POST", path, json), "created") == 3);
  CHECK(exported() == csv);
  CHECK(exported("json") == json);
  CHECK_FALSE(extension("0042").at("enabled").as_bool());
  CHECK(ask("GET", "/api/extensions/export?format=xml").code() == "unknown_format");
}

TEST_CASE_METHOD(People, "five thousand extensions come in as one, and twice with one key only once") {
  std::string text = "number,name\n";
  for (int i = 0; i < 5'000; ++i) text += std::to_string(10'000 + i) + ",Person " + std::to_string(i) + "\n";
  const auto once = [&] { return ask("POST", path, text, csv_type + "Idempotency-Key: people\r\n"); };
  CHECK(number(once(), "created") == 5'000);
  CHECK(once().status == 200);
  CHECK(number(import(exported()), "unchanged") == 5'000);
  std::set<std::string> chains;
  const auto created = ask("GET", "/api/events?type=extension.created&limit=1000").json();
  for (const auto& event : created.as_array()) chains.insert(std::string(event.at("correlationid").as_string()));
  CHECK(chains.size() == 1);
}
