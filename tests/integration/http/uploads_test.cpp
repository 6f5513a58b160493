// What phones leave here by PUT and POST, through the real server.
#include "tests/integration/http/house.hpp"

#include <algorithm>
#include <filesystem>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;

namespace {

namespace bj = boost::json;

constexpr auto uploads = "/api/provisioning/uploads";
const std::string app_log = "/provision/0004f2aabbcc-app.log";
const std::string overrides = "/provision/0004f2aabbcc-phone.cfg";

struct Site : House {
  Site() {
    create_extension("1001", "Ann Example");
    REQUIRE(register_device("0004f2aabbcc", "1001", "polycom", "vvx450").status == 201);
    REQUIRE(register_device("001565123456", "1001").status == 201);
    set([&](config::Settings& settings) {
      settings.data_dir = folder.path();
      settings.provisioning.uploads.enabled = true;
      settings.provisioning.uploads.max_file_size = 1000;
      settings.provisioning.uploads.max_files_per_device = 3;
    });
  }
  strowger::http::test::Reply put(const std::string& target, const std::string& body, const std::string& method = "PUT",
                                  const std::string& headers = {}) {
    Client client(port());
    return client.ask(method + " " + target + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + headers +
                      "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  bj::array listed(const std::string& query = {}) {
    return ask("GET", uploads + query).json().at("uploads").as_array();
  }
  std::size_t told() {
    const auto all = events();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [](const auto& record) { return record.type == "device.file_uploaded"; }));
  }
};

}  // namespace

TEST_CASE_METHOD(Site, "uploads: off unless they are switched on") {
  set([](config::Settings& settings) { settings.provisioning.uploads.enabled = false; });
  const auto reply = put(app_log, "log");
  CHECK(reply.status == 405);
  CHECK(reply.header("allow") == "GET, HEAD");
  CHECK(listed().empty());
  CHECK_FALSE(ask("GET", uploads).json().at("enabled").as_bool());
  CHECK_FALSE(std::filesystem::exists(folder.path() / "uploads"));
}

TEST_CASE_METHOD(Site, "uploads: kept, told, listed, downloaded and removed by administrators") {
  CHECK(put(app_log, "line 1\n").status == 201);
  CHECK(put("/logs/0004f2aabbcc-boot.log", "boot", "POST").status == 201);
  CHECK(put("/provision/001565123456-local.cfg", "x=1").status == 201);
  CHECK(put(app_log, "line 1\n").status == 200);  // the same again
  const auto all = listed();
  REQUIRE(all.size() == 3);
  CHECK(all[0].at("file").as_string() == "001565123456-local.cfg");
  REQUIRE(listed("?mac=00:04:F2:AA:BB:CC").size() == 2);
  REQUIRE(strowger::test::eventually([&] { return told() == 3; }));
  const auto log_file = listed("?mac=0004f2aabbcc").at(1);
  const auto path = std::string(log_file.at("path").as_string());
  CHECK(as(token(Role::operator_), "GET", uploads).status == 403);
  CHECK(as(token(Role::operator_), "GET", path).status == 403);
  const auto got = ask("GET", path);
  CHECK(got.status == 200);
  CHECK(got.body == "line 1\n");
  CHECK_THAT(got.header("content-disposition"), ContainsSubstring("0004f2aabbcc-app.log"));
  CHECK(got.header("x-content-type-options") == "nosniff");
  restart();
  CHECK(listed().size() == 3);
  CHECK(ask("GET", path).body == "line 1\n");
  CHECK(ask("DELETE", path).status == 200);
  CHECK(ask("GET", path).code() == "upload_not_found");
  CHECK(listed().size() == 2);
  CHECK(ask("GET", std::string(uploads) + "/0004f2aabbcc/..%2f..%2fmaster.key").status == 404);
}

