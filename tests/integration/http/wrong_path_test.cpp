// Phones that ask at a path of another server, and phones whose requests are no good HTTP: the administrator finds them
// in the request history, with what to set.
#include "tests/integration/http/house.hpp"

#include <algorithm>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;

namespace {

struct MovedSite : House {
  MovedSite() {
    create_extension("4000", "Ann Example");
    REQUIRE(register_device("805ec0d57d72", "4000").status == 201);
  }
  std::string head(const std::string& line, const std::string& user_agent = "Yealink SIP-T46S 66.86.0.15") {
    return line + "\r\nHost: pbx\r\nUser-Agent: " + user_agent + "\r\nConnection: close\r\n\r\n";
  }
  int status_of(const std::string& bytes) {
    Client client(port());
    return client.ask(bytes).status;
  }
  // The one row of the history that has this code.
  boost::json::object row_of(const std::string& code) {
    boost::json::object row;
    REQUIRE(strowger::test::eventually([&] {
      const auto rows = ask("GET", "/api/provisioning/requests?limit=100").json().at("requests").as_array();
      const auto found =
          std::find_if(rows.begin(), rows.end(), [&](const auto& one) { return one.at("code") == code.c_str(); });
      if (found == rows.end()) return false;
      row = found->as_object();
      return true;
    }));
    return row;
  }
  std::int64_t total() { return ask("GET", "/api/provisioning/requests").json().at("total").as_int64(); }
};

}  // namespace

TEST_CASE_METHOD(MovedSite, "wrong path: a doubled slash in front is served") {
  const auto file = fetch("/provision/805ec0d57d72.cfg");
  REQUIRE(file.status == 200);
  for (const auto* target : {"//provision/805ec0d57d72.cfg", "///provision//805ec0d57d72.cfg", "//805ec0d57d72.cfg"}) {
    CAPTURE(target);
    CHECK(fetch(target).body == file.body);
  }
  // A path with a token in it, too.
  const auto issued = ask("POST", "/api/provisioning/devices/805ec0d57d72/access/token");
  REQUIRE(issued.status == 200);
  const auto url = std::string(issued.json().at("config_url").as_string());
  const auto path = url.substr(url.find('/', url.find("://") + 3));
  CHECK(fetch("/" + path).status == 200);
}

TEST_CASE_METHOD(MovedSite,
                 "wrong path: a known phone that asks at another server's path is in the history, with its URL") {
  const auto reply = fetch("/app/provision/805ec0d57d72.cfg", "User-Agent: Yealink SIP-T46S 66.86.0.15\r\n");
  CHECK(reply.status == 404);
  CHECK(reply.body == "Not found\n");
  const auto row = row_of("wrong_path");
  CHECK(row.at("normalized_mac") == "805ec0d57d72");
  CHECK(row.at("extension") == "4000");
  CHECK(row.at("path") == "/app/provision/805ec0d57d72.cfg");
  CHECK(row.at("status") == 404);
  const std::string error(row.at("error").as_string());
  CHECK_THAT(error, ContainsSubstring("/provision/805ec0d57d72.cfg. ") && ContainsSubstring("Yealink: set "));
  const auto warnings = boost::json::serialize(ask("GET", "/api/provisioning/diagnostics").json().at("warnings"));
  CHECK_THAT(warnings, ContainsSubstring("80:5E:C0:D5:7D:72: The phone asked at /app/provision/805ec0d57d72.cfg"));
  CHECK_THAT(logged(), ContainsSubstring("wrong_path"));
}

TEST_CASE_METHOD(
    MovedSite, "wrong path: a script's query, a folder and a common file tell a phone; a browser's request does not") {
  set([](config::Settings& settings) { settings.log.repeat_window = {}; });
  const std::vector<std::string> phones{"/prov.php?mac=805ec0d57d72",      "/phones/80-5e-c0-d5-7d-72/x.bin",
                                        "/old/y000000000028.cfg",          "/provision/old/805ec0d57d72.cfg",
                                        "/old/805ec0d57d72-directory.xml", "/api/provision/805ec0d57d72.cfg"};
  for (const auto& target : phones) {
    CAPTURE(target);
    CHECK(fetch(target).status == 404);
  }
  for (const auto* target : {"/favicon.ico", "/robots.txt", "/console/index.html", "/x/y/z"}) {
    CAPTURE(target);
    CHECK(fetch(target).status == 404);
  }
  // A person who mistypes a path of the API is no phone.
  CHECK(ask("GET", "/api/provision/805ec0d57d72.cfg").status == 404);
  REQUIRE(recorded(phones.size()));
  CHECK(fetch("/provision/805ec0d57d72.cfg").status == 200);
  REQUIRE(recorded(phones.size() + 1));
  CHECK(total() == static_cast<std::int64_t>(phones.size()) + 1);
}

