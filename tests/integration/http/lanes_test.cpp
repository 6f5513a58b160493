// What anybody may ask for does not take from others what they need: logins, scrapes, uploads, and what is abandoned.
#include "tests/integration/http/house.hpp"

#include <algorithm>
#include <thread>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;
using namespace std::chrono_literals;

namespace {

namespace bj = boost::json;

std::string mac_of(unsigned device) {
  char mac[13];
  std::snprintf(mac, sizeof mac, "001565%06x", device);
  return mac;
}

struct Busy : House {
  Busy() { create_user("boss", Role::admin, "correct horse"); }

  strowger::http::test::Reply login(const std::string& password, const std::string& from = "127.0.0.1",
                                    const std::string& name = "boss") {
    Client client(port(), "127.0.0.1", from);
    return client.ask(login_request(name, password));
  }
  static std::string login_request(const std::string& name, const std::string& password) {
    const auto body = bj::serialize(bj::object{{"username", name}, {"password", password}});
    return "POST /api/auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  double metric(const std::string& sample) {
    const auto body = as("", "GET", "/metrics").body;
    const auto at = body.find("\n" + sample + " ");
    INFO(sample);
    REQUIRE(at != std::string::npos);
    return std::stod(body.substr(at + sample.size() + 2));
  }
};

}  // namespace

TEST_CASE_METHOD(Busy, "logins: tries at the same time are counted before they are hashed") {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(std::make_unique<Client>(port()));
    clients.back()->send(login_request("boss", "guess"));
  }
  int heard = 0;
  int refused = 0;
  for (auto& client : clients) {
    const auto reply = client->read();
    heard += reply.status == 401 ? 1 : 0;
    refused += reply.status == 429 ? 1 : 0;
    if (reply.status == 429) CHECK_FALSE(reply.header("retry-after").empty());
  }
  CHECK(heard <= 10);
  CHECK(refused >= 30);
}

TEST_CASE_METHOD(Busy, "logins: wrong passwords from elsewhere do not keep the administrator out") {
  CHECK(login("correct horse").status == 200);
  for (int i = 0; i < 11; ++i) login("guess", "127.0.0.66");
  CHECK(login("correct horse", "127.0.0.66").status == 429);
  CHECK(login("correct horse").status == 200);
  CHECK(login("correct horse", "127.0.0.67").status == 200);  // who was not here before only waits
}

TEST_CASE_METHOD(Busy, "logins: those that nobody waits for are not hashed, and take nothing from others") {
  CHECK(login("correct horse").status == 200);
  const auto before = metric("strowger_http_lane_jobs_total{lane=\"passwords\"}");
  for (int i = 0; i < 300; ++i) {
    Client gone(port(), "127.0.0.1", "127.0.0." + std::to_string(100 + i % 60));
    gone.send(login_request("boss", "guess"));
  }
  CHECK(as("", "GET", "/metrics").status == 200);
  CHECK(ask("GET", "/api/provisioning/diagnostics").status == 200);
  CHECK(ask("POST", "/api/extensions", R"({"number":"1001","name":"Ann"})").status == 201);
  CHECK(strowger::test::eventually([&] { return login("correct horse").status == 200; }));
  CHECK(metric("strowger_http_lane_jobs_total{lane=\"passwords\"}") - before < 60);
}

TEST_CASE_METHOD(Busy, "metrics and diagnostics count devices without rendering their files") {
  create_extension("1001", "Ann");
  for (unsigned i = 0; i < 30; ++i) {
    REQUIRE(register_device(mac_of(i), "1001").status == 201);
    REQUIRE(fetch("/provision/" + mac_of(i) + ".cfg").status == 200);
  }
  REQUIRE(recorded(30));
  CHECK(metric("strowger_devices_by_state{state=\"converged\"}") == 30);
  REQUIRE(ask("PATCH", "/api/extensions/1001", R"({"name":"Bob"})").status == 200);
  const auto renders = metric("strowger_provisioning_renders_total");
  for (int i = 0; i < 3; ++i) metric("strowger_devices_by_state{state=\"converged\"}");
  CHECK(metric("strowger_provisioning_renders_total") == renders);

  auto diagnostics = ask("GET", "/api/provisioning/diagnostics?limit=5").json();
  CHECK(diagnostics.at("devices").as_array().size() == 5);
  CHECK(diagnostics.at("devices_limit").as_int64() == 5);
  CHECK(diagnostics.at("statistics").at("total_devices").as_int64() == 30);
  CHECK(metric("strowger_provisioning_renders_total") <= renders + 10);
  // Those that were looked at are known to be stale; a look at all of them knows of all.
  CHECK(metric("strowger_devices_by_state{state=\"stale\"}") == 5);
  diagnostics = ask("GET", "/api/provisioning/diagnostics").json();
  CHECK(diagnostics.at("devices").as_array().size() == 30);
  CHECK(diagnostics.at("convergence").at("stale").as_int64() == 30);
  CHECK(diagnostics.at("statuses").at("stale").as_int64() == 30);
  CHECK(diagnostics.at("not_converged").as_array().size() == 30);
  CHECK(metric("strowger_devices_by_state{state=\"stale\"}") == 30);
  for (const auto* bad : {"0", "1001", "x"}) {
    CAPTURE(bad);
    CHECK(ask("GET", "/api/provisioning/diagnostics?limit=" + std::string(bad)).status == 400);
  }
}

