// GET /api/events/stream over real sockets, on a real log.
#include "adapters/http/routes/event_stream.hpp"

#include "adapters/http/token.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "tests/integration/http/fixture.hpp"
#include "tests/integration/http/house.hpp"
#include "tests/integration/http/sse_client.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;
using namespace std::chrono_literals;

namespace {

struct Streams : Fixture {
  strowger::test::TemporaryFolder folder;
  std::unique_ptr<rocks::RocksLog> log = rocks::RocksLog::open({.folder = folder.path() / "log"}).value();
  IdSource ids;
  events::FeedOptions feed_options;
  std::shared_ptr<events::Feed> feed;
  std::uint16_t port = 0;

  ~Streams() {
    server.reset();
    router.reset();
    feed.reset();
  }

  void serve() {
    feed = std::make_shared<events::Feed>(*log, feed_options);
    routes::add_event_stream(*router, feed);
    port = start();
  }

  // As many events of devices 0, 1, 2 in turn, by position.
  void append(std::size_t count) {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t left = count;
    for (std::size_t i = 0; i < count; ++i) {
      auto request = strowger::test::sample_append((appended_ + i + 1) % 3, ids);
      request.events.front().data.insert(1, padding_);
      log->append(std::move(request), [&](const Result<Receipt>&) {
        const std::lock_guard lock(mutex);
        --left;
        changed.notify_one();
      });
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return left == 0; });
    appended_ += count;
    if (number(log->last_position()) != appended_) std::abort();  // Catch2 asserts on one thread only
  }

  std::uint64_t appended_ = 0;
  std::string padding_;
};

std::string device(std::uint64_t n) {
  return StreamId::of(strowger::test::sample_mac(n)).text();
}

// The following events are these positions, and the stream goes on behind them.
void check_events(SseClient& reader, std::uint64_t from, std::uint64_t to, std::uint64_t every = 1) {
  for (auto position = from; position <= to; position += every) {
    const auto event = reader.event();
    REQUIRE(event);
    REQUIRE(event->id == position);
  }
}

}  // namespace

TEST_CASE_METHOD(Streams, "a stream gives what is stored, then what happens, each event once and in order") {
  append(3000);
  serve();
  SseClient reader(port, "/api/events/stream?after=0");
  CHECK(reader.head.status == 200);
  CHECK(reader.head.header("content-type") == "text/event-stream");
  const auto first = reader.event();
  REQUIRE(first);
  CHECK(first->id == 1);
  CHECK(first->type == "strowger.device.config_served.v2");
  CHECK(first->json().at("sequence").as_string() == "1");
  CHECK(first->json().at("subject").as_string() == device(1));
  std::jthread writer([&] { append(3000); });  // while the reader catches up
  check_events(reader, 2, 6000);
  writer.join();
  append(1);
  check_events(reader, 6001, 6001);
  CHECK(feed->readers() == 1);
}

TEST_CASE_METHOD(Streams, "a reader resumes behind Last-Event-ID, whatever the URL says") {
  append(100);
  serve();
  SseClient reader(port, "/api/events/stream?after=0", "Last-Event-ID: 97\r\n");
  check_events(reader, 98, 100);
  append(2);
  check_events(reader, 101, 102);
  SseClient live(port, "/api/events/stream");
  REQUIRE(eventually([&] { return feed->readers() == 2; }));
  append(1);
  check_events(live, 103, 103);
  SseClient now(port, "/api/events/stream?after=now");
  append(1);
  check_events(now, 104, 104);
}

TEST_CASE_METHOD(Streams, "a filter holds for what is stored and for what happens, a sign of life moves the id on") {
  feed_options.heartbeat = 50ms;
  append(300);
  serve();
  SseClient reader(port, "/api/events/stream?after=0&stream=" + device(1));
  check_events(reader, 1, 300, 3);
  append(300);
  check_events(reader, 301, 600, 3);
  SseClient rare(port, "/api/events/stream?after=0&type=extension.*");
  std::optional<SseEvent> sign;
  do sign = rare.next();
  while (sign && sign->id != 600);
  REQUIRE(sign);
  CHECK(sign->comment == "still here");
  CHECK(sign->data.empty());
}

