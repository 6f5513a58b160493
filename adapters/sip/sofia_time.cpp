#include "adapters/sip/sofia_time.hpp"

#include <chrono>
#include <mutex>

#include <sofia-sip/su_time.h>

// Of libsofia-sip-ua (su_time0.c), where no header declares it: called with each time read, which it may replace.
extern "C" void (*_su_time)(su_time_t* time);  // NOLINT(bugprone-reserved-identifier)

namespace strowger::sip {
namespace {

constexpr auto microseconds_a_second = std::chrono::microseconds(std::chrono::seconds(1)).count();

std::chrono::microseconds steady_microseconds() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

// It is given the wall clock's time, in seconds since 1900: what it says begins with the first of them.
void say_steady_time(su_time_t* time) {
  if (time == nullptr) return;
  static const std::chrono::microseconds ahead =
      std::chrono::seconds(time->tv_sec) + std::chrono::microseconds(time->tv_usec) - steady_microseconds();
  const auto now = (steady_microseconds() + ahead).count();
  time->tv_sec = static_cast<unsigned long>(now / microseconds_a_second);
  time->tv_usec = static_cast<unsigned long>(now % microseconds_a_second);
}

}  // namespace

void keep_sofia_time_steady() {
  static std::once_flag once;
  std::call_once(once, [] { _su_time = &say_steady_time; });
}

}  // namespace strowger::sip
