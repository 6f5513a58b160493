// What a stranger can make grow has a limit, and a stop is orderly.
#include "adapters/http/loop.hpp"
#include "tests/integration/http/fixture.hpp"

#include <algorithm>
#include <mutex>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;
using namespace std::chrono_literals;

TEST_CASE_METHOD(Fixture, "a head over its limit is refused, one below it is read") {
  const auto port = start();
  Client client(port);
  CHECK(client.ask(get("/api/echo/x", "X-Long: " + std::string(15'000, 'a') + "\r\n")).status == 200);
  const auto reply = client.ask(get("/api/echo/x", "X-Long: " + std::string(17'000, 'a') + "\r\n"));
  CHECK(reply.status == 431);
  CHECK(client.closes());

  std::string many;
  for (int i = 0; i < 200; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  CHECK(Client(port).ask(get("/api/echo/x", many)).status == 431);
}

TEST_CASE_METHOD(Fixture, "a body over its route's limit is refused, announced or not") {
  const auto port = start();
  Client client(port);
  const std::string fits = "\"" + std::string(60'000, 'a') + "\"";
  CHECK(client.ask(post(fits)).body == fits);
  CHECK(client.ask(post(std::string(70'000, 'a'))).status == 413);
  CHECK(client.ask(get("/api/echo/on")).body == "on|");  // it was read away

  Client huge(port);
  const auto reply = huge.ask(
      "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{");
  CHECK(reply.status == 413);
  CHECK(reply.header("connection") == "close");

  Client chunked(port);
  chunked.send(
      "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 5; ++i)
    if (!chunked.send("8000\r\n" + std::string(0x8000, 'a') + "\r\n")) break;
  CHECK(chunked.read().status == 413);

  Client endless(port);
  endless.send(
      "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  endless.send("1;" + std::string(60'000, 'e'));
  CHECK(endless.read().status == 400);
}

TEST_CASE_METHOD(Fixture, "who sends nothing, or a byte now and then, is cut") {
  options.limits.idle_time = 150ms;
  options.limits.head_time = 150ms;
  options.limits.body_time = 150ms;
  const auto port = start();
  Client silent(port);
  Client slow_head(port);
  slow_head.send("GET /api/echo/x HT");
  Client slow_body(port);
  slow_body.send(
      "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
  // Bytes do not buy time.
  std::atomic<bool> stop = false;
  std::thread drip([&] {
    Client dripping(port);
    while (!stop && dripping.send("a")) std::this_thread::sleep_for(10ms);
    stop = true;
  });
  CHECK(silent.closes());
  CHECK(slow_head.closes());
  CHECK(slow_body.closes());
  CHECK(eventually([&] { return stop.load(); }));
  stop = true;
  drip.join();
  CHECK(eventually([&] { return server->counts().connections == 0; }));
  CHECK(server->counts().timed_out >= 3);
}

TEST_CASE_METHOD(Fixture, "who does not read the reply is cut") {
  options.limits.write_time = 150ms;
  Client client(start());
  client.shrink_window();
  client.send(get("/api/large"));
  CHECK(eventually([&] { return server->counts().connections == 1; }));
  CHECK(eventually([&] { return server->counts().connections == 0; }));
}

TEST_CASE_METHOD(Fixture, "a large reply reaches who reads it") {
  Client client(start());
  CHECK(client.ask(get("/api/large")).body.size() == 8 * 1024 * 1024);
  CHECK(client.ask(get("/api/echo/x")).status == 200);
}

TEST_CASE_METHOD(Fixture, "connections over the limit are told to come again") {
  options.limits.connections_per_source = 2;
  const auto port = start();
  Client first(port);
  Client second(port);
  REQUIRE(first.ask(get("/api/echo/1")).status == 200);
  REQUIRE(second.ask(get("/api/echo/2")).status == 200);
  {
    Client third(port);
    const auto reply = third.read();
    CHECK(reply.status == 503);
    CHECK(reply.header("retry-after") == "2");
    CHECK_THAT(reply.body, ContainsSubstring("overloaded"));
    CHECK(third.closes());
  }
  CHECK(server->counts().refused_connections == 1);
  first.ask(get("/api/echo/1", "Connection: close\r\n"));
  CHECK(first.closes());
  CHECK(eventually([&] {
    Client again(port);
    return again.ask(get("/api/echo/3")).status == 200;
  }));
}

TEST_CASE_METHOD(Fixture, "servers that share an occupancy share its limits") {
  options.limits.connections = 2;
  options.occupancy = make_occupancy();
  const auto port = start();
  const auto other = Server::start(options, router).value();
  Client first(port);
  Client second(other->port());
  REQUIRE(first.ask(get("/api/echo/1")).status == 200);
  REQUIRE(second.ask(get("/api/echo/2")).status == 200);
  Client third(port);
  CHECK(third.read().status == 503);
  Client fourth(other->port());
  CHECK(fourth.read().status == 503);
  first.ask(get("/api/echo/1", "Connection: close\r\n"));
  CHECK(first.closes());
  CHECK(eventually([&] {
    Client again(other->port());
    return again.ask(get("/api/echo/3")).status == 200;
  }));
}

TEST_CASE("an occupancy counts all connections and those of each source, and forgets who left") {
  Limits limits;
  limits.connections = 3;
  limits.connections_per_source = 2;
  const auto occupancy = make_occupancy();
  const auto ann = asio::ip::make_address("192.0.2.1");
  const auto bob = asio::ip::make_address("192.0.2.2");
  CHECK(occupancy->enter(ann, limits));
  CHECK(occupancy->enter(ann, limits));
  CHECK_FALSE(occupancy->enter(ann, limits));
  CHECK(occupancy->enter(bob, limits));
  CHECK_FALSE(occupancy->enter(bob, limits));
  occupancy->leave(ann);
  CHECK(occupancy->enter(bob, limits));
  CHECK_FALSE(occupancy->enter(ann, limits));
  for (int i = 0; i < 5; ++i) occupancy->leave(bob);
  occupancy->leave(ann);
  CHECK(occupancy->enter(ann, limits));
}

TEST_CASE("what comes often is told once a minute, with how often it was not") {
  OncePerMinute once;
  const auto start = SteadyClock::time_point(1h);
  CHECK(once.pass(start) == 0);
  for (int i = 1; i < 60; ++i) CHECK_FALSE(once.pass(start + std::chrono::seconds(i)));
  CHECK(once.pass(start + 60s) == 59);
  CHECK_FALSE(once.pass(start + 61s));
  CHECK(once.pass(start + 1h) == 1);
}

TEST_CASE_METHOD(Fixture, "without descriptors nobody is accepted, which is said once, and those who wait are served") {
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
  WARN("skipped: the undefined behaviour sanitizer needs descriptors to look at objects");
  return;
#endif
#endif
  std::mutex mutex;
  std::vector<std::string> faults;
  options.threads = 1;
  options.on_fault = [&](std::string_view line) {
    const std::lock_guard lock(mutex);
    faults.emplace_back(line);
  };
  const auto said = [&] {
    const std::lock_guard lock(mutex);
    return faults.size();
  };
  const auto port = start();
  ::rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  auto low = before;
  low.rlim_cur = std::min<::rlim_t>(before.rlim_cur, 256);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  // Nothing is asserted while there are none: the undefined behaviour sanitizer needs some to look at an object.
  std::vector<int> held;
  for (int fd = ::open("/dev/null", O_RDONLY); fd >= 0; fd = ::open("/dev/null", O_RDONLY)) held.push_back(fd);
  ::close(held.back());
  held.pop_back();
  Client waiting(port);  // takes the last one, and is in the kernel's queue
  const bool told = eventually([&] { return said() == 1; });
  for (const int fd : held) ::close(fd);
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(told);
  CHECK(waiting.ask(get("/api/echo/x")).status == 200);
  server.reset();
  CHECK(said() == 1);
  CHECK_THAT(faults.at(0), ContainsSubstring("cannot accept") && ContainsSubstring("open files"));
}

TEST_CASE_METHOD(Fixture, "requests that wait are bounded, those that need not wait are still answered") {
  options.threads = 1;
  options.limits.in_flight = 1;
  const auto port = start();
  Client waiting(port);
  waiting.send(get("/api/slow"));
  CHECK(eventually([&] { return server->counts().in_flight == 1; }));
  Client other(port);
  const auto shed = other.ask(get("/api/slow"));
  CHECK(shed.status == 503);
  CHECK(shed.header("retry-after") == "1");
  CHECK(other.ask(get("/api/echo/x")).status == 200);
  gate.open();
  CHECK(waiting.read().body == "done");
  CHECK(server->counts().shed_requests == 1);
}

TEST_CASE_METHOD(Fixture, "a stop closes what is idle and finishes what runs") {
  options.threads = 1;
  const auto port = start();
  Client idle(port);
  idle.ask(get("/api/echo/x"));
  Client running(port);
  running.send(get("/api/slow"));
  CHECK(eventually([&] { return server->counts().in_flight == 1; }));
  std::thread stopping([&] { server->stop(10s); });
  CHECK(idle.closes());
  gate.open();
  const auto reply = running.read();
  CHECK(reply.body == "done");
  CHECK(reply.header("connection") == "close");
  stopping.join();
  CHECK_THROWS(Client(port));
}

TEST_CASE_METHOD(Fixture, "a stop does not wait for ever, and what comes back later finds nobody, safely") {
  const auto port = start();
  Client running(port);
  running.send(get("/api/slow"));
  CHECK(eventually([&] { return server->counts().in_flight == 1; }));
  const auto begun = SteadyClock::now();
  server->stop(50ms);
  server.reset();
  CHECK(SteadyClock::now() - begun < 5s);
  gate.open();
  for (auto& helper : helpers) helper.join();
  helpers.clear();
  CHECK(running.closes());
}