TEST_CASE_METHOD(Streams, "a request for a stream that cannot be is told why") {
  append(3);
  serve();
  for (const auto* query : {"after=x", "stream=device", "type=x", "from=today", "nonsense=1"}) {
    CAPTURE(query);
    CHECK(SseClient(port, "/api/events/stream?" + std::string(query)).head.status == 400);
  }
  CHECK(SseClient(port, "/api/events/stream", "Last-Event-ID: abc\r\n").head.status == 400);
  CHECK(SseClient(port, "/api/events/stream?after=4").head.status == 422);
  CHECK(SseClient(port, "/api/events/stream?after=3").head.status == 200);
  Client head(port);
  CHECK(head.ask("HEAD /api/events/stream HTTP/1.1\r\nHost: test\r\n\r\n", true).status == 200);
  Client old(port);
  const auto reply = old.ask("GET /api/events/stream?after=0 HTTP/1.0\r\n\r\n", true);
  CHECK(reply.status == 200);
  CHECK(reply.header("transfer-encoding").empty());
}

TEST_CASE_METHOD(Streams, "a reader that does not read is cut off, and the others go on") {
  options.limits.stream_write_time = 300ms;
  feed_options.window_bytes = 256 * 1024;
  padding_ = "\"padding\":\"" + std::string(2000, 'x') + "\",";
  serve();
  SseClient slow(port, "/api/events/stream?after=0");
  SseClient other(port, "/api/events/stream?after=0");
  REQUIRE(eventually([&] { return feed->readers() == 2; }));
  std::uint64_t read = 0;
  // More than the kernel's buffers of both ends hold.
  while (feed->readers() == 2 && appended_ < 60'000) {
    append(500);
    check_events(other, read + 1, read + 500);
    read += 500;
  }
  CHECK(feed->readers() == 1);
  append(10);
  check_events(other, read + 1, read + 10);
  // It has a whole beginning, and no end.
  std::uint64_t last = 0;
  while (const auto event = slow.event()) {
    REQUIRE(event->id == last + 1);
    last = event->id;
  }
  CHECK_FALSE(slow.ended_cleanly);
  CHECK(last > 0);
  CHECK(last < read);
  // And comes back for the rest.
  SseClient again(port, "/api/events/stream", "Last-Event-ID: " + std::to_string(last) + "\r\n");
  check_events(again, last + 1, read + 10);
}

TEST_CASE_METHOD(Streams, "there are only so many streams, one that leaves makes room at once") {
  feed_options.most_readers = 2;
  serve();
  SseClient first(port, "/api/events/stream");
  {
    SseClient second(port, "/api/events/stream");
    SseClient third(port, "/api/events/stream");
    CHECK(third.head.status == 503);
    CHECK_FALSE(third.head.header("retry-after").empty());
  }
  REQUIRE(eventually([&] { return feed->readers() == 1; }));
  SseClient fourth(port, "/api/events/stream?after=0");
  CHECK(fourth.head.status == 200);
  append(2);
  check_events(first, 1, 2);
  check_events(fourth, 1, 2);
}

TEST_CASE_METHOD(Streams, "one address has only so many streams, and one token, others have theirs") {
  feed_options.most_readers_per_holder = 2;
  const auto first_token = ids.next();
  const auto second_token = ids.next();
  options.authenticate = [&](std::string_view token) -> Result<Principal> {
    if (token == "none") return Principal{"admin", Role::admin, {}, {}};
    return Principal{"ann", Role::viewer, token == "first" ? first_token : second_token, {}};
  };
  serve();
  const auto with = [](const std::string& token) { return "Authorization: Bearer " + token + "\r\n"; };
  for (const std::string token : {"first", "second", "none"}) {
    CAPTURE(token);
    REQUIRE(eventually([&] { return feed->readers() == 0; }));
    SseClient one(port, "/api/events/stream", with(token));
    SseClient two(port, "/api/events/stream", with(token));
    SseClient three(port, "/api/events/stream", with(token));
    CHECK(one.head.status == 200);
    CHECK(two.head.status == 200);
    CHECK(three.head.status == 503);
    SseClient other(port, "/api/events/stream", with(token == "first" ? "second" : "first"));
    CHECK(other.head.status == 200);
  }
  REQUIRE(eventually([&] { return feed->readers() == 0; }));
  CHECK(SseClient(port, "/api/events/stream", with("first")).head.status == 200);
}

