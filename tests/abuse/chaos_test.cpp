// Everything at once: writes, floods of fetches and logins, scrapes, hostile bytes and SIGKILL, with few descriptors.
// Everything that was acknowledged must be there at the end. STROWGER_CHAOS_SECONDS makes it longer than it is in
// ./test.
#include "tests/abuse/raw_http.hpp"
#include "tests/abuse/victim.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/phone.hpp"

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <boost/json.hpp>

using namespace strowger::test;

namespace {

class Attackers {
 public:
  ~Attackers() { stop(); }
  // Calls `deed` again and again; a deed fails while the server is down, which is what it is for.
  void add(const std::function<void(std::mt19937&)>& deed) {
    threads_.emplace_back([this, deed, seed = static_cast<unsigned>(threads_.size() + 1)] {
      std::mt19937 random(seed);
      while (!stopped_) {
        try {
          deed(random);
        } catch (const std::exception&) {
          std::this_thread::yield();
        }
      }
    });
  }
  void stop() {
    stopped_ = true;
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::atomic<bool> stopped_{false};
  std::vector<std::thread> threads_;
};

std::string random_bytes(std::mt19937& random, std::size_t most) {
  std::string out(random() % most, '\0');
  for (auto& c : out) c = static_cast<char>(random());
  return out;
}

}  // namespace

SCENARIO("abuse: after everything at once, all that was acknowledged is there") {
  const char* wanted = std::getenv("STROWGER_CHAOS_SECONDS");
  const auto length = std::chrono::seconds(wanted == nullptr ? 20 : std::atoi(wanted));
  Victim victim({}, 1024);
  victim.site.create_extension("1002", "Bob Example", Victim::password);
  const auto api = victim.site.api_port();
  const auto sip = victim.site.sip_port();
  const auto run = victim.site.run({"token", "--config", victim.site.settings_file().string()});
  const auto token = run.output.substr(0, run.output.find('\n'));
  const Headers as_admin{{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}};

  std::mutex ledger;
  std::set<std::string> acknowledged;
  std::atomic<int> next{20'000};
  Attackers attackers;
  attackers.add([&](std::mt19937&) {
    const auto number = std::to_string(++next);
    const auto body = boost::json::serialize(
        boost::json::value{{"number", number}, {"name", "N " + number}, {"password", "a-long-secret"}});
    if (http(api, "POST", "/api/extensions", as_admin, body).status != 201) return;
    const std::lock_guard lock(ledger);
    acknowledged.insert(number);
  });
  attackers.add([&](std::mt19937& random) {
    // Unknown MACs come from elsewhere: 127.0.0.1 is the phone's, and a source that tries many is blocked.
    const bool known = random() % 4 != 0;
    RawHttp connection(api, known ? "127.0.0.1" : "127.0.0." + std::to_string(2 + random() % 200));
    connection.send("GET " +
                    (known ? std::string(Victim::config_file)
                           : "/provision/001565" + std::to_string(100'000 + random() % 900'000) + ".cfg") +
                    " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    connection.read_all(std::chrono::milliseconds(500));
  });
  attackers.add([&](std::mt19937& random) {
    RawHttp connection(api, "127.0.0." + std::to_string(2 + random() % 200));
    const std::string body = R"({"username":"admin","password":"guess"})";
    connection.send("POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
    if (random() % 2 == 0) connection.read_all(std::chrono::milliseconds(200));
  });
  attackers.add([&](std::mt19937&) { http(api, "GET", "/metrics"); });
  attackers.add([&](std::mt19937& random) {
    RawHttp connection(api, "127.0.0." + std::to_string(2 + random() % 200));
    connection.send("GET /provision/" + random_bytes(random, 40) + ".cfg HTTP/1.1\r\nHost: x\r\nUser-Agent: " +
                    random_bytes(random, 700) + "\r\nConnection: close\r\n\r\n");
    connection.read_all(std::chrono::milliseconds(100));
  });
  attackers.add([&](std::mt19937& random) {
    Wire wire(random() % 2 == 0 ? Wire::Kind::udp : Wire::Kind::tcp, sip);
    for (int i = 0; i < 20; ++i)
      wire.send("REGISTER sip:127.0.0.1 SIP/2.0\r\nUser-Agent: " + random_bytes(random, 300) + "\r\n" +
                random_bytes(random, 2'000) + "\r\n\r\n");
  });
  attackers.add([&](std::mt19937& random) {
    // Another extension: each of these phones comes from a port of its own, and an extension has a limit of bindings.
    Phone phone(Wire::Kind::udp, sip, "1002", random() % 2 == 0 ? Victim::password : "guess", "127.0.0.77");
    phone.register_as(phone.contact());
  });

  const auto end = std::chrono::steady_clock::now() + length;
  std::mt19937 random(7);
  int kills = 0;
  while (std::chrono::steady_clock::now() < end) {
    const auto before = [&] {
      const std::lock_guard lock(ledger);
      return acknowledged.size();
    }();
    // Killed in the middle of writes: some more must have been acknowledged since the start before.
    const auto more = 1 + random() % 200;
    eventually(
        [&] {
          const std::lock_guard lock(ledger);
          return acknowledged.size() >= before + more;
        },
        std::chrono::seconds(10));
    victim.site.kill_hard();
    victim.site.start();
    ++kills;
  }
  attackers.stop();
  CAPTURE(kills, acknowledged.size());
  CHECK(acknowledged.size() > 10);

  std::set<std::string> present;
  std::string cursor;
  for (;;) {
    const auto page = victim.site.get("/api/extensions?limit=500" + (cursor.empty() ? "" : "&cursor=" + cursor)).json();
    if (page.as_array().empty()) break;
    for (const auto& extension : page.as_array()) present.insert(std::string(extension.at("number").as_string()));
    cursor = *present.rbegin();
    if (page.as_array().size() < 500) break;
  }
  for (const auto& number : acknowledged) {
    CAPTURE(number);
    CHECK(present.contains(number));
  }
  victim.serves();
  CHECK(victim.site.stop_within(std::chrono::seconds(10)) == 0);
  const auto verified = victim.site.run({"log", "verify", "--config", victim.site.settings_file().string()});
  CAPTURE(verified.output);
  CHECK(verified.exit_code == 0);
}