TEST_CASE_METHOD(MovedSite, "wrong path: it is no way to try MAC addresses, nor to fill the history") {
  const auto known = fetch("/app/805ec0d57d72.cfg");
  const auto stranger = fetch("/app/805ec0000001.cfg");
  CHECK(known.status == stranger.status);
  CHECK(known.body == stranger.body);
  CHECK(known.header("content-type") == stranger.header("content-type"));
  for (int i = 0; i < 20; ++i) fetch("/app/805ec0000001.cfg");
  CHECK(row_of("wrong_path").at("count").is_number());

  set([](config::Settings& settings) { settings.provisioning.access.enumeration_limit = 5; });
  for (int i = 0; i < 6; ++i) fetch("/app/80:5e:c0:00:01:0" + std::to_string(i) + ".cfg");
  CHECK(ask("GET", "/api/provisioning/access/blocked").json().as_array().size() == 1);
  CHECK(fetch("/provision/805ec0d57d72.cfg").status == 429);
}

TEST_CASE_METHOD(MovedSite, "wrong path: a phone that nobody registered is among the discovered ones") {
  CHECK(fetch("/app/provision/805ec0aaaaaa.cfg").status == 404);
  CHECK(strowger::test::eventually(
      [&] { return ask("GET", "/api/provisioning/discovered").body.find("805ec0aaaaaa") != std::string::npos; }));
}

TEST_CASE_METHOD(MovedSite,
                 "unread: control characters in a User-Agent do no harm: the phone is served, and shown with U+FFFD") {
  const auto agent = std::string("AVAYA/SIP12x0\x16\x14\x17/04.00.04.00");
  CHECK(status_of(head("GET /provision/805ec0d57d72.cfg HTTP/1.1", agent)) == 200);
  REQUIRE(recorded(1));
  CHECK(ask("GET", "/api/provisioning/requests").json().at("requests").at(0).at("user_agent") ==
        "AVAYA/SIP12x0\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD/04.00.04.00");
}

TEST_CASE_METHOD(MovedSite,
                 "unread: a request that is refused as no HTTP is in the history where its line tells the phone") {
  struct Case {
    std::string bytes;
    int status;
    std::string code;
  };
  const std::vector<Case> cases{
      {head("GET /provision/805ec0d57d72.cfg HTTP/1.1\r\nBad Name: x"), 400, "malformed_request"},
      {head("GET /provision/805ec0d57d72.cfg HTTP/7.7"), 505, "http_version"},
      {head("GET 805ec0d57d72.cfg HTTP/1.1"), 400, "bad_target"},
      {"GET /provision/805ec0d57d72.cfg HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400,
       "repeated_header"},
      {head("GET /provision/805ec0d57d72.cfg HTTP/1.1\r\nX: " + std::string(20'000, 'x')), 431, "head_too_large"}};
  for (const auto& [bytes, status, code] : cases) {
    CAPTURE(code);
    CHECK(status_of(bytes) == status);
    const auto row = row_of(code);
    CHECK(row.at("normalized_mac") == "805ec0d57d72");
    CHECK(row.at("status") == status);
    CHECK_FALSE(row.at("error").as_string().empty());
  }
}

TEST_CASE_METHOD(MovedSite, "unread: or where the address is that of a phone, of strangers there is nothing") {
  const std::string no_http("\x16\x03\x01 no HTTP\r\n\r\n");
  CHECK(status_of(no_http) == 400);
  bind("4000", "127.0.0.1");
  CHECK(status_of(no_http) == 400);
  const auto row = row_of("tls_on_plain_port");
  CHECK(row.at("normalized_mac").is_null());
  CHECK_THAT(std::string(row.at("error").as_string()), ContainsSubstring("extension 4000"));
  CHECK(total() == 1);
}
