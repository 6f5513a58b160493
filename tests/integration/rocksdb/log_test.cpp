#include "adapters/rocksdb/rocks_log.hpp"
#include "events/event_size.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/temporary_folder.hpp"

#include <atomic>
#include <future>
#include <latch>
#include <thread>

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  TemporaryFolder folder;
  IdSource ids{system_now, 1};
  LogOptions options{};
  std::unique_ptr<RocksLog> log = opened();

  std::unique_ptr<RocksLog> opened() {
    options.folder = folder.path() / "data" / "log";
    return RocksLog::open(options).value();
  }
  void reopen() {
    log.reset();
    log = opened();
  }
  Result<Receipt> append(std::uint64_t device, ExpectedVersion expected = ExpectedVersion::any()) {
    return append_and_wait(*log, sample_append(device, ids, expected));
  }
};

// Holds one commit inside a completion, and the next one behind it, so that what is appended meanwhile becomes one
// batch.
class HeldWriter {
 public:
  explicit HeldWriter(RocksLog& log) {
    AppendRequest nothing;
    log.append(std::move(nothing), [this](const Result<Receipt>&) {
      held_.count_down();
      release_.wait();
    });
    held_.wait();
    log.append({}, [](const Result<Receipt>&) {});
    REQUIRE(eventually([&] { return log.counters().queued == 0; }));
  }
  void release() { release_.count_down(); }

 private:
  std::latch held_{1};
  std::latch release_{1};
};

StreamVersion v(std::uint64_t version) {
  return StreamVersion{version};
}

}  // namespace

