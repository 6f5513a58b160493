// Many devices as a file: all of it or nothing, and the round trip is identity.
#include "tests/integration/http/house.hpp"

using namespace strowger;
using namespace strowger::http::test;
namespace bj = boost::json;

namespace {

const std::string path = "/api/provisioning/devices/import";
const std::string csv_type = "Content-Type: text/csv; charset=utf-8\r\n";
const std::string header = "mac_address,extension_number,vendor,model,site,lines\r\n";

struct Office : House {
  Office() {
    for (const auto* number : {"1001", "1002", "1003"}) create_extension(number, "Somebody");
  }
  JsonReply import(const std::string& csv, const std::string& query = {}) {
    return ask("POST", path + query, csv, csv_type);
  }
  std::string exported(const std::string& format = "csv") {
    Client client(port());
    client.send("GET /api/provisioning/devices/export?format=" + format +
                " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer " + token(Role::viewer) + "\r\n\r\n");
    REQUIRE(client.read().status == 200);
    std::string all;
    for (auto chunk = client.read_chunk(); chunk && !chunk->empty(); chunk = client.read_chunk()) all += *chunk;
    return all;
  }
  std::size_t count() { return ask("GET", "/api/provisioning/devices").json().as_array().size(); }
};

std::int64_t number(const JsonReply& reply, const char* key) {
  INFO(reply.body);
  return reply.json().at(key).as_int64();
}

}  // namespace

TEST_CASE_METHOD(Office, "a file of devices is registered, as one chain of events") {
  const auto text = header +
                    "00:15:65:00:00:01,1001,Yealink,T46S,Berlin,\"1::Front; 2:1002:Desk, left\"\r\n"
                    "001565000002,1002,yealink,t46s,,\r\n";
  const auto reply = import(text);
  REQUIRE(reply.status == 200);
  CHECK(number(reply, "created") == 2);
  const auto device = ask("GET", "/api/provisioning/devices/001565000001").json();
  CHECK(device.at("extension_number").as_string() == "1001");
  CHECK(device.at("site").as_string() == "berlin");
  REQUIRE(device.at("lines").as_array().size() == 2);
  CHECK(device.at("lines").at(1).at("label").as_string() == "Desk, left");
  const auto events = ask("GET", "/api/events?type=device.registered").json();
  std::set<std::string> chains;
  for (const auto& event : events.as_array()) chains.insert(std::string(event.at("correlationid").as_string()));
  CHECK(chains.size() == 1);
  CHECK(fetch("/provision/001565000001.cfg").status == 200);

  // The same again changes nothing; a device that differs is registered anew.
  CHECK(number(import(text), "unchanged") == 2);
  const auto changed = import(header + "001565000002,1003,yealink,t46s,,\r\n");
  CHECK(number(changed, "replaced") == 1);
  CHECK(ask("GET", "/api/provisioning/devices/001565000002").json().at("extension_number").as_string() == "1003");
  // What was asked of it before does not hide what the file made of it.
  CHECK(ask("PATCH", "/api/provisioning/devices/001565000002", R"({"extension_number":"1002"})").status == 200);
  CHECK(number(import(header + "001565000002,1003,yealink,t46s,,\r\n"), "replaced") == 1);
  CHECK(ask("PATCH", "/api/provisioning/devices/001565000002", R"({"extension_number":"1002"})")
            .json()
            .at("extension_number")
            .as_string() == "1002");
}

