// HTTP/1.1 over real sockets: connections, bodies, methods, and what is refused.
#include "tests/integration/http/fixture.hpp"
#include "tests/support/eventually.hpp"

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;

TEST_CASE_METHOD(Fixture, "a connection carries request after request") {
  Client client(start());
  for (int i = 0; i < 50; ++i) {
    const auto reply = client.ask(get("/api/v1/echo/" + std::to_string(i) + "?a=b"));
    REQUIRE(reply.status == 200);
    REQUIRE(reply.body == std::to_string(i) + "|a=b");
    CHECK(reply.header("date").ends_with("GMT"));
    CHECK(reply.header("connection").empty());
  }
  CHECK(server->counts().accepted == 1);
  CHECK(strowger::test::eventually([&] { return server->counts().by_class[2] == 50; }));  // counted after the write
}

TEST_CASE_METHOD(Fixture, "pipelined requests are answered in order, slow ones between fast ones") {
  Client client(start());
  client.send(get("/api/echo/1") + get("/api/slow") + post("{\"n\":2}") + get("/file.cfg") + get("/api/echo/3"));
  CHECK(client.read().body == "1|");
  gate.open();
  CHECK(client.read().body == "done");
  CHECK(client.read().body == "{\"n\":2}");
  CHECK(client.read().body == "a phone's file");
  CHECK(client.read().body == "3|");
}

TEST_CASE_METHOD(Fixture, "a prepared reply is sent whole, by HEAD its head alone, and 304 where it is current") {
  Client client(start());
  const auto whole = client.ask(get("/file.cfg"));
  CHECK(whole.status == 200);
  CHECK(whole.body == "a phone's file");
  CHECK(whole.header("etag") == "\"1\"");
  CHECK(whole.header("content-type") == "text/plain");
  const auto head = client.ask("HEAD /file.cfg HTTP/1.1\r\nHost: x\r\n\r\n", true);
  CHECK(head.status == 200);
  CHECK(head.header("content-length") == "14");
  const auto current = client.ask(get("/file.cfg", "If-None-Match: \"1\"\r\n"), true);
  CHECK(current.status == 304);
  CHECK(client.ask(get("/file.cfg")).body == "a phone's file");  // nothing of a body was left behind
}