TEST_CASE_METHOD(Fixture, "what is appended is read back, whole and in order, after a restart too") {
  std::vector<NewRecord> sent;
  for (std::uint64_t i = 0; i < 300; ++i) {
    auto request = sample_append(i % 3, ids);
    request.events.push_back(sample_event(i % 3, ids, "/second"));
    sent.insert(sent.end(), request.events.begin(), request.events.end());
    const auto receipt = append_and_wait(*log, std::move(request)).value();
    CHECK(number(receipt.position) == 2 * (i + 1));
    CHECK(number(receipt.version) == 2 * (i / 3 + 1));
    CHECK_FALSE(receipt.repeated);
  }
  for (int round = 0; round < 2; ++round) {
    const auto all = log->read_all(Position{0}, 10'000).value();
    REQUIRE(all.size() == sent.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      CHECK(static_cast<const NewRecord&>(all[i]) == sent[i]);
      CHECK(number(all[i].position) == i + 1);
    }
    const auto stream = log->read_stream(StreamId::of(sample_mac(1)), v(0), 10'000).value();
    REQUIRE(stream.size() == 200);
    for (std::size_t i = 0; i < stream.size(); ++i) CHECK(number(stream[i].version) == i + 1);
    CHECK(log->read_stream(StreamId::of(sample_mac(1)), v(150), 20).value().front().version == v(151));
    CHECK(log->read_stream(StreamId::of(sample_mac(1)), v(150), 20).value().size() == 20);
    CHECK(log->read_stream(StreamId::of(sample_mac(9)), v(0), 20).value().empty());
    const auto back = log->read_back(Position{599}, 3).value();
    REQUIRE(back.size() == 3);
    CHECK(number(back.front().position) == 598);
    CHECK(number(back.back().position) == 596);
    CHECK(log->read_back(Position{~0ULL}, 1'000'000).value().size() == 600);
    CHECK(number(log->last_position()) == 600);
    reopen();
  }
}

TEST_CASE_METHOD(Fixture, "an append with a wrong expected version changes nothing and says what is there") {
  CHECK(append(1, ExpectedVersion::no_stream()));
  const auto again = append(1, ExpectedVersion::no_stream());
  REQUIRE_FALSE(again);
  CHECK(again.error().kind == ErrorKind::conflict);
  CHECK(again.error().code == "version_conflict");
  CHECK(again.error().details.at("present").to_number<int>() == 1);
  CHECK(again.error().details.at("expected").to_number<int>() == 0);
  CHECK(append(1, ExpectedVersion::exactly(v(1))));
  reopen();
  CHECK_FALSE(append(1, ExpectedVersion::exactly(v(1))));
  CHECK(append(1, ExpectedVersion::exactly(v(2))));
  CHECK(append(1).value().version == v(4));
  CHECK(number(log->last_position()) == 4);
}

TEST_CASE_METHOD(Fixture, "streams whose names begin alike keep their versions apart") {
  for (const auto* key : {"1", "10", "100"}) {
    AppendRequest request;
    request.stream = StreamId("extension", key);
    request.events.push_back(sample_event(1, ids));
    request.expected = ExpectedVersion::no_stream();
    CHECK(append_and_wait(*log, request));
  }
  reopen();
  for (const auto* key : {"0", "1", "10", "100", "1000"}) {
    AppendRequest request;
    request.stream = StreamId("extension", key);
    request.events.push_back(sample_event(1, ids));
    const bool known = std::string_view(key) == "1" || std::string_view(key) == "10" || std::string_view(key) == "100";
    CHECK(append_and_wait(*log, request).value().version == v(known ? 2 : 1));
  }
}

TEST_CASE_METHOD(Fixture, "facts of many streams are committed together, each at the version its stream has") {
  CHECK(append(1));
  auto request = sample_append(2, ids, ExpectedVersion::no_stream());
  request.idempotency_key = "facts";
  for (const std::uint64_t device : {1, 2, 3, 1})
    request.facts.push_back({StreamId::of(sample_mac(device)), sample_event(device, ids)});
  const auto receipt = append_and_wait(*log, request).value();
  CHECK(receipt.version == v(2));  // a fact was of the same stream
  CHECK(number(receipt.position) == 6);
  CHECK(append_and_wait(*log, request).value().repeated);
  for (int round = 0; round < 2; ++round) {
    const auto all = log->read_all(Position{1}, 10).value();
    REQUIRE(all.size() == 5);
    CHECK(all[0].stream == StreamId::of(sample_mac(2)));
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(all[i + 1].stream == request.facts[i].stream);
      CHECK(static_cast<const NewRecord&>(all[i + 1]) == request.facts[i].event);
    }
    CHECK(all[1].version == v(2));
    CHECK(all[2].version == v(2));
    CHECK(all[3].version == v(1));
    CHECK(all[4].version == v(3));
    CHECK(log->read_stream(StreamId::of(sample_mac(1)), v(0), 10).value().size() == 3);
    reopen();
  }
}

TEST_CASE_METHOD(Fixture, "decisions on many streams are committed together, or none where one stream has moved on") {
  CHECK(append(1));
  const auto decided = [&](std::uint64_t version_of_first) {
    AppendRequest request;
    request.expectations = {{StreamId::of(sample_mac(1)), v(version_of_first)}, {StreamId::of(sample_mac(2)), v(0)}};
    for (const std::uint64_t device : {1, 2, 1})
      request.facts.push_back({StreamId::of(sample_mac(device)), sample_event(device, ids)});
    return request;
  };
  const auto refused = append_and_wait(*log, decided(0)).error();
  CHECK(refused.code == "version_conflict");
  CHECK(refused.details.at("stream").as_string() == StreamId::of(sample_mac(1)).text().c_str());
  CHECK(number(log->last_position()) == 1);
  CHECK(append_and_wait(*log, decided(1)));
  CHECK(number(log->last_position()) == 4);
  CHECK(append_and_wait(*log, decided(3)).error().code == "version_conflict");  // the other one is at 1
  CHECK(number(log->last_position()) == 4);
}

TEST_CASE_METHOD(Fixture, "one fact that the log cannot hold refuses its whole request") {
  auto request = sample_append(1, ids);
  request.facts.push_back({StreamId::of(sample_mac(2)), sample_event(2, ids)});
  request.facts.push_back({StreamId(), sample_event(2, ids)});
  CHECK(append_and_wait(*log, request).error().code == "bad_stream");
  CHECK(number(log->last_position()) == 0);
  CHECK(append(2).value().version == v(1));
}

TEST_CASE_METHOD(Fixture, "a repeated idempotency key gives the first receipt, after a restart too") {
  auto request = sample_append(1, ids, ExpectedVersion::no_stream());
  request.idempotency_key = "order-1";
  const auto first = append_and_wait(*log, request).value();
  CHECK(append(1));
  for (int round = 0; round < 2; ++round) {
    const auto again = append_and_wait(*log, request).value();
    CHECK(again.repeated);
    CHECK(again.version == first.version);
    CHECK(again.position == first.position);
    CHECK(log->find_receipt("order-1").value()->position == first.position);
    CHECK_FALSE(log->find_receipt("order-2").value());
    reopen();
  }
  CHECK(number(log->last_position()) == 2);
}

TEST_CASE_METHOD(Fixture, "requests of one batch see what those before them did") {
  HeldWriter held(*log);
  const auto before = log->counters().batches;
  std::vector<std::future<Result<Receipt>>> results;
  const auto send = [&](AppendRequest request) {
    auto promise = std::make_shared<std::promise<Result<Receipt>>>();
    results.push_back(promise->get_future());
    log->append(std::move(request), [promise](Result<Receipt> r) { promise->set_value(std::move(r)); });
  };
  send(sample_append(1, ids, ExpectedVersion::no_stream()));
  send(sample_append(1, ids, ExpectedVersion::no_stream()));
  send(sample_append(1, ids, ExpectedVersion::exactly(v(1))));
  auto keyed = sample_append(2, ids);
  keyed.idempotency_key = "k";
  send(keyed);
  send(keyed);
  held.release();
  CHECK(results[0].get().value().version == v(1));
  CHECK(results[1].get().error().code == "version_conflict");
  CHECK(results[2].get().value().version == v(2));
  const auto first = results[3].get().value();
  const auto second = results[4].get().value();
  CHECK_FALSE(first.repeated);
  CHECK(second.repeated);
  CHECK(second.position == first.position);
  CHECK(log->counters().batches == before + 1);  // one sync for all five
  CHECK(number(log->last_position()) == 3);
}

TEST_CASE("a full queue refuses at once, on the caller's thread, and loses nothing that it took") {
  Fixture f;
  f.options.queue_events = 100;
  f.reopen();
  HeldWriter held(*f.log);
  int refused_later = 0;
  std::latch answered(100);
  for (int i = 0; i < 100; ++i)
    f.log->append(sample_append(1, f.ids), [&](const Result<Receipt>& r) {
      refused_later += r ? 0 : 1;
      answered.count_down();
    });
  const auto caller = std::this_thread::get_id();
  bool refused = false;
  f.log->append(sample_append(1, f.ids), [&](const Result<Receipt>& r) {
    refused = !r && r.error().kind == ErrorKind::overloaded && std::this_thread::get_id() == caller;
  });
  CHECK(refused);
  held.release();
  answered.wait();
  CHECK(refused_later == 0);
  CHECK(number(f.log->last_position()) == 100);
  CHECK(f.log->counters().refused == 1);
}

TEST_CASE_METHOD(Fixture, "appends of many threads share their syncs, and streams stay dense") {
  constexpr int threads = 4, each = 2'000;
  std::atomic<int> open{threads * each};
  std::latch finished(1);
  std::vector<std::jthread> writers;
  for (int t = 0; t < threads; ++t)
    writers.emplace_back([&, t] {
      for (int i = 0; i < each; ++i)
        log->append(sample_append(static_cast<std::uint64_t>(i % 10), ids), [&](const Result<Receipt>& r) {
          if (!r) std::abort();
          if (--open == 0) finished.count_down();
        });
      (void)t;
    });
  finished.wait();
  CHECK(number(log->last_position()) == threads * each);
  CHECK(log->counters().batches < threads * each / 4);
  for (std::uint64_t device = 0; device < 10; ++device) {
    const auto events = log->read_stream(StreamId::of(sample_mac(device)), v(0), 100'000).value();
    CHECK(events.size() == threads * each / 10);
    Position last{};
    for (std::size_t i = 0; i < events.size(); ++i) {
      REQUIRE(number(events[i].version) == i + 1);
      REQUIRE(events[i].position > last);
      last = events[i].position;
    }
  }
}

TEST_CASE("a stream's version is right when the cache has forgotten it") {
  Fixture f;
  f.options.cached_streams = 8;
  f.reopen();
  for (int round = 1; round <= 3; ++round)
    for (std::uint64_t device = 0; device < 100; ++device)
      REQUIRE(f.append(device, ExpectedVersion::exactly(v(static_cast<std::uint64_t>(round - 1)))));
}

TEST_CASE_METHOD(Fixture, "state is written with its events or alone, scanned in order and erased") {
  auto request = sample_append(1, ids);
  request.state = {{"bindings", "1001/b", "two"}, {"bindings", "1001/a", "one"}, {"binding", "s", "other table"}};
  REQUIRE(append_and_wait(*log, request));
  AppendRequest alone;
  alone.state = {{"bindings", "1002/a", std::string("\0x", 2)}};
  CHECK(number(append_and_wait(*log, alone).value().position) == 1);
  reopen();
  std::string seen;
  REQUIRE(log->scan_state("bindings", "1001/",
                          [&](auto key, auto value) { seen.append(key).append(value).push_back(' '); }));
  CHECK(seen == "1001/aone 1001/btwo ");
  CHECK(log->load_state("bindings", "1002/a").value() == std::string("\0x", 2));
  AppendRequest erase;
  erase.state = {{"bindings", "1001/a", std::nullopt}};
  REQUIRE(append_and_wait(*log, erase));
  CHECK_FALSE(log->load_state("bindings", "1001/a").value());
  // A refused request writes no state either.
  auto refused = sample_append(1, ids, ExpectedVersion::no_stream());
  refused.state = {{"bindings", "1001/b", "changed"}};
  REQUIRE_FALSE(append_and_wait(*log, refused));
  CHECK(log->load_state("bindings", "1001/b").value() == "two");
}

TEST_CASE_METHOD(Fixture, "a snapshot is kept across a restart") {
  const auto stream = StreamId::of(sample_mac(1));
  CHECK_FALSE(log->load_snapshot(stream).value());
  log->save_snapshot(stream, {v(7), 2, "state"});
  reopen();
  const auto snapshot = log->load_snapshot(stream).value();
  REQUIRE(snapshot);
  CHECK(snapshot->version == v(7));
  CHECK(snapshot->schema == 2);
  CHECK(snapshot->data == "state");
}

TEST_CASE_METHOD(Fixture, "a snapshot is synced like all that is written, though nobody waits for it") {
  REQUIRE(append(1));
  const auto before = log->counters().batches;
  const auto stream = StreamId::of(sample_mac(1));
  log->save_snapshot(stream, {v(7), 2, "state"});
  REQUIRE(eventually([&] { return log->load_snapshot(stream).value().has_value(); }));
  CHECK(log->counters().batches == before + 1);
}

TEST_CASE_METHOD(
    Fixture, "an event that is too large is refused by name, as event and as fact, and nothing of its request stays") {
  auto request = sample_append(1, ids);
  auto large = sample_event(1, ids);
  large.data = "{\"path\":\"" + std::string(max_event_bytes, 'p') + "\"}";
  SECTION("as an event") {
    request.events.push_back(large);
  }
  SECTION("as a fact") {
    request.facts.push_back({StreamId::of(sample_mac(2)), large});
  }
  const auto refused = append_and_wait(*log, std::move(request));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "event_too_large");
  CHECK(refused.error().kind == ErrorKind::too_large);
  CHECK_THAT(refused.error().message, ContainsSubstring(large.type) && ContainsSubstring("262144"));
  CHECK(number(log->last_position()) == 0);
  large.data = "{\"path\":\"" + std::string(max_event_bytes - 11, 'p') + "\"}";
  AppendRequest fits;
  fits.facts.push_back({StreamId::of(sample_mac(2)), large});
  CHECK(append_and_wait(*log, std::move(fits)));
}

TEST_CASE_METHOD(Fixture, "an event that does not fit is refused alone") {
  AppendRequest nameless;
  nameless.events.push_back(sample_event(1, ids));
  CHECK(append_and_wait(*log, nameless).error().code == "bad_stream");
  CHECK(append(1));
}

TEST_CASE_METHOD(Fixture, "a log that is open cannot be opened again") {
  const auto second = RocksLog::open(options);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == "log_locked");
}

