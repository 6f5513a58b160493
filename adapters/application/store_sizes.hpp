// What the stores take on the disk, for metrics. Looking at every file of a folder is not for each scrape.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace strowger::application {

class StoreSizes {
 public:
  using Ticks = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds fresh_for{60};

  explicit StoreSizes(std::vector<std::string> stores) : stores_(std::move(stores)) {}

  // Bytes by store, as they were at most `fresh_for` ago. Threads: any; one looks, others take what was found before.
  // Complexity: O(files) once in that time, else O(stores).
  std::map<std::string, std::uintmax_t> of(const std::filesystem::path& data_dir, Ticks now = Ticks::clock::now());

 private:
  const std::vector<std::string> stores_;  // folders in it
  std::mutex mutex_;
  std::map<std::string, std::uintmax_t> sizes_;
  std::optional<Ticks> looked_at_;
};

}  // namespace strowger::application
