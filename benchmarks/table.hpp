// How every benchmark prints what it measured: a line for each measure, peer and ours beside each other.
#pragma once

#include <cstdio>
#include <ctime>
#include <string>

namespace strowger::bench {

// Of the whole process, user and system.
inline double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

inline void table_head() {
  std::printf("%-58s %14s %14s %8s   %s\n", "measure", "peer", "ours", "ratio", "aim");
}

inline void table_row(const std::string& measure, double peer, double ours, const std::string& aim) {
  std::printf("%-58s %14.0f %14.0f %8.2f   %s\n", measure.c_str(), peer, ours, ours / peer, aim.c_str());
  std::fflush(stdout);
}

// Where there is no peer, only an aim.
inline void table_row(const std::string& measure, double ours, const std::string& aim) {
  std::printf("%-58s %14s %14.3f %8s   %s\n", measure.c_str(), "", ours, "", aim.c_str());
  std::fflush(stdout);
}

}  // namespace strowger::bench
