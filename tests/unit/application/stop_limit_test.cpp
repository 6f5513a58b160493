// That a stop ends the process in time, whatever hangs.
#include "adapters/application/stop_limit.hpp"

#include "tests/support/catch.hpp"

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

using namespace strowger::application;

namespace {

// The exit code of a process that does this.
template <class Work>
int exit_code_of(Work work) {
  const auto child = ::fork();
  if (child == 0) {
    ::alarm(20);  // a broken limit ends the test too
    work();
    std::_Exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST_CASE("a stop that hangs ends the process, and says so") {
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  CHECK(exit_code_of([&] {
          const StopLimit limit(std::chrono::milliseconds(20),
                                [&] { static_cast<void>(!::write(pipe_ends[1], "!", 1)); });
          for (;;) ::pause();
        }) == 1);
  char said = 0;
  CHECK(::read(pipe_ends[0], &said, 1) == 1);
  CHECK(said == '!');
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

TEST_CASE("a stop in time is not disturbed") {
  CHECK(exit_code_of([] { const StopLimit limit(std::chrono::hours(1), [] { std::_Exit(7); }); }) == 0);
}
