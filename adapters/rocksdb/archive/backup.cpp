#include "adapters/rocksdb/archive/backup.hpp"

#include "adapters/rocksdb/archive/export_file.hpp"
#include "adapters/rocksdb/archive/verify.hpp"
#include "adapters/rocksdb/log_core.hpp"
#include "events/json.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

namespace strowger::rocks {
namespace {

namespace fs = std::filesystem;

constexpr const char* description = "backup.json";
constexpr const char* master_key_file = "master.key";
constexpr std::string_view unfinished_backup = ".unfinished";

Error cannot(const std::string& what, const fs::path& path, const std::string& why) {
  return unavailable("backup_failed", "cannot " + what + " " + path.string() + ": " + why);
}
Error cannot(const std::string& what, const fs::path& path) {
  return cannot(what, path, std::generic_category().message(errno));
}

class File {
 public:
  File(const fs::path& path, int flags, mode_t mode = 0600) : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  explicit operator bool() const { return fd_ >= 0; }
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool write_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const auto written = ::write(fd, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

// Durably, for its owner alone.
Result<void> write_file(const fs::path& path, const std::string& text) {
  const File file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file || !write_all(file.fd(), text.data(), text.size()) || ::fsync(file.fd()) != 0) return cannot("write", path);
  return {};
}

// Durably, for its owner alone; `copied` counts the bytes.
Result<void> copy_file(const fs::path& from, const fs::path& to, const std::function<void(std::uint64_t)>& copied) {
  const File in(from, O_RDONLY);
  if (!in) return cannot("read", from);
  const File out(to, O_WRONLY | O_CREAT | O_EXCL);
  if (!out) return cannot("write", to);
  std::vector<char> buffer(1U << 20);
  for (;;) {
    const auto size = ::read(in.fd(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return cannot("read", from);
    if (size == 0) break;
    if (!write_all(out.fd(), buffer.data(), static_cast<std::size_t>(size))) return cannot("write", to);
    copied(static_cast<std::uint64_t>(size));
  }
  if (::fsync(out.fd()) != 0) return cannot("write", to);
  return {};
}

Result<Backup> describe(const fs::path& folder) {
  std::ifstream file(folder / description, std::ios::binary);
  if (!file) return not_found("no_backup", "there is no backup in " + folder.string());
  std::ostringstream text;
  text << file.rdbuf();
  auto read = json::from_string<Backup>(text.str());
  if (!read)
    return malformed("bad_backup", (folder / description).string() + " cannot be read: " + read.error().message);
  read->name = folder.filename().string();  // it may have been renamed
  return read;
}

std::string name_of(Timestamp now) {
  auto name = to_iso8601(now);
  std::erase(name, ':');
  return name;
}

Result<std::uint64_t> size_of(const fs::path& folder) {
  std::error_code fault;
  std::uint64_t bytes = 0;
  for (fs::directory_iterator entry(folder, fault), end; !fault && entry != end; entry.increment(fault))
    if (entry->is_regular_file(fault)) bytes += entry->file_size(fault);
  if (fault) return cannot("read", folder, fault.message());
  return bytes;
}

Result<Backup> fill(const fs::path& folder, const std::function<Result<void>(const fs::path&)>& checkpoint,
                    const std::optional<fs::path>& master_key) {
  Backup backup;
  if (auto made = checkpoint(folder / "log"); !made) return made.error();
  const auto end = with_log(folder / "log", [](Database& database) { return stored_end(database); });
  if (!end) return end.error();
  const auto bytes = size_of(folder / "log");
  if (!bytes) return bytes.error();
  backup.events = number(end->position);
  backup.head = to_text(*end);
  backup.bytes = *bytes;
  if (master_key) {
    if (auto copied = copy_file(*master_key, folder / master_key_file, [](std::uint64_t) {}); !copied)
      return copied.error();
    backup.master_key = true;
  }
  return backup;
}

Result<void> copy_log(const fs::path& from, const fs::path& to, const Progress& progress) {
  const auto size = size_of(from);
  if (!size) return size.error();
  std::error_code fault;
  fs::create_directory(to, fault);
  if (fault) return cannot("make", to, fault.message());
  std::uint64_t done = 0;
  for (fs::directory_iterator entry(from, fault), end; !fault && entry != end; entry.increment(fault)) {
    if (!entry->is_regular_file(fault) || entry->path().filename() == "LOCK") continue;
    auto copied = copy_file(entry->path(), to / entry->path().filename(), [&](std::uint64_t bytes) {
      done += bytes;
      if (progress) progress(done, *size);
    });
    if (!copied) return copied;
  }
  if (fault) return cannot("read", from, fault.message());
  return {};
}

Result<Restored> restore_into(const fs::path& folder, const fs::path& backup, const fs::path& data_dir,
                              const Progress& progress) {
  auto described = describe(backup);
  if (!described) return described.error();
  const auto head = parse_anchor(described->head);
  if (!head) return head.error();
  if (auto copied = copy_log(backup / "log", folder, progress); !copied) return copied.error();
  auto proved = with_log(folder, [&](Database& database) { return verify_log(database, *head, progress); });
  if (!proved) return proved.error();
  Restored restored{std::move(*described), std::move(*proved), false};
  std::error_code ignored;
  if (restored.backup.master_key && !fs::exists(data_dir / master_key_file, ignored)) {
    auto copied = copy_file(backup / master_key_file, data_dir / master_key_file, [](std::uint64_t) {});
    if (!copied) return copied.error();
    restored.master_key = true;
  }
  if (auto placed = put_in_place(folder, data_dir / "log"); !placed) return placed.error();
  return restored;
}

}  // namespace

Result<Backup> create_backup(const fs::path& backups, Timestamp now,
                             const std::function<Result<void>(const fs::path&)>& checkpoint,
                             const std::optional<fs::path>& master_key) {
  std::error_code fault;
  fs::create_directories(backups, fault);
  if (fault) return cannot("make", backups, fault.message());
  // Whoever holds the log makes backups, and nobody else: what lies here unfinished was interrupted.
  std::vector<fs::path> interrupted;
  for (const auto& entry : fs::directory_iterator(backups, fault))
    if (entry.path().filename().string().ends_with(unfinished_backup)) interrupted.push_back(entry.path());
  for (const auto& folder : interrupted) fs::remove_all(folder, fault);

  const auto name = name_of(now);
  const auto folder = backups / (name + std::string(unfinished_backup));
  if (fs::exists(backups / name, fault) || !fs::create_directory(folder, fault))
    return fault ? cannot("make", folder, fault.message())
                 : conflict("backup_exists", "there is a backup " + name + " already; try again in a moment");
  fs::permissions(folder, fs::perms::owner_all, fault);
  auto backup = fill(folder, checkpoint, master_key);
  if (backup) {
    backup->name = name;
    backup->created_at = to_iso8601(now);
    if (auto written = write_file(folder / description, json::to_string(*backup) + "\n"); !written)
      backup = written.error();
  }
  if (backup)
    if (auto placed = put_in_place(folder, backups / name); !placed) backup = placed.error();
  if (!backup) fs::remove_all(folder, fault);
  return backup;
}

Result<std::vector<Backup>> list_backups(const fs::path& backups) {
  std::vector<Backup> all;
  std::error_code fault;
  if (!fs::exists(backups, fault)) return all;
  for (fs::directory_iterator entry(backups, fault), end; !fault && entry != end; entry.increment(fault)) {
    if (entry->path().filename().string().ends_with(unfinished_backup)) continue;
    auto backup = describe(entry->path());
    if (backup) all.push_back(std::move(*backup));
  }
  if (fault) return cannot("read", backups, fault.message());
  std::sort(all.begin(), all.end(), [](const Backup& a, const Backup& b) { return a.created_at > b.created_at; });
  return all;
}

Result<Restored> restore_backup(const fs::path& backup, const fs::path& data_dir, const Progress& progress) {
  const auto folder = make_unfinished(data_dir);
  if (!folder) return folder.error();
  auto restored = restore_into(*folder, backup, data_dir, progress);
  std::error_code ignored;
  if (!restored) fs::remove_all(*folder, ignored);
  return restored;
}

}  // namespace strowger::rocks