TEST_CASE_METHOD(Office, "one bad row, and none is taken, all bad rows are said") {
  const auto text = header +
                    "001565000001,1001,yealink,t46s,,\r\n"
                    "00156500000g,1001,yealink,t46s,,\r\n"
                    "001565000003,4711,yealink,t46s,,\r\n"
                    "001565000004,1001,yealink,t46x,,\r\n"
                    "001565000005,1001,yealink,t46s,,99:1002\r\n"
                    "001565000001,1002,yealink,t46s,,\r\n"
                    "001565000006,1001,yealink,t46s,not a site,\r\n";
  CHECK(import(text).code() == "bad_lines");  // what cannot be read is no file
  auto readable = text;
  readable.replace(readable.find("99:1002"), 7, "60:1002");
  const auto dry = import(readable, "?dry_run=true");
  REQUIRE(dry.status == 200);
  CHECK(number(dry, "refused") == 6);
  CHECK(number(dry, "created") == 1);
  std::vector<std::string> codes;
  const auto judged = dry.json();
  for (const auto& row : judged.at("rows").as_array())
    codes.emplace_back(row.as_object().contains("code") ? row.at("code").as_string() : bj::string("fine"));
  CHECK(codes == std::vector<std::string>{"fine", "bad_mac_address", "extension_not_found", "unknown_model",
                                          "too_many_lines", "repeated_mac", "bad_site"});
  const auto refused = import(readable);
  CHECK(refused.status == 422);
  CHECK(refused.code() == "rows_refused");
  CHECK_THAT(refused.body, ContainsSubstring("6 of 7 rows"));
  CHECK(refused.json().at("details").at("rows").as_array().size() == 6);
  CHECK(count() == 0);
  CHECK(ask("POST", path, header, "Content-Type: application/xml\r\n").status == 415);
  CHECK(as(token(Role::viewer, "vic"), "POST", path, header, csv_type).status == 403);
}

TEST_CASE_METHOD(Office, "what is exported is imported as the same, as CSV and as JSON") {
  REQUIRE(import(header + "001565000001,1001,yealink,t46s,berlin,\"1::\"\"Own\"\"; 3:1003:a\\;b\"\r\n"
                          "001565000002,1002,yealink,t46s,,\r\n")
              .status == 200);
  const auto csv = exported();
  const auto json = exported("json");
  CHECK(number(import(csv), "unchanged") == 2);
  CHECK(number(ask("POST", path, json), "unchanged") == 2);
  for (const auto* mac : {"001565000001", "001565000002"})
    REQUIRE(ask("DELETE", std::string("/api/provisioning/devices/") + mac).status == 200);
  CHECK(number(ask("POST", path, json), "created") == 2);
  CHECK(exported() == csv);
  CHECK(exported("json") == json);
  for (const auto* mac : {"001565000001", "001565000002"})
    REQUIRE(ask("DELETE", std::string("/api/provisioning/devices/") + mac).status == 200);
  CHECK(number(import(csv), "created") == 2);
  CHECK(exported("json") == json);
  CHECK(ask("GET", "/api/provisioning/devices/export?format=xml").code() == "unknown_format");
}

TEST_CASE_METHOD(Office, "lists are taken as spreadsheets leave them") {
  const auto one_taken = [&](const std::string& text, const std::string& type = csv_type) {
    const auto reply = ask("POST", path + "?dry_run=true", text, type);
    CAPTURE(text, reply.body);
    REQUIRE(reply.status == 200);
    CHECK(number(reply, "total") == 1);
    CHECK(number(reply, "refused") == 0);
  };
  one_taken("MAC Address;Extension Number;Vendor;Model\r\n00:15:65:00:00:05;1001;yealink;t46s\r\n");
  one_taken("mac_address;extension_number;vendor;model\r\n00:15:65:00:00:08;1001;yealink;t46s\r\n;;;\r\n;;;\r\n");
  one_taken("mac_address,extension_number,vendor,model\r\n\xC2\xA0 00:15:65:00:00:11\xC2\xA0 ,1001,yealink,t46s\r\n");
  one_taken("sep=\t\nMAC-ADDRESS\textension_number\tvendor\tmodel\t\n=\"001565000012\"\t=\"1001\"\tyealink\tt46s\n");
  std::string utf16 = "\xFF\xFE";
  for (const char c :
       std::string("mac_address\textension_number\tvendor\tmodel\r\n001565000013\t1001\tyealink\tt46s\r\n"))
    utf16 += {c, '\0'};
  one_taken(utf16);
  const std::string plain = "mac_address,extension_number,vendor,model\n001565000014,1001,yealink,t46s\n";
  for (const auto* type : {"text/plain", "application/csv", "application/vnd.ms-excel", "application/octet-stream",
                           "Text/CSV; charset=\"UTF-8\"", "text/csv;header=present;charset=us-ascii"})
    one_taken(plain, std::string("Content-Type: ") + type + "\r\n");
  one_taken(R"([{"mac_address":"001565000014","extension_number":"1001","vendor":"yealink","model":"t46s"}])",
            "Content-Type: application/octet-stream\r\n");
}