TEST_CASE("subscriptions see every event once, in order, while many threads append") {
  Fixture f;
  f.options.tail_events = GENERATE(64, 100'000);  // far behind the tail, and well inside it
  f.reopen();
  constexpr std::uint64_t before = 500, during = 8'000;
  for (std::uint64_t i = 0; i < before; ++i) f.log->append(sample_append(i, f.ids), [](const Result<Receipt>&) {});
  REQUIRE(append_and_wait(*f.log, {}));

  std::vector<std::jthread> threads;
  std::atomic<int> wrong{0};
  for (const std::uint64_t from : {std::uint64_t{0}, std::uint64_t{250}, before}) {
    threads.emplace_back([&, from] {
      const auto subscription = f.log->subscribe(Position{from});
      std::uint64_t expected = from + 1;
      while (expected <= before + during) {
        const auto records = subscription->poll(100).value();
        for (const auto& record : records)
          if (number(record.position) != expected++) ++wrong;
        if (!records.empty()) continue;
        auto woken = std::make_shared<std::promise<void>>();
        subscription->notify([woken] { woken->set_value(); });
        if (woken->get_future().wait_for(20s) != std::future_status::ready) {
          ++wrong;
          return;
        }
      }
      if (!subscription->poll(1)->empty()) ++wrong;
    });
  }
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < during / 4; ++i) {
        f.log->append(sample_append(i, f.ids), [](const Result<Receipt>&) {});
        if (i % 50 == 0) (void)append_and_wait(*f.log, {});
      }
    });
  threads.clear();
  CHECK(wrong == 0);
}

TEST_CASE_METHOD(Fixture, "a subscription that ended is not woken") {
  bool woken = false;
  {
    const auto subscription = log->subscribe(Position{0});
    CHECK(subscription->poll(1)->empty());
    subscription->notify([&] { woken = true; });
  }
  REQUIRE(append(1));
  REQUIRE(append_and_wait(*log, {}));
  CHECK_FALSE(woken);
}
