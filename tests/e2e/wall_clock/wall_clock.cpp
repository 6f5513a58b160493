// Preloaded into the program under test: its wall clock is ahead of the machine's by the seconds in the file that
// STROWGER_TEST_WALL_CLOCK names (eight bytes, mapped: they can change while the program runs). No other clock is
// touched.
#include <atomic>
#include <cstdint>
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {

const std::atomic<std::int64_t>* mapped() {
  const char* file = std::getenv("STROWGER_TEST_WALL_CLOCK");
  const int opened = file != nullptr ? ::open(file, O_RDONLY | O_CLOEXEC) : -1;
  if (opened < 0) return nullptr;
  void* memory = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, opened, 0);
  ::close(opened);
  return memory == MAP_FAILED ? nullptr : static_cast<const std::atomic<std::int64_t>*>(memory);
}

std::int64_t ahead() {
  static const auto* seconds = mapped();
  return seconds != nullptr ? seconds->load(std::memory_order_relaxed) : 0;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t which, struct timespec* now) noexcept {
  const auto done = ::syscall(SYS_clock_gettime, which, now);
  if (done == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
  return static_cast<int>(done);
}

int gettimeofday(struct timeval* __restrict now, void* __restrict) noexcept {
  struct timespec read{};
  const int done = clock_gettime(CLOCK_REALTIME, &read);
  now->tv_sec = read.tv_sec;
  now->tv_usec = read.tv_nsec / 1'000;
  return done;
}

time_t time(time_t* now) noexcept {
  struct timespec read{};
  clock_gettime(CLOCK_REALTIME, &read);
  if (now != nullptr) *now = read.tv_sec;
  return read.tv_sec;
}

}  // extern "C"