TEST_CASE_METHOD(Streams, "what readers of history hold is bounded in sum, and all of them get everything in the end") {
  constexpr std::size_t most = 256 * 1024;
  constexpr std::size_t a_page = 512 * 1024;
  options.limits.stream_write_time = 300ms;
  feed_options.history_bytes = most;
  feed_options.most_readers_per_holder = 100;
  padding_ = "\"padding\":\"" + std::string(2000, 'x') + "\",";
  append(1000);
  serve();
  std::size_t held = 0;
  {
    std::vector<std::unique_ptr<SseClient>> idle;
    for (int i = 0; i < 30; ++i) {
      idle.push_back(std::make_unique<SseClient>(port, "/api/events/stream?after=0"));
      idle.back()->client.shrink_window();
      held = std::max(held, feed->history_bytes());
    }
    SseClient reader(port, "/api/events/stream?after=0");
    for (std::uint64_t position = 1; position <= 1000; ++position) {
      const auto event = reader.event();
      REQUIRE(event);
      REQUIRE(event->id == position);
      held = std::max(held, feed->history_bytes());
    }
  }
  CHECK(held > 0);
  CHECK(held < most + a_page);
  REQUIRE(eventually([&] { return feed->readers() == 0 && feed->history_bytes() == 0; }, 20s));
}

TEST_CASE_METHOD(Streams, "a stream ends whole when the server stops") {
  serve();
  SseClient reader(port, "/api/events/stream?after=0");
  append(5);
  check_events(reader, 1, 5);
  std::thread stopping([&] { server->stop(10s); });
  CHECK_FALSE(reader.event());
  CHECK(reader.ended_cleanly);
  stopping.join();
  CHECK(feed->readers() == 0);
}

TEST_CASE_METHOD(Streams, "a token that is revoked or expires ends the stream") {
  feed_options.recheck = 20ms;
  std::atomic<bool> revoked = false;
  options.authenticate = [&](std::string_view token) -> Result<Principal> {
    if (token != "good" || revoked) return Error{ErrorKind::unauthenticated, "token_revoked", "No longer."};
    return Principal{"ann", Role::viewer, {}, {}};
  };
  serve();
  CHECK(SseClient(port, "/api/events/stream").head.status == 401);
  SseClient reader(port, "/api/events/stream", "Authorization: Bearer good\r\n");
  REQUIRE(reader.head.status == 200);
  append(1);
  check_events(reader, 1, 1);
  revoked = true;
  CHECK_FALSE(reader.event());
  CHECK(reader.ended_cleanly);
}

TEST_CASE_METHOD(House, "the house streams its events without secrets") {
  create_extension("1001", "Ann");
  CHECK(as("", "GET", "/api/events/stream").status == 401);
  CHECK(as(token(Role::user), "GET", "/api/events/stream").status == 403);
  SseClient reader(port(), "/api/v1/events/stream?after=0", "Authorization: Bearer " + token(Role::viewer) + "\r\n");
  const auto created = reader.event();
  REQUIRE(created);
  CHECK(created->json().at("data").at("password").as_string() == "(secret)");
  create_extension("1002", "Bob");
  const auto second = reader.event();
  REQUIRE(second);
  CHECK(second->id == 2);
  CHECK(second->json().at("data").at("name").as_string() == "Bob");
}
