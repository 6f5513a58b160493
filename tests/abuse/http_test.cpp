// What a stranger can do to the HTTP port without a password, and a phone's network behind a proxy.
#include "tests/abuse/raw_http.hpp"
#include "tests/abuse/victim.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include <boost/json.hpp>

using namespace strowger::test;

namespace {

const std::string json_head = "Host: x\r\nContent-Type: application/json\r\n";

std::string login_request(const std::string& name) {
  const auto body = R"({"username":")" + name + R"(","password":"wrong"})";
  return "POST /api/auth/login HTTP/1.1\r\n" + json_head + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

int status_of(const std::string& reply) {
  return reply.size() > 12 ? std::stoi(reply.substr(9, 3)) : 0;
}

// The status of a login of extension 1001 from an address.
int log_in_from(const Victim& victim, const std::string& address, const std::string& password) {
  const auto body = R"({"extension":"1001","password":")" + password + R"("})";
  RawHttp connection(victim.site.api_port(), address);
  connection.send("POST /api/auth/login HTTP/1.1\r\n" + json_head +
                  "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  return status_of(connection.read_all());
}

}  // namespace

SCENARIO("abuse: a burst of logins whose askers leave takes nothing from anybody") {
  Victim victim;
  for (int i = 0; i < 300; ++i) {
    RawHttp connection(victim.site.api_port(), "127.0.0." + std::to_string(2 + i % 200));
    connection.send(login_request("admin"));
  }
  CHECK(victim.site.get("/api/provisioning/devices/001565123456/config").status == 200);
  victim.recovered();
}

SCENARIO("abuse: a program under a flood of logins ends within seconds of SIGTERM") {
  Victim victim;
  std::vector<RawHttp> open;
  for (int i = 0; i < 200; ++i) {
    open.emplace_back(victim.site.api_port(), "127.0.0." + std::to_string(2 + i % 200));
    open.back().send(login_request("user" + std::to_string(i)));
  }
  CHECK(victim.site.stop_within(std::chrono::seconds(10)));
}

SCENARIO("abuse: wrong passwords from one address keep the owner of a name out nowhere else") {
  Victim victim;
  for (int i = 0; i < 12; ++i) log_in_from(victim, "127.0.0.66", "guess");
  CHECK(log_in_from(victim, "127.0.0.66", "guess") == 429);
  CHECK(log_in_from(victim, "127.0.0.1", Victim::password) == 200);
  victim.recovered();
}

SCENARIO("abuse: scrapers in a loop take no login and no write away") {
  Victim victim;
  std::atomic<bool> done{false};
  std::atomic<int> scraped{0};
  std::vector<std::thread> scrapers;
  for (int i = 0; i < 4; ++i)
    scrapers.emplace_back([&] {
      while (!done) {
        try {
          if (http(victim.site.api_port(), "GET", "/metrics").status == 200) ++scraped;
        } catch (const std::exception&) {  // counted by what it did not scrape
        }
      }
    });
  for (int i = 0; i < 20; ++i) {
    CHECK(log_in_from(victim, "127.0.0.1", Victim::password) == 200);
    victim.site.create_extension(std::to_string(2000 + i), "Bob", "another-secret");
  }
  CHECK(eventually([&] { return scraped > 40; }));
  done = true;
  for (auto& scraper : scrapers) scraper.join();
  victim.recovered();
}

SCENARIO("abuse: a template that multiplies itself is refused at once, and the program stays free") {
  Victim victim;
  std::string text;
  for (int i = 0; i < 7; ++i) text += "{{#ALL_CODECS}}\n";
  text += "a = {{CODEC}}\n";
  for (int i = 0; i < 7; ++i) text += "{{/ALL_CODECS}}\n";
  std::string wide;
  for (int i = 0; i < 15'000; ++i) wide += "{{#MAC}}";
  wide += "x";
  for (int i = 0; i < 15'000; ++i) wide += "{{/MAC}}";
  const auto preview = [&](const std::string& template_text) {
    const auto body = boost::json::serialize(boost::json::value{{"text", template_text}, {"mac", Victim::mac}});
    return victim.site.send_json("POST", "/api/provisioning/templates/yealink/t46s/preview", body).status;
  };
  CHECK(preview(text) == 422);
  CHECK(preview(text) == 422);
  CHECK(preview(wide) == 422);
  victim.recovered();
}

SCENARIO("abuse: a stranger behind a proxy does not pass for a phone by a header line of his own") {
  Site site("provisioning: {access: {allowed_networks: [10.0.0.0/8], trusted_proxies: [127.0.0.0/8]}}\n");
  site.create_extension(Victim::number, "Ann Example", Victim::password);
  REQUIRE(site.register_device(Victim::mac, Victim::number, "yealink", "t46s").status == 201);
  const auto ask = [&](const std::string& lines) {
    RawHttp connection(site.api_port());
    connection.send("GET /provision/001565123456.cfg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + lines + "\r\n");
    return connection.read_all();
  };
  CHECK(status_of(ask("X-Forwarded-For: 10.1.1.1\r\n")) == 200);
  const auto stranger = ask("X-Forwarded-For: 10.1.1.1\r\nX-Forwarded-For: 8.8.8.8\r\n");
  CHECK(status_of(stranger) == 403);
  CHECK(stranger.find(Victim::password) == std::string::npos);
  CHECK(status_of(ask("X-Forwarded-For: 10.1.1.1, 8.8.8.8\r\n")) == 403);
}

SCENARIO("abuse: transfer codings that a proxy may read otherwise end the connection") {
  Victim victim;
  const std::string tail = "\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::string coding : {"chunked, identity", "xchunked", "gzip, chunked", "chunked, chunked"}) {
    CAPTURE(coding);
    RawHttp connection(victim.site.api_port());
    connection.send("POST /api/auth/login HTTP/1.1\r\nTransfer-Encoding: " + coding + tail);
    const auto reply = connection.read_all();
    CHECK((status_of(reply) == 400 || status_of(reply) == 501));
    CHECK(reply.find("HTTP/1.1 200") == std::string::npos);
  }
  victim.recovered();
}

SCENARIO("abuse: half-open connections beyond the descriptors of a login shell leave the log writable") {
  Victim victim({}, 1024);
  std::vector<RawHttp> open;
  try {
    for (int i = 0; i < 1'300; ++i) {
      open.emplace_back(victim.site.api_port(), "127.0.0." + std::to_string(2 + i % 3));
      open.back().send("GET /healthz HTTP/1.1\r\nHost:");
    }
  } catch (const std::runtime_error&) {  // the listen queue is full, which is what it is for
  }
  // RocksDB opens files for a backup: there must be some left for it, and the connection that asks is a phone's later.
  open.clear();
  CHECK(eventually([&] { return victim.site.send_json("POST", "/api/backups", "{}").status < 300; }));
  victim.recovered();
}

SCENARIO("abuse: readers of the event stream who do not read cost a bounded sum") {
  Victim victim;
  const auto token = victim.site.run({"token", "--config", victim.site.settings_file().string()}).output;
  std::vector<RawHttp> readers;
  for (int i = 0; i < 600; ++i) {
    readers.emplace_back(victim.site.api_port(), "127.0.0." + std::to_string(2 + i % 100), 4'096);
    readers.back().send("GET /api/events/stream?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                        token.substr(0, token.find('\n')) + "\r\n\r\n");
  }
  for (int i = 0; i < 100; ++i) victim.site.create_extension(std::to_string(3000 + i), "Carol", "another-secret");
  readers.clear();
  victim.recovered();
}

SCENARIO("abuse: a settings file that is empty or cut at a reload opens nothing") {
  Victim victim;
  victim.site.write_settings("provisioning: {access: {require_credentials: true}}\n");
  victim.site.send(SIGHUP);
  REQUIRE(eventually([&] { return victim.site.fetch(Victim::config_file).status == 403; }));
  for (const std::string content : {"", "# all of it is gone\n"}) {
    std::ofstream(victim.site.settings_file(), std::ios::trunc) << content;
    const auto before = victim.site.log().size();
    victim.site.send(SIGHUP);
    CHECK(eventually([&] { return victim.site.log().size() > before; }));
    CHECK(victim.site.fetch(Victim::config_file).status == 403);
  }
}

SCENARIO("abuse: a phone's token that is written a little wrong is shown to nobody") {
  Victim victim;
  const auto made = victim.site.send_json("POST", "/api/provisioning/devices/001565123456/access/token", "{}");
  CAPTURE(made.body);
  REQUIRE(made.status < 300);
  const std::string url(made.json().at("config_url").as_string());
  const auto begin = url.find("/provision/") + 11;
  const auto token = url.substr(begin, url.find('/', begin) - begin);
  REQUIRE(token.size() >= 24);
  for (const auto& path : {"/provision/" + token + "001565123456.cfg", "/provision/" + token + "%2f001565123456.cfg",
                           "/provision/" + token + ".cfg", "/provision/token=" + token + "/x.cfg"})
    victim.site.fetch(path);
  CHECK(victim.site.get("/api/events?limit=500").body.find(token) == std::string::npos);
  CHECK(victim.site.get("/api/provisioning/requests?limit=100").body.find(token) == std::string::npos);
  CHECK(victim.site.log().find(token) == std::string::npos);
}