TEST_CASE_METHOD(Fixture, "a connection closes when the client asks, and for HTTP/1.0") {
  const auto port = start();
  Client closing(port);
  const auto last = closing.ask(get("/file.cfg", "Connection: close\r\n"));
  CHECK(last.body == "a phone's file");
  CHECK(last.header("connection") == "close");
  CHECK(closing.closes());

  Client old(port);
  CHECK(old.ask("GET /api/echo/x HTTP/1.0\r\n\r\n").body == "x|");
  CHECK(old.closes());

  Client kept(port);
  const auto first = kept.ask("GET /file.cfg HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(first.header("connection") == "keep-alive");
  CHECK(kept.ask("GET /file.cfg HTTP/1.0\r\n\r\n").body == "a phone's file");
}

TEST_CASE_METHOD(Fixture, "a head and a body may come byte by byte") {
  Client client(start());
  for (const char c : post("{\"a\":[1,2,3]}")) REQUIRE(client.send(std::string_view(&c, 1)));
  CHECK(client.read().body == "{\"a\":[1,2,3]}");
}

TEST_CASE_METHOD(Fixture, "a chunked body is put together, and the next request is found behind it") {
  Client client(start());
  client.send(
      "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=utf-8\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  client.send("5;ext=1\r\n{\"a\":\r\n");
  client.send("3\r\n1}\n\r\n0\r\nTrailer: x\r\n\r\n" + get("/api/echo/next"));
  CHECK(client.read().body == "{\"a\":1}\n");
  CHECK(client.read().body == "next|");
}

TEST_CASE_METHOD(Fixture, "100-continue is sent only where the body is wanted") {
  const auto port = start();
  Client client(port);
  client.send(
      "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
      "Content-Length: 2\r\n\r\n");
  CHECK(client.read(true).status == 100);
  CHECK(client.ask("{}").body == "{}");

  Client refused(port);
  const auto reply = refused.ask(
      "POST /api/nothing HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
      "Content-Length: 2\r\n\r\n");
  CHECK(reply.status == 404);
  CHECK(reply.header("connection") == "close");

  Client strange(port);
  CHECK(strange.ask(get("/file.cfg", "Expect: miracles\r\n")).status == 417);
}

TEST_CASE_METHOD(Fixture, "refusals have the right status and the one shape, and the connection goes on") {
  Client client(start());
  auto reply = client.ask(get("/api/nothing"));
  CHECK(reply.status == 404);
  CHECK(reply.header("content-type") == "application/json");
  CHECK_THAT(reply.body, ContainsSubstring("\"code\":\"not_found\""));

  reply = client.ask("DELETE /api/echo HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(reply.status == 405);
  CHECK(reply.header("allow") == "POST");
  CHECK(client.ask("BREW /api/echo/x HTTP/1.1\r\nHost: x\r\n\r\n").header("allow") == "GET, HEAD");

  CHECK(client.ask(post("a=b", "Content-Type: application/x-www-form-urlencoded\r\n")).status == 415);
  CHECK(client.ask(post("{}", "")).status == 415);
  CHECK(client.ask(post("{}", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n")).status == 415);
  CHECK(client.ask(post("")).status == 400);
  CHECK(client.ask(get("/api/echo/%zz")).status == 400);
  CHECK(client.ask("GET /file.cfg HTTP/1.1\r\n\r\n").status == 400);  // no Host
  CHECK(client.ask("GET /file.cfg HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").status == 400);
  CHECK(client.ask("GET http://pbx.example/file.cfg HTTP/1.1\r\nHost: pbx.example\r\n\r\n").status == 200);
  CHECK(client.ask(get("/api/never")).status == 503);
  CHECK(client.ask(get("/api/echo/still")).body == "still|");
}

TEST_CASE_METHOD(Fixture, "what a handler throws is logged, and not told") {
  std::mutex mutex;
  std::string line;
  options.on_fault = [&](std::string_view fault) {
    const std::lock_guard lock(mutex);
    line = fault;
  };
  Client client(start());
  const auto reply = client.ask(get("/api/throws"));
  CHECK(reply.status == 500);
  CHECK_THAT(reply.body, ContainsSubstring("internal_error") && !ContainsSubstring("secret"));
  const std::lock_guard lock(mutex);
  CHECK_THAT(line, ContainsSubstring("/api/throws: a secret of the inside"));
}

TEST_CASE_METHOD(Fixture, "garbage is refused and the connection closed") {
  const auto port = start();
  for (const auto* garbage :
       {"\r\n\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n\r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nNo colon\r\n\r\n", "GET / HTTP/1.1\r\nA : b\r\n\r\n",
        "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    INFO(garbage);
    Client client(port);
    const auto reply = client.ask(garbage);
    CHECK((reply.status == 400 || reply.status == 505));
    CHECK(client.closes());
  }
  CHECK(server->counts().malformed_requests >= 10);
}

TEST_CASE_METHOD(Fixture, "a body whose end is uncertain is refused, and nothing behind it is read") {
  const auto port = start();
  const auto smuggled = "\r\nGET /api/echo/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto answered = [&](const std::string& coding, const std::string& version = "1.1") {
    Client client(port);
    const auto reply =
        client.ask("POST /api/echo HTTP/" + version +
                   "\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: " + coding + "\r\n" + smuggled);
    CHECK(client.read().status == 0);  // closed, without another reply
    return reply.status;
  };
  for (const auto* coding : {"chunked, identity", "xchunked", "identity", "gzip", "", "chunked;q=1",
                             "chunked\r\nTransfer-Encoding: identity", "identity\r\nTransfer-Encoding: xchunked"}) {
    CAPTURE(coding);
    CHECK(answered(coding) == 400);
  }
  CHECK(answered("gzip, chunked") == 501);
  CHECK(answered("gzip\r\nTransfer-Encoding: chunked") == 501);
  CHECK(answered("chunked", "1.0") == 400);
}

TEST_CASE_METHOD(Fixture, "an empty line before a request is ignored, as phones send it behind a body") {
  Client client(start());
  CHECK(client.ask("\r\n" + get("/api/echo/a")).body == "a|");
  CHECK(client.ask(post("{}") + "\r\n").body == "{}");
  CHECK(client.ask(get("/api/echo/b")).body == "b|");
  client.send("\r");
  client.send("\n");
  client.send("\r");
  CHECK(client.ask("\n" + get("/api/echo/c")).body == "c|");
  CHECK(client.ask("\r\n\r\n\r\n" + get("/api/echo/d")).status == 400);
  CHECK(client.closes());
}

TEST_CASE_METHOD(Fixture, "a header of one value is refused in two lines, a list is one list in any number") {
  Client client(start());
  for (const auto& single : headers::singles) {
    if (single.name == headers::host.name) continue;
    CAPTURE(single.name);
    const auto line = std::string(single.name) + ": 1\r\n";
    const auto reply = client.ask(get("/api/echo/a", line + line));
    CHECK(reply.status == 400);
    CHECK_THAT(reply.body, ContainsSubstring("repeated_header") && ContainsSubstring(std::string(single.name)));
  }
  CHECK(client.ask("GET /file.cfg HTTP/1.0\r\nHost: a\r\nHost: b\r\nConnection: keep-alive\r\n\r\n").status == 400);

  const auto same = [&](const std::string& name, const std::string& first, const std::string& second) {
    const auto one = client.ask(get("/file.cfg", name + ": " + first + ", " + second + "\r\n"));
    const auto two = client.ask(get("/file.cfg", name + ": " + first + "\r\n" + name + ": " + second + "\r\n"));
    CHECK(one.status == two.status);
    return two.status;
  };
  CHECK(same("If-None-Match", "\"0\"", "\"1\"") == 304);
  CHECK(same("If-None-Match", "\"0\"", "\"2\"") == 200);
  CHECK(same("Expect", "100-continue", "100-continue") == 200);
  CHECK(same("Expect", "100-continue", "miracles") == 417);
  CHECK(same("X-Forwarded-For", "10.0.0.1", "10.0.0.2") == 200);
  CHECK(client.ask(post("{}", "Content-Type: application/json\r\nContent-Encoding:\r\nContent-Encoding: gzip\r\n"))
            .status == 415);
  CHECK(client.ask(get("/file.cfg", "Connection: keep-alive\r\nConnection: close\r\n")).status == 200);
  CHECK(client.closes());
}

TEST_CASE_METHOD(Fixture, "what is not plainly an API path does not reach the API") {
  const auto port = start();
  for (const auto* target : {"//api/who", "/%61pi/who", "/api//who", "/api/%77ho", "x://y/api/who", "api/who",
                             "http://pbx//api/who", "//api/v1/who"}) {
    CAPTURE(target);
    Client client(port);
    CHECK(client.ask(get(target)).status == 400);
  }
  Client client(port);
  CHECK(client.ask(get("http://pbx/api/who")).status == 200);
  CHECK(client.ask(get("//file.cfg")).status == 200);
}

TEST_CASE_METHOD(Fixture, "a phone's token in a path is masked in what is logged of a fault") {
  std::mutex mutex;
  std::string line;
  options.on_fault = [&](std::string_view fault) {
    const std::lock_guard lock(mutex);
    line = fault;
  };
  add(Method::get, "/provision/{file...}", "throwing",
      Handler([](const Request&) -> Result<Response> { throw std::runtime_error("no such luck"); }));
  Client client(start());
  CHECK(client.ask(get("/provision/aZ3-kQ_9xW0bT7nR2mYc8VfL5sHd1JgE/001565123456.cfg")).status == 500);
  const std::lock_guard lock(mutex);
  CHECK_THAT(line, ContainsSubstring("/provision/********/001565123456.cfg: no such luck"));
}

TEST_CASE_METHOD(Fixture, "a bearer token decides who may") {
  options.authenticate = [](std::string_view token) -> Result<Principal> {
    if (token == "viewer") return Principal{"ann", Role::viewer, {}, {}};
    if (token == "user") return Principal{"1001", Role::user, {}, {}};
    return Error{ErrorKind::unauthenticated, "invalid_token", "No."};
  };
  Client client(start());
  auto reply = client.ask(get("/api/who"));
  CHECK(reply.status == 401);
  CHECK(reply.header("www-authenticate").starts_with("Bearer"));
  CHECK(client.ask(get("/api/who", "Authorization: Basic eDp5\r\n")).status == 401);
  CHECK(client.ask(get("/api/who", "Authorization: Bearer \r\n")).status == 401);
  CHECK_THAT(client.ask(get("/api/who", "Authorization: Bearer x\r\n")).body, ContainsSubstring("invalid_token"));
  CHECK(client.ask(get("/api/who", "Authorization: Bearer user\r\n")).status == 403);
  CHECK(client.ask(get("/api/who", "Authorization: bearer viewer\r\n")).body == "viewer:ann@127.0.0.1");
  CHECK(client.ask(get("/file.cfg")).status == 200);  // not a role's route
  // Nobody makes the server read a body without a right to.
  CHECK(client.ask(post("{}")).status == 401);
}

TEST_CASE_METHOD(Fixture, "IPv6 and IPv4 reach one listener, and a peer is named as what it is") {
  options.host = "::";
  const auto port = start();
  CHECK(Client(port, "::1").ask(get("/api/who")).body == "admin:admin@::1");
  CHECK(Client(port).ask(get("/api/who")).body == "admin:admin@127.0.0.1");
}

TEST_CASE_METHOD(Fixture, "a port that is taken is told, not shared") {
  const auto port = start();
  Options second = options;
  second.port = port;
  const auto refused = Server::start(second, router);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "http_listen_failed");
  CHECK_THAT(refused.error().message, ContainsSubstring(std::to_string(port)));
  second.host = "no such host";
  CHECK_FALSE(Server::start(second, router));
}

TEST_CASE_METHOD(Fixture, "each exchange is told to who wants to log it") {
  std::mutex mutex;
  std::vector<std::string> lines;
  options.on_exchange = [&](const Exchange& exchange) {
    const std::lock_guard lock(mutex);
    lines.push_back(std::string(exchange.request.target) + " " + std::to_string(exchange.status));
  };
  Client client(start());
  client.ask(get("/file.cfg"));
  client.ask(get("/nothing.cfg?x"));
  server->stop(std::chrono::seconds(5));
  const std::lock_guard lock(mutex);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "/file.cfg 200");
  CHECK(lines[1] == "/nothing.cfg?x 404");
}
