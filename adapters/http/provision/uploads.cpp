#include "adapters/http/provision/uploads.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <tuple>

#include <fcntl.h>
#include <unistd.h>

namespace strowger::http::provision {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view unfinished = ".part";
constexpr std::size_t longest_name = 96;
constexpr std::size_t time_digits = 16;  // microseconds since 1970, until the year 2286

std::string id_of(Timestamp time, const std::string& file) {
  auto digits = std::to_string(time.time_since_epoch().count());
  digits.insert(0, time_digits - std::min(time_digits, digits.size()), '0');
  return digits + "-" + file;
}

// None: it is no upload's.
std::optional<Upload> upload_of(const MacAddress& mac, const std::string& id) {
  if (id.size() < time_digits + 2 || id[time_digits] != '-' || id.ends_with(unfinished)) return std::nullopt;
  std::int64_t time = 0;
  const auto read = std::from_chars(id.data(), id.data() + time_digits, time);
  if (read.ec != std::errc() || read.ptr != id.data() + time_digits) return std::nullopt;
  Upload upload{mac, id, id.substr(time_digits + 1), 0, Timestamp(std::chrono::microseconds(time))};
  if (upload.file != Uploads::kept_name(upload.file)) return std::nullopt;
  return upload;
}

Error no_such_upload() {
  return not_found("upload_not_found", "There is no such upload; GET /api/provisioning/uploads lists them.");
}

Error not_kept(const std::string& what) {
  return unavailable("upload_not_kept", "The upload was not kept: " + what + ".");
}

std::string fault_text() {
  return std::generic_category().message(errno);
}

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

bool sync_folder(const fs::path& folder) {
  const Descriptor open{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return open.fd >= 0 && ::fsync(open.fd) == 0;
}

}  // namespace

Uploads::Uploads(std::function<fs::path()> folder, Clock clock) : where_(std::move(folder)), clock_(std::move(clock)) {}

std::string Uploads::kept_name(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, longest_name)) {
    if (c >= 'A' && c <= 'Z')
      out.push_back(static_cast<char>(c - 'A' + 'a'));
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || (c == '.' && !out.empty()))
      out.push_back(c);
    else
      out.push_back('_');
  }
  return out;
}

void Uploads::load() const {
  std::call_once(loaded_, [this] {
    folder_ = where_();
    std::error_code fault;
    std::map<MacAddress, std::deque<Upload>> found;
    std::uint64_t total = 0;
    for (fs::directory_iterator device(folder_, fault), end; !fault && device != end; device.increment(fault)) {
      const auto mac = MacAddress::parse(device->path().filename().string());
      if (!mac) continue;
      std::error_code ignored;
      auto& of_device = found[*mac];
      for (fs::directory_iterator file(device->path(), ignored), last; !ignored && file != last;
           file.increment(ignored)) {
        std::error_code gone;
        const auto name = file->path().filename().string();
        if (name.ends_with(unfinished)) {
          fs::remove(file->path(), gone);  // of a crash
          continue;
        }
        auto upload = upload_of(*mac, name);
        if (!upload || !fs::is_regular_file(file->symlink_status(gone))) continue;
        upload->size = fs::file_size(file->path(), gone);
        if (gone) continue;
        total += upload->size;
        of_device.push_back(std::move(*upload));
      }
      std::sort(of_device.begin(), of_device.end(), [](const Upload& a, const Upload& b) { return a.id < b.id; });
      if (of_device.empty()) found.erase(*mac);
    }
    const std::lock_guard lock(mutex_);
    uploads_ = std::move(found);
    total_ = total;
  });
}

fs::path Uploads::path_of(const Upload& upload) const {
  return folder_ / upload.mac.text() / upload.id;
}

