#include "adapters/rocksdb/append_queue.hpp"

#include "tests/support/catch.hpp"

#include <future>

using namespace strowger;
using namespace strowger::rocks;
using namespace std::chrono_literals;

namespace {

PendingAppend append(std::chrono::milliseconds patience, std::size_t writes = 1) {
  PendingAppend pending;
  pending.request.patience = patience;
  pending.request.state.resize(writes);
  return pending;
}

struct Fixture {
  AppendQueue queue{100'000, 1 << 20};

  bool push(std::chrono::milliseconds patience, std::size_t writes = 1) {
    auto pending = append(patience, writes);
    return queue.push(pending);
  }
  // What the writer's next take() brings, on its own thread.
  std::future<std::size_t> take() {
    return std::async(std::launch::async, [this] {
      Taken taken;
      queue.take(taken, std::nullopt);
      return taken.appends.size();
    });
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "patient requests wait for company, and who has no patience takes them all along") {
  CHECK(push(1h));
  auto taken = take();
  CHECK(push(1h));
  CHECK(taken.wait_for(50ms) == std::future_status::timeout);
  CHECK(push(0ms));
  CHECK(taken.get() == 3);
}

TEST_CASE_METHOD(Fixture, "patience ends by itself") {
  CHECK(push(20ms));
  CHECK(push(1h));
  CHECK(take().get() == 2);
}

TEST_CASE_METHOD(Fixture, "a less patient request shortens the wait of a writer that sleeps already") {
  CHECK(push(1h));
  auto taken = take();
  CHECK(taken.wait_for(50ms) == std::future_status::timeout);
  CHECK(push(20ms));
  CHECK(taken.get() == 2);
}

TEST_CASE_METHOD(Fixture, "with plenty waiting nobody waits longer") {
  auto taken = take();
  CHECK(push(1h, 4'000));
  CHECK(push(1h, 96));
  CHECK(taken.get() == 2);
}

TEST_CASE_METHOD(Fixture, "at the end the patient are taken too") {
  CHECK(push(1h));
  auto taken = take();
  queue.end();
  CHECK(taken.get() == 1);
  CHECK_FALSE(push(0ms));
  Taken nothing;
  CHECK_FALSE(queue.take(nothing, std::nullopt));
}

TEST_CASE_METHOD(Fixture, "a request larger than the queue gets in while others wait, one at a time") {
  CHECK(push(1h, 10));
  CHECK(push(1h, 100'001));
  CHECK_FALSE(push(1h, 100'001));
  CHECK(push(1h, 60'000));  // it took no room from the others
  CHECK_FALSE(push(1h, 60'000));
  CHECK(take().get() == 3);
  CHECK(push(1h, 100'001));
}

TEST_CASE_METHOD(Fixture, "a snapshot waits for the next append and rides with it") {
  queue.push(PendingSnapshot{StreamId("device", "any"), {StreamVersion{1}, 1, "state"}});
  Taken taken;
  CHECK(queue.take(taken, std::chrono::steady_clock::now()));
  auto first = std::async(std::launch::async, [this] {
    Taken both;
    queue.take(both, std::nullopt);
    return std::pair(both.appends.size(), both.snapshots.size());
  });
  queue.push(PendingSnapshot{StreamId("device", "any"), {StreamVersion{2}, 1, "state"}});
  CHECK(first.wait_for(50ms) == std::future_status::timeout);
  CHECK(push(0ms));
  CHECK(first.get() == std::pair<std::size_t, std::size_t>(1, 1));
}