TEST_CASE_METHOD(Office,
                 "a list in an encoding of Windows' is read as what it is said to be, or refused with the row") {
  const std::string text =
      "mac_address;extension_number;vendor;model;lines\r\n00:15:65:00:00:0e;1001;yealink;t46s;1::B\xFCro\r\n";
  const auto refused = import(text);
  CHECK(refused.status == 400);
  CHECK(refused.code() == "bad_encoding");
  CHECK_THAT(refused.body, ContainsSubstring("line 2") && ContainsSubstring("CSV UTF-8"));
  CHECK(count() == 0);
  CHECK(ask("POST", path, text, "Content-Type: text/csv; charset=windows-1252\r\n").status == 200);
  CHECK(ask("GET", "/api/provisioning/devices/00156500000e").json().at("lines").at(0).at("label").as_string() ==
        "Büro");
  restart();
  CHECK(count() == 1);
}

TEST_CASE_METHOD(Office, "what a spreadsheet made of a number is said, and how to stop it") {
  create_extension("0123", "Zero");
  const auto why = [&](const std::string& mac, const std::string& extension) {
    const auto reply =
        import("mac_address;extension_number;vendor;model\n" + mac + ";" + extension + ";yealink;t46s\n");
    CAPTURE(reply.body);
    CHECK(reply.status == 422);
    return std::string(reply.json().at("error").as_string());
  };
  CHECK_THAT(why("1.565E+11", "1001"), ContainsSubstring("spreadsheet") && ContainsSubstring("as text"));
  CHECK_THAT(why("1,565E+11", "1001"), ContainsSubstring("'1,565E+11'") && ContainsSubstring("colons"));
  CHECK_THAT(why("1565000005", "1001"), ContainsSubstring("10 of 12 digits") && ContainsSubstring("as text"));
  CHECK_THAT(why("001565000005", "1E+3"), ContainsSubstring("spreadsheet"));
  CHECK_THAT(why("001565000005", "123"), ContainsSubstring("extension 0123") && ContainsSubstring("as text"));
  CHECK_THAT(why("0015650000\xE2\x80\xAA"
                 "x5",
                 "1001"),
             ContainsSubstring("'0015650000x5'"));
}

TEST_CASE_METHOD(Office, "devices come with their extensions, which are created where they are missing") {
  const std::string text =
      "mac_address,extension_number,vendor,model,lines,extension_name,extension_email,extension_password\r\n"
      "001565000001,2001,yealink,t46s,2:2002,Zoe\xCC\x88 Example,zoe@example.com,s3cret-2001\r\n"
      "001565000002,2002,yealink,t46s,,Bob Example,,\r\n"
      "001565000003,2001,yealink,t46s,,,,\r\n"
      "001565000004,1001,yealink,t46s,,Ann Married,,\r\n";
  const auto tried = import(text, "?dry_run=true");
  REQUIRE(tried.status == 200);
  CHECK(number(tried, "created") == 4);
  CHECK(tried.json().at("extensions").at("created").as_int64() == 2);
  CHECK(tried.json().at("rows").at(0).at("extension").as_string() == "create");
  CHECK(ask("GET", "/api/extensions/2001").status == 404);

  const auto reply = import(text);
  CAPTURE(reply.body);
  REQUIRE(reply.status == 200);
  CHECK(number(reply, "created") == 4);
  CHECK(reply.json().at("extensions").at("created").as_int64() == 2);
  CHECK(reply.json().at("extensions").at("replaced").as_int64() == 1);
  CHECK(ask("GET", "/api/extensions/2001").json().at("name").as_string() == "Zoë Example");
  CHECK(ask("GET", "/api/extensions/1001").json().at("name").as_string() == "Ann Married");
  CHECK_THAT(fetch("/provision/001565000001.cfg").body,
             ContainsSubstring("s3cret-2001") && ContainsSubstring("Bob Example"));
  // One chain of events, the extensions before what names them.
  const auto created = ask("GET", "/api/events?after=0&type=extension.created").json().as_array();
  const auto devices = ask("GET", "/api/events?after=0&type=device.registered").json().as_array();
  REQUIRE(devices.size() == 4);
  CHECK(created.back().at("correlationid").as_string() == devices.front().at("correlationid").as_string());

  const auto again = import(text);
  CHECK(number(again, "unchanged") == 4);
  CHECK(again.json().at("extensions").at("unchanged").as_int64() == 3);

  SECTION("and none of it where a row is refused, of its extension or its device") {
    const std::string columns = "mac_address,extension_number,vendor,model,extension_name,extension_password\r\n";
    for (const auto& [rows, code] : {
             std::pair{std::string("001565000005,3001,yealink,t46s,Cid,\r\n001565000006,3002,yealink,nothing,Dan,\r\n"),
                       "unknown_model"},
             std::pair{std::string("001565000005,3001,yealink,t46s,Cid,\r\n001565000006,3001,yealink,t46s,Dan,\r\n"),
                       "extension_differs"},
             std::pair{std::string("001565000005,3001,yealink,t46s,,s3cret\r\n"), "bad_name"},
             std::pair{std::string("001565000005,3001,yealink,t46s,Cid, s3cret \r\n"), "bad_password"},
             std::pair{std::string("001565000005,3001,yealink,t46s,,\r\n"), "extension_not_found"},
         }) {
      const auto refused = import(columns + rows);
      CAPTURE(refused.body);
      CHECK(refused.status == 422);
      CHECK_THAT(refused.body, ContainsSubstring(code));
      CHECK(ask("GET", "/api/extensions/3001").status == 404);
    }
  }
}

