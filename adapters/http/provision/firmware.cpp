#include "adapters/http/provision/firmware.hpp"

#include "adapters/http/prepared.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace strowger::http::provision {
namespace {

constexpr std::size_t piece = 128 * 1024;  // in memory at a time, of a download

Error no_such_firmware() {
  return not_found("no_such_firmware", "There is no such file in provisioning.firmware_dir.");
}

bool read_number(std::string_view text, std::uint64_t& out) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && fault == std::errc() && end == text.data() + text.size();
}

std::string_view without_slashes(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// If-Range: the range is of the file that the phone has a part of, or the whole is sent (RFC 9110 section 13.1.5).
bool range_applies(const Request& request, const FirmwareFile& file) {
  const auto condition = request.header(Field::if_range);
  if (condition.empty()) return true;
  if (condition.front() == '"' || condition.starts_with("W/")) return condition == file.etag();
  const auto date = parse_http_date(condition);
  return date && std::chrono::floor<std::chrono::seconds>(file.modified()) == *date;
}

BodyStream body_of(const Request& request, std::shared_ptr<const FirmwareFile> file, ByteRange range, Offload& pool) {
  // The request lives in its connection, which outlives the stream.
  return [&request, file = std::move(file), range, &pool](BodySink& sink) -> Awaitable<void> {
    for (auto at = range.first; at <= range.last && sink.open();) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece, range.last - at + 1));
      const auto read = [file, at, size] { return file->read(at, size); };
      const auto bytes = co_await offloaded(request, pool, read);
      if (!bytes) co_return;  // fewer bytes than were promised: the phone sees that it was cut off
      const std::string_view part = *bytes;
      if (!co_await sink.write({&part, 1})) co_return;
      at += size;
    }
  };
}

}  // namespace

Result<std::shared_ptr<const FirmwareFile>> FirmwareFile::open(const std::string& folder, std::string_view name) {
  if (name.empty() || name.find('\0') != std::string_view::npos) return no_such_firmware();
  const int root = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0)
    return unavailable("firmware_dir_unreadable", "provisioning.firmware_dir " + folder + " cannot be opened.");
  // The kernel sees to it that no path, no .. and no symbolic link leads out of the folder, without a gap in time.
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const std::string path(name);
  const auto descriptor = static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
  ::close(root);
  if (descriptor < 0) return no_such_firmware();
  auto file = std::shared_ptr<FirmwareFile>(new FirmwareFile(descriptor));
  struct stat status{};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return no_such_firmware();
  file->size_ = static_cast<std::uint64_t>(status.st_size);
  file->modified_ =
      Timestamp(std::chrono::seconds(status.st_mtim.tv_sec)) + std::chrono::microseconds(status.st_mtim.tv_nsec / 1000);
  std::array<char, 80> etag{};
  std::snprintf(etag.data(), etag.size(), "\"%llx-%llx-%llx\"", static_cast<unsigned long long>(status.st_size),
                static_cast<unsigned long long>(file->modified_.time_since_epoch().count()),
                static_cast<unsigned long long>(status.st_ino));
  file->etag_ = etag.data();
  return std::shared_ptr<const FirmwareFile>(std::move(file));
}

FirmwareFile::~FirmwareFile() {
  ::close(descriptor_);
}

Result<std::string> FirmwareFile::read(std::uint64_t from, std::size_t size) const {
  std::string bytes(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const auto part = ::pread(descriptor_, bytes.data() + got, size - got, static_cast<off_t>(from + got));
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) return unavailable("firmware_unreadable", "The file became shorter, or cannot be read.");
    got += static_cast<std::size_t>(part);
  }
  return bytes;
}

RangeWanted range_of(std::string_view header, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit)) return {};
  const auto spec = without_slashes(header.substr(unit.size()));
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return {};
  const auto from = without_slashes(spec.substr(0, dash));
  const auto to = without_slashes(spec.substr(dash + 1));
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (from.empty()) {  // the last so many
    if (!read_number(to, last)) return {};
    if (last == 0 || size == 0) return {{}, true};
    return {ByteRange{size - std::min(last, size), size - 1}, false};
  }
  if (!read_number(from, first)) return {};
  if (to.empty())
    last = size == 0 ? 0 : size - 1;
  else if (!read_number(to, last) || last < first)
    return {};
  if (first >= size) return {{}, true};
  return {ByteRange{first, std::min(last, size - 1)}, false};
}

Response firmware_response(const Request& request, std::shared_ptr<const FirmwareFile> file, Offload& pool) {
  Response response{.content_type = "application/octet-stream"};
  const Representation validators{nullptr, nullptr, file->etag(), file->modified()};
  response.set("ETag", file->etag()).set("Last-Modified", to_http_date(file->modified())).set("Accept-Ranges", "bytes");
  if (is_current(request, validators)) {
    response.status = 304;
    return response;
  }
  const auto size = file->size();
  auto wanted = request.method == Method::get && range_applies(request, *file)
                    ? range_of(request.header(Field::range), size)
                    : RangeWanted{};
  if (wanted.unsatisfiable) {
    response.status = 416;
    response.content_type = "text/plain; charset=utf-8";
    response.body = "Range not satisfiable\n";
    response.set("Content-Range", "bytes */" + std::to_string(size));
    return response;
  }
  if (wanted.range) {
    response.status = 206;
    response.set("Content-Range", "bytes " + std::to_string(wanted.range->first) + "-" +
                                      std::to_string(wanted.range->last) + "/" + std::to_string(size));
  }
  if (size == 0) return response;
  const auto range = wanted.range.value_or(ByteRange{0, size - 1});
  response.stream = body_of(request, std::move(file), range, pool);
  response.stream_size = range.last - range.first + 1;
  return response;
}

}  // namespace strowger::http::provision
