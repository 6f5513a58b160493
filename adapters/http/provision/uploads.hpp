// What phones left here: a folder a device below `folder`, a file an upload. Bounded by size, count and all bytes
// together; the oldest leave for what is new. A file is there whole or not at all.
//
// Names come from the table of phones' files, never from a path that somebody sent, and keep to letters that no file
// system takes for anything else. Any thread; what says so waits for the disk.
#pragma once

#include "adapters/http/provision/firmware.hpp"
#include "events/clock.hpp"
#include "events/ids.hpp"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace strowger::http::provision {

struct UploadLimits {
  std::uint64_t max_file_size = 0;
  std::uint64_t max_total_size = 0;
  std::size_t max_files_per_device = 0;
};

struct Upload {
  MacAddress mac;
  std::string id;    // <time>-<file>: sorts by time
  std::string file;  // as the phone named it, in small letters: 0004f2aabbcc-app.log
  std::uint64_t size = 0;
  Timestamp received_at{};
};

class Uploads {
 public:
  // Asked for at the first use; what lies there is found again.
  Uploads(std::function<std::filesystem::path()> folder, Clock clock);

  struct Kept {
    Upload upload;
    bool fresh = true;        // false: the same bytes are kept already, under this id
    std::size_t dropped = 0;  // uploads that left for it
  };
  // Waits for the disk. `upload_too_large`; `upload_not_kept` where the disk does not take it.
  Result<Kept> keep(const MacAddress& mac, std::string_view name, std::string_view bytes, const UploadLimits& limits);
  // Waits for the disk. `upload_not_found`.
  Result<Upload> remove(const MacAddress& mac, const std::string& id);

  std::vector<Upload> list(const std::optional<MacAddress>& mac) const;  // the newest first
  std::uint64_t total_size() const;
  std::optional<Upload> find(const MacAddress& mac, const std::string& id) const;
  // The newest of that name.
  std::optional<Upload> newest(const MacAddress& mac, std::string_view name) const;
  // `upload_not_found`.
  Result<std::shared_ptr<const FirmwareFile>> open(const Upload& upload) const;

  // The name that a file of that name is kept under.
  static std::string kept_name(std::string_view name);

 private:
  void load() const;
  std::filesystem::path path_of(const Upload& upload) const;
  Result<void> write(const Upload& upload, std::string_view bytes) const;
  bool is_same(const Upload& upload, std::string_view bytes) const;
  std::optional<Upload> oldest(const std::optional<MacAddress>& mac) const;
  void forget(const Upload& upload);

  const std::function<std::filesystem::path()> where_;
  const Clock clock_;
  mutable std::once_flag loaded_;
  mutable std::filesystem::path folder_;
  std::mutex writing_;        // one changes the folder
  mutable std::mutex mutex_;  // guards the two below, never while the disk is waited for
  mutable std::map<MacAddress, std::deque<Upload>> uploads_;  // the oldest first
  mutable std::uint64_t total_ = 0;
};

}  // namespace strowger::http::provision
