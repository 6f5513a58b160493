#include "adapters/application/store_sizes.hpp"

#include <utility>

namespace strowger::application {
namespace {

namespace fs = std::filesystem;

// Some files may go while they are looked at.
std::uintmax_t size_of(const fs::path& folder) {
  std::uintmax_t sum = 0;
  std::error_code fault;
  for (fs::recursive_directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault)) {
    std::error_code gone;
    if (const auto size = at->is_regular_file(gone) ? at->file_size(gone) : 0; !gone) sum += size;
  }
  return sum;
}

}  // namespace

std::map<std::string, std::uintmax_t> StoreSizes::of(const fs::path& data_dir, Ticks now) {
  {
    const std::lock_guard lock(mutex_);
    if (looked_at_ && now < *looked_at_ + fresh_for) return sizes_;
    looked_at_ = now;
  }
  std::map<std::string, std::uintmax_t> sizes;
  for (const auto& store : stores_) sizes[store] = size_of(data_dir / store);
  const std::lock_guard lock(mutex_);
  sizes_ = sizes;
  return sizes;
}

}  // namespace strowger::application
