// kill -9 under load, 50 times. The ledger of acknowledgements is kept by this process, which lives on.
#include "tests/faults/log/ledger.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace strowger;
using namespace strowger::test;

namespace {

class Child {
 public:
  Child(const std::filesystem::path& folder, int run) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const auto folder_text = folder.string();
    const auto run_text = std::to_string(run);
    const char* arguments[] = {LOG_LOAD_PROGRAM, folder_text.c_str(), run_text.c_str(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    const int failed =
        ::posix_spawn(&pid_, LOG_LOAD_PROGRAM, &actions, nullptr, const_cast<char* const*>(arguments), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    acknowledgements_ = ends[0];
    REQUIRE(failed == 0);
  }
  ~Child() {
    kill();
    ::close(acknowledgements_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // False at the end of what it wrote.
  bool read(Acknowledged& ack) {
    auto* bytes = reinterpret_cast<char*>(&ack);
    for (std::size_t got = 0; got < sizeof ack;) {
      const auto size = ::read(acknowledgements_, bytes + got, sizeof ack - got);
      if (size <= 0) return false;
      got += static_cast<std::size_t>(size);
    }
    return true;
  }
  // True when something can be read before the time is over.
  bool readable(std::chrono::milliseconds time) {
    pollfd poll{acknowledgements_, POLLIN, 0};
    return ::poll(&poll, 1, static_cast<int>(time.count())) == 1;
  }
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  ::pid_t pid_ = 0;
  int acknowledgements_ = -1;
};

}  // namespace

TEST_CASE("what was acknowledged is there after each of 50 kills under load") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const TemporaryFolder folder;
  Ledger ledger;
  constexpr int rounds = 50;
  for (int round = 1; round <= rounds; ++round) {
    CAPTURE(round);
    {
      Child child(folder.path(), round);
      // From the first acknowledgement on, any moment will do.
      REQUIRE(child.readable(std::chrono::seconds(20)));
      const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 120'000);
      Acknowledged ack;
      for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        if (left.count() <= 0 || !child.readable(left)) break;
        REQUIRE(child.read(ack));
        ledger.add(ack);
      }
      child.kill();
      while (child.read(ack)) ledger.add(ack);  // written before it died
    }
    const auto log = rocks::RocksLog::open({.folder = folder.path() / "log", .memtable_bytes = 1U << 20}).value();
    const auto store = rocks::RocksProjectionStore::open({.folder = folder.path() / "projections"}).value();
    const auto faults = ledger.check(*log, *store, round % 10 == 0);
    CAPTURE(faults);
    REQUIRE(faults.empty());
  }
  REQUIRE(ledger.size() > rounds);
}
