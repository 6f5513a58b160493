// A server with a few routes of every kind, on a free port.
#pragma once

#include "adapters/http/await.hpp"
#include "adapters/http/prepared.hpp"
#include "adapters/http/server.hpp"
#include "tests/integration/http/client.hpp"
#include "tests/support/catch.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace strowger::http::test {

// Holds requests until it is opened.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds within = std::chrono::seconds(5)) {
  const auto end = SteadyClock::now() + within;
  while (!condition()) {
    if (SteadyClock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

struct Fixture {
  Options options;
  Gate gate;
  std::vector<std::thread> helpers;
  std::unique_ptr<Server> server;
  std::shared_ptr<Router> router = std::make_shared<Router>();

  Fixture() {
    options.threads = 2;
    add(Method::get, "/api/echo/{text}", "echo", Handler([](const Request& request) -> Result<Response> {
          std::string body = request.parameter(0) + "|" + std::string(request.query_text);
          return Response{.content_type = "text/plain", .body = std::move(body)};
        }));
    add(Method::post, "/api/echo", "echoBody",
        Handler([](const Request& request) -> Result<Response> { return Response::json(std::string(request.body)); }),
        64 * 1024);
    add(Method::get, "/api/slow", "slow", AsyncHandler([this](const Request& request) -> Awaitable<Result<Response>> {
          auto done = co_await completion<std::string>(request, [this](auto finish) {
            helpers.emplace_back([this, finish] { finish(gate.wait() ? "done" : "late"); });
          });
          if (!done) co_return done.error();
          co_return Response{.content_type = "text/plain", .body = std::move(*done)};
        }));
    add(Method::get, "/api/never", "never", AsyncHandler([](const Request& request) -> Awaitable<Result<Response>> {
          auto done = co_await completion<int>(request, [](auto) {}, std::chrono::milliseconds(20));
          if (!done) co_return done.error();
          co_return Response{};
        }));
    add(Method::get, "/api/throws", "throws",
        Handler([](const Request&) -> Result<Response> { throw std::runtime_error("a secret of the inside"); }));
    add(Method::get, "/api/large", "large", Handler([](const Request&) -> Result<Response> {
          return Response{.content_type = "text/plain", .body = std::string(8 * 1024 * 1024, 'x')};
        }));
    auto file = std::make_shared<Representation>(represent("text/plain", "a phone's file", "\"1\"", Timestamp{}));
    add(Method::get, "/{file...}", "file", Handler([file](const Request& request) -> Result<Response> {
          if (request.parameter(0) != "file.cfg") return not_found("unknown_file", "No such file.");
          return Response{.prepared = select(request, *file)};
        }));
    add(Method::get, "/api/who", "who", Handler([](const Request& request) -> Result<Response> {
          return Response{.content_type = "text/plain", .body = request.who.by() + "@" + std::string(request.peer)};
        }));
  }

  ~Fixture() {
    gate.open();
    server.reset();
    for (auto& helper : helpers) helper.join();
  }

  void add(Method method, std::string pattern, std::string id, std::variant<Handler, AsyncHandler> handler,
           std::size_t body_limit = 0) {
    Route route{.method = method,
                .pattern = std::move(pattern),
                .id = std::move(id),
                .tag = "test",
                .summary = "Test",
                .role = Role::viewer,
                .handler = std::move(handler)};
    if (!route.pattern.starts_with("/api")) route.role.reset();
    if (body_limit > 0) {
      route.body_schema = "{}";
      route.body_limit = body_limit;
    }
    router->add(std::move(route));
  }

  std::uint16_t start() {
    auto started = Server::start(options, router);
    REQUIRE(started);
    server = std::move(*started);
    return server->port();
  }
};

inline std::string get(std::string_view path, std::string_view more = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more) + "\r\n";
}

inline std::string post(std::string_view body, std::string_view more = "Content-Type: application/json\r\n") {
  return "POST /api/echo HTTP/1.1\r\nHost: test\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace strowger::http::test