TEST_CASE_METHOD(Site, "uploads: bounded by size and count, and the oldest leave") {
  CHECK(put(app_log, std::string(1001, 'x')).status == 413);
  Client client(port());
  const auto chunked = client.ask("PUT " + app_log +
                                  " HTTP/1.1\r\nHost: test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "5dc\r\n" +
                                  std::string(1500, 'x') + "\r\n0\r\n\r\n");
  CHECK(chunked.status == 413);
  CHECK(listed().empty());
  for (int i = 0; i < 5; ++i) CHECK(put(app_log, "log " + std::to_string(i)).status == 201);
  const auto all = listed();
  REQUIRE(all.size() == 3);
  CHECK(ask("GET", std::string(all[0].at("path").as_string())).body == "log 4");
  CHECK(ask("GET", std::string(all[2].at("path").as_string())).body == "log 2");
  set([](config::Settings& settings) { settings.provisioning.uploads.max_total_size = 12; });
  CHECK(put("/provision/001565123456-local.cfg", "12345").status == 201);
  CHECK(listed().size() == 2);  // 20 bytes were 8 too many
}

TEST_CASE_METHOD(Site, "uploads: what comes again and again is told once, with how often") {
  for (int i = 0; i < 3; ++i) CHECK(put(app_log, "log " + std::to_string(i)).status == 201);
  REQUIRE(strowger::test::eventually([&] { return told() == 1; }));
  set([](config::Settings& settings) { settings.log.repeat_window = {}; });
  CHECK(put(app_log, "log 4").status == 201);
  REQUIRE(strowger::test::eventually([&] { return told() == 2; }));
  const auto all = events();
  const auto last =
      std::find_if(all.rbegin(), all.rend(), [](const auto& r) { return r.type == "device.file_uploaded"; });
  CHECK(last->stream == StreamId("device-activity", "0004f2aabbcc"));
  CHECK(last->by == "phone:0004f2aabbcc");
  CHECK(bj::parse(last->data).at("count").as_int64() == 3);
}

TEST_CASE_METHOD(Site, "uploads: only of registered devices, by names of the table, under the access rules") {
  CHECK(put("/provision/0004f2999999-app.log", "x").status == 404);
  CHECK(put("/provision/0004f2aabbcc.cfg", "x").status == 405);
  CHECK(put("/provision/anything.txt", "x").status == 405);
  CHECK(put("/provision/..%2f..%2f0004f2aabbcc-app.log", "x").status / 100 == 4);
  CHECK(put("/provision/%7Bmac%7D-app.log", "x").status == 405);
  set([](config::Settings& settings) { settings.provisioning.access.allowed_networks = {"192.0.2.0/24"}; });
  CHECK(put(app_log, "x").status == 403);
  CHECK(put("/provision/0004f2999999-app.log", "x").status == 403);
  CHECK(fetch(overrides).status == 403);
  CHECK(listed().empty());
  // A body that nobody will keep is not read: the answer comes before it.
  Client client(port());
  const auto refused =
      client.ask("PUT " + app_log + " HTTP/1.1\r\nHost: test\r\nContent-Length: 900\r\nExpect: 100-continue\r\n\r\n");
  CHECK(refused.status == 403);
}

TEST_CASE_METHOD(Site, "uploads: a Polycom phone gets its user's directory back") {
  const std::string directory = "/provision/0004f2aabbcc-directory.xml";
  CHECK(fetch(directory).status == 404);
  CHECK(put(directory, "<directory/>").status == 201);
  CHECK(fetch(directory).body == "<directory/>");
}

TEST_CASE_METHOD(Site, "uploads: a phone gets its overrides back, but not those of before it was registered") {
  CHECK(fetch(overrides).status == 404);
  CHECK(put(overrides, "<a/>").status == 201);
  CHECK(put(overrides, "<b/>").status == 201);
  const auto back = fetch(overrides);
  CHECK(back.status == 200);
  CHECK(back.body == "<b/>");
  REQUIRE(ask("DELETE", "/api/provisioning/devices/0004f2aabbcc").status == 200);
  CHECK(fetch(overrides).status == 404);
  REQUIRE(register_device("0004f2aabbcc", "1001", "polycom", "vvx450").status == 201);
  CHECK(fetch(overrides).status == 404);
  CHECK(listed().size() == 2);  // an administrator still sees them
}
