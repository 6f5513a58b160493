#include "adapters/cli/progress_bar.hpp"

#include <algorithm>
#include <iostream>
#include <utility>

#include <unistd.h>

namespace strowger::cli {

ProgressBar::ProgressBar(std::string what) : what_(std::move(what)), on_terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (drawn_) std::cerr << "\r\033[K" << std::flush;
}

void ProgressBar::show(std::uint64_t done, std::uint64_t of) {
  if (!on_terminal_ || of == 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  constexpr std::uint64_t width = 30;
  const auto full = std::min(done, of) * width / of;
  std::cerr << '\r' << what_ << " [" << std::string(full, '#') << std::string(width - full, '.') << "] "
            << std::min(done, of) * 100 / of << " %  " << done << " of " << of << "\033[K" << std::flush;
  drawn_ = true;
}

}  // namespace strowger::cli