TEST_CASE_METHOD(Office, "ten thousand devices come in as one, and twice with one key only once") {
  std::string text = header;
  for (int i = 0; i < 10'000; ++i) {
    std::array<char, 64> row{};
    text += std::string_view(
        row.data(), static_cast<std::size_t>(std::snprintf(
                        row.data(), row.size(), "0015651%05x,1001,yealink,t46s,,\r\n", static_cast<unsigned>(i))));
  }
  const auto once = [&] { return ask("POST", path, text, csv_type + "Idempotency-Key: move\r\n"); };
  CHECK(number(once(), "created") == 10'000);
  CHECK(once().status == 200);
  CHECK(number(import(exported()), "unchanged") == 10'000);
  restart();
  CHECK(number(import(exported(), "?dry_run=true"), "unchanged") == 10'000);
}

TEST_CASE_METHOD(Office,
                 "a file that changes a device meanwhile is seen by If-Match, also where nothing seemed to change") {
  const std::string device = "/api/provisioning/devices/001565000001";
  REQUIRE(import(header + "001565000001,1001,yealink,t46s,,\r\n").status == 200);
  // So that the actor holds the device as it is now.
  const auto read = ask("PATCH", device, R"({"model":"t48s"})");
  REQUIRE(read.status == 200);
  const auto etag = read.header("etag");
  REQUIRE_FALSE(etag.empty());
  CHECK(number(import(header + "001565000001,1001,yealink,t42s,,\r\n"), "replaced") == 1);
  const auto lost = ask("PATCH", device, R"({"model":"t48s"})", "If-Match: " + std::string(etag) + "\r\n");
  CHECK(lost.status == 412);
  CHECK(ask("PATCH", device, R"({"model":"t46s"})", "If-Match: " + std::string(etag) + "\r\n").status == 412);
  CHECK(ask("GET", device).json().at("model").as_string() == "t42s");
}

TEST_CASE_METHOD(Office, "devices that are fetched all the time are changed by a file all the same") {
  std::string before = header, after = header;
  for (int i = 0; i < 200; ++i) {
    std::array<char, 16> mac{};
    std::snprintf(mac.data(), mac.size(), "0015650%05x", static_cast<unsigned>(i));
    before += std::string(mac.data()) + ",1001,yealink,t46s,,\r\n";
    after += std::string(mac.data()) + ",1002,yealink,t46s,,\r\n";
  }
  REQUIRE(number(import(before), "created") == 200);
  std::atomic<bool> ended{false};
  std::thread phones([&] {
    for (unsigned i = 0; !ended; ++i) {
      std::array<char, 48> path{};
      std::snprintf(path.data(), path.size(), "/provision/0015650%05x.cfg", i % 200);
      try {
        fetch(path.data());
      } catch (const std::runtime_error&) {
        // A busy machine: the next phone.
      }
    }
  });
  const auto first = import(after);
  const auto second = import(before);
  ended = true;
  phones.join();
  CHECK(number(first, "replaced") == 200);
  CHECK(number(second, "replaced") == 200);
}
