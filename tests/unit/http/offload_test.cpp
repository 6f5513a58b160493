// Lanes: what is begun, what is refused and what is dropped.
#include "adapters/http/lanes.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <atomic>
#include <future>

#include <sys/socket.h>
#include <unistd.h>

using namespace strowger;
using namespace strowger::http;
using strowger::test::eventually;

namespace {

// Keeps a thread of a lane busy until it is let go.
class Holding {
 public:
  explicit Holding(Offload& lane) {
    REQUIRE(lane.post([this, gate = gate_.get_future().share()] {
      held_ = true;
      gate.wait();
    }));
    REQUIRE(eventually([this] { return held_.load(); }));
  }
  ~Holding() { let_go(); }
  void let_go() {
    if (!std::exchange(gone_, true)) gate_.set_value();
  }

 private:
  std::atomic<bool> held_ = false;
  bool gone_ = false;
  std::promise<void> gate_;
};

// The server's end of a connection whose client can close.
struct Connection {
  Connection() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0); }
  ~Connection() {
    close_client();
    ::close(ends[0]);
  }
  void close_client() {
    if (ends[1] >= 0) ::close(ends[1]);
    ends[1] = -1;
  }
  int ends[2]{-1, -1};
};

}  // namespace

TEST_CASE("a full lane refuses at once, and another lane goes on") {
  Offload narrow("test-narrow", {1, 2});
  Offload other("test-other", {1, 2});
  std::atomic<int> done = 0;
  Holding holding(narrow);
  CHECK(narrow.post([&] { ++done; }));
  CHECK(narrow.post([&] { ++done; }));
  CHECK_FALSE(narrow.post([&] { ++done; }));
  CHECK(narrow.counts().refused == 1);
  CHECK(narrow.counts().waiting == 2);
  std::promise<void> heard;
  CHECK(other.post([&] { heard.set_value(); }));
  heard.get_future().wait();
  holding.let_go();
  CHECK(eventually([&] { return done == 2; }));
}

TEST_CASE("a job is not begun when its client has closed, nor when it was asked to stop") {
  Offload lane("test-lane", {1, 8});
  std::atomic<int> begun = 0;
  std::atomic<int> dropped = 0;
  const auto job = [&](std::shared_ptr<const Asker> asker) {
    Offload::Job made;
    made.run = [&] { ++begun; };
    made.drop = [&] { ++dropped; };
    made.asker = std::move(asker);
    return made;
  };
  Connection stays;
  Connection closes;
  Connection is_cut;
  const auto cut = std::make_shared<Asker>(is_cut.ends[0]);
  Holding holding(lane);
  CHECK(lane.post(job(std::make_shared<Asker>(stays.ends[0]))));
  CHECK(lane.post(job(std::make_shared<Asker>(closes.ends[0]))));
  CHECK(lane.post(job(cut)));
  auto stopped = job(nullptr);
  const auto stop = stopped.stop;
  CHECK(lane.post(std::move(stopped)));
  closes.close_client();
  cut->leave();
  std::stop_source(stop).request_stop();
  holding.let_go();
  CHECK(eventually([&] { return begun + dropped == 4; }));
  CHECK(begun == 1);
  CHECK(eventually([&] { return lane.counts().dropped == 3; }));
}

TEST_CASE("jobs that nobody waits for make room when the queue is full") {
  Offload lane("test-lane", {1, 2});
  std::atomic<int> done = 0;
  Holding holding(lane);
  std::stop_source nobody;
  for (int i = 0; i < 2; ++i) {
    Offload::Job job;
    job.run = [&] { done += 100; };
    job.stop = nobody;
    CHECK(lane.post(std::move(job)));
  }
  CHECK_FALSE(lane.post([&] { ++done; }));
  nobody.request_stop();
  CHECK(lane.post([&] { ++done; }));
  holding.let_go();
  CHECK(eventually([&] { return done == 1; }));
}

TEST_CASE("the end of a lane drops what waits and stops what runs") {
  std::atomic<bool> begun = false;
  std::atomic<bool> stopped = false;
  std::atomic<int> dropped = 0;
  std::atomic<int> done = 0;
  {
    Offload lane("test-lane", {1, 8});
    Offload::Job endless;
    endless.run = [&, stop = endless.stop.get_token()] {
      begun = true;
      while (!stop.stop_requested()) std::this_thread::yield();
      stopped = true;
    };
    CHECK(lane.post(std::move(endless)));
    REQUIRE(eventually([&] { return begun.load(); }));
    for (int i = 0; i < 5; ++i) {
      Offload::Job waits;
      waits.run = [&] { ++done; };
      waits.drop = [&] { ++dropped; };
      CHECK(lane.post(std::move(waits)));
    }
  }
  CHECK(stopped);
  CHECK(dropped == 5);
  CHECK(done == 0);
}