TEST_CASE_METHOD(Busy, "registered phones are listed in pages, by extension") {
  for (int i = 0; i < 7; ++i) {
    const auto number = std::to_string(1001 + i);
    create_extension(number, "Ann");
    bind(number, "192.0.2." + std::to_string(i), i % 2 == 0 ? mac_of(static_cast<unsigned>(i)) : "");
  }
  std::vector<std::string> seen;
  std::string target = "/api/registered-phones?limit=3";
  for (int pages = 0; !target.empty() && pages < 10; ++pages) {
    const auto reply = ask("GET", target);
    REQUIRE(reply.status == 200);
    CHECK(reply.header("x-total-count") == "7");
    const auto phones = reply.json();
    for (const auto& phone : phones.as_array()) seen.emplace_back(phone.at("extension_number").as_string());
    const auto link = reply.header("link");
    target = link.empty() ? "" : link.substr(1, link.find('>') - 1);
  }
  CHECK(seen == std::vector<std::string>{"1001", "1002", "1003", "1004", "1005", "1006", "1007"});
  const auto with_mac = ask("GET", "/api/registered-phones/with-mac");
  CHECK(with_mac.json().as_array().size() == 4);
  CHECK(with_mac.header("x-total-count") == "4");
  CHECK(ask("GET", "/api/phone-lookup/192.0.2.3").json().at("registered_phone").at("extension_number") == "1004");
  CHECK(ask("GET", "/api/phone-lookup/" + mac_of(4)).json().at("registered_phone").at("extension_number") == "1005");
}

TEST_CASE_METHOD(Busy, "slow uploads of one phone do not keep out those of others") {
  create_extension("1001", "Ann");
  REQUIRE(register_device("0004f2aabbcc", "1001", "polycom", "vvx450").status == 201);
  REQUIRE(register_device("0004f2aabbdd", "1001", "polycom", "vvx450").status == 201);
  set([&](config::Settings& settings) {
    settings.data_dir = folder.path();
    settings.provisioning.uploads.enabled = true;
  });
  const auto put = [&](Client& client, const std::string& device, const std::string& body) {
    client.send("PUT /provision/" + device + "-app.log HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n" + body);
  };
  // Whoever is let in is told to go on: then the seat is taken.
  const auto begin = [&](Client& client) {
    client.send(
        "PUT /provision/0004f2aabbcc-app.log HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n"
        "Expect: 100-continue\r\n\r\n");
    REQUIRE(client.read().status == 100);
    client.send("lo");
  };
  Client first(port());
  Client second(port());
  begin(first);
  begin(second);
  Client third(port());
  put(third, "0004f2aabbcc", "log\n");
  CHECK(third.read().status == 503);
  Client other(port());
  put(other, "0004f2aabbdd", "log\n");
  CHECK(other.read().status == 201);
  first.send("g\n");
  CHECK(first.read().status / 100 == 2);
}

TEST_CASE_METHOD(Busy, "a long page is put together while short answers go on") {
  create_extension("1001", "Ann");
  for (unsigned i = 0; i < 5; ++i) REQUIRE(register_device(mac_of(i), "1001").status == 201);
  const auto whole = ask("GET", "/api/provisioning/devices");
  CHECK(whole.json().as_array().size() == 5);
  CHECK(whole.header("link").empty());
  const auto page = ask("GET", "/api/provisioning/devices?limit=2");
  CHECK(page.json().as_array().size() == 2);
  CHECK(page.header("x-total-count") == "5");
  CHECK_THAT(page.header("link"), ContainsSubstring("cursor=" + mac_of(1)));
}