// Under another name until it is whole and on the disk.
Result<void> Uploads::write(const Upload& upload, std::string_view bytes) const {
  const auto path = path_of(upload);
  const auto part = path.string() + std::string(unfinished);
  std::error_code fault;
  fs::create_directories(path.parent_path(), fault);
  if (fault) return not_kept(path.parent_path().string() + ": " + fault.message());
  fs::permissions(folder_, fs::perms::owner_all, fault);  // what phones leave may hold passwords
  {
    const Descriptor file{::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    bool done = file.fd >= 0;
    while (done && !bytes.empty()) {
      const auto wrote = ::write(file.fd, bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) continue;
      done = wrote > 0;
      if (done) bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    done = done && ::fsync(file.fd) == 0;
    if (!done) {
      const auto why = fault_text();
      fs::remove(part, fault);
      return not_kept(part + ": " + why);
    }
  }
  fs::rename(part, path, fault);
  if (!fault && sync_folder(path.parent_path())) return {};
  const auto why = fault ? fault.message() : fault_text();
  fs::remove(fault ? fs::path(part) : path, fault);  // what is refused leaves nothing behind
  return not_kept(path.string() + ": " + why);
}

bool Uploads::is_same(const Upload& upload, std::string_view bytes) const {
  if (upload.size != bytes.size()) return false;
  std::ifstream file(path_of(upload), std::ios::binary);
  return std::equal(bytes.begin(), bytes.end(), std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::optional<Upload> Uploads::oldest(const std::optional<MacAddress>& mac) const {
  const std::lock_guard lock(mutex_);
  const Upload* found = nullptr;
  for (const auto& [device, of_device] : uploads_)
    if ((!mac || *mac == device) && (found == nullptr || of_device.front().received_at < found->received_at))
      found = &of_device.front();
  return found == nullptr ? std::nullopt : std::optional(*found);
}

void Uploads::forget(const Upload& upload) {
  {
    const std::lock_guard lock(mutex_);
    const auto device = uploads_.find(upload.mac);
    if (device == uploads_.end()) return;
    std::erase_if(device->second, [&](const Upload& one) { return one.id == upload.id; });
    total_ -= upload.size;
    if (device->second.empty()) uploads_.erase(device);
  }
  std::error_code ignored;
  fs::remove(path_of(upload), ignored);
  fs::remove(folder_ / upload.mac.text(), ignored);  // which goes only where it is empty
}

Result<Uploads::Kept> Uploads::keep(const MacAddress& mac, std::string_view name, std::string_view bytes,
                                    const UploadLimits& limits) {
  if (bytes.size() > std::min(limits.max_file_size, limits.max_total_size))
    return Error{ErrorKind::too_large, "upload_too_large",
                 "The upload has " + std::to_string(bytes.size()) +
                     " bytes; provisioning.uploads.max_file_size and max_total_size allow " +
                     std::to_string(std::min(limits.max_file_size, limits.max_total_size)) + "."};
  load();
  const std::lock_guard one(writing_);
  const auto file = kept_name(name);
  auto time = clock_();
  if (const auto last = newest(mac, file)) {
    if (is_same(*last, bytes)) return Kept{*last, false, 0};
    time = std::max(time, last->received_at + std::chrono::microseconds(1));  // a clock that went back
  }
  Kept kept{{mac, id_of(time, file), file, bytes.size(), time}, true, 0};
  if (auto done = write(kept.upload, bytes); !done) return done.error();
  {
    const std::lock_guard lock(mutex_);
    auto& of_device = uploads_[mac];
    const auto place = std::upper_bound(of_device.begin(), of_device.end(), kept.upload,
                                        [](const Upload& a, const Upload& b) { return a.id < b.id; });
    of_device.insert(place, kept.upload);
    total_ += bytes.size();
  }
  const auto leave = [&](const std::optional<Upload>& upload) {
    forget(*upload);
    ++kept.dropped;
  };
  const auto most = std::max<std::size_t>(1, limits.max_files_per_device);
  while (list(mac).size() > most) leave(oldest(mac));
  while (total_size() > limits.max_total_size) {
    const auto old = oldest(std::nullopt);
    if (!old || old->id == kept.upload.id) break;
    leave(old);
  }
  return kept;
}

Result<Upload> Uploads::remove(const MacAddress& mac, const std::string& id) {
  load();
  const std::lock_guard one(writing_);
  auto upload = find(mac, id);
  if (!upload) return no_such_upload();
  forget(*upload);
  return std::move(*upload);
}

std::vector<Upload> Uploads::list(const std::optional<MacAddress>& mac) const {
  load();
  std::vector<Upload> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [device, of_device] : uploads_)
      if (!mac || *mac == device) out.insert(out.end(), of_device.begin(), of_device.end());
  }
  std::sort(out.begin(), out.end(), [](const Upload& a, const Upload& b) {
    return std::tie(b.received_at, a.mac) < std::tie(a.received_at, b.mac);
  });
  return out;
}

std::uint64_t Uploads::total_size() const {
  load();
  const std::lock_guard lock(mutex_);
  return total_;
}

std::optional<Upload> Uploads::find(const MacAddress& mac, const std::string& id) const {
  load();
  const std::lock_guard lock(mutex_);
  const auto device = uploads_.find(mac);
  if (device == uploads_.end()) return std::nullopt;
  for (const auto& upload : device->second)
    if (upload.id == id) return upload;
  return std::nullopt;
}

std::optional<Upload> Uploads::newest(const MacAddress& mac, std::string_view name) const {
  load();
  const auto file = kept_name(name);
  const std::lock_guard lock(mutex_);
  const auto device = uploads_.find(mac);
  if (device == uploads_.end()) return std::nullopt;
  for (auto upload = device->second.rbegin(); upload != device->second.rend(); ++upload)
    if (upload->file == file) return *upload;
  return std::nullopt;
}

Result<std::shared_ptr<const FirmwareFile>> Uploads::open(const Upload& upload) const {
  auto file = FirmwareFile::open(folder_.string(), upload.mac.text() + "/" + upload.id);
  if (!file) return no_such_upload();
  return file;
}

}  // namespace strowger::http::provision
