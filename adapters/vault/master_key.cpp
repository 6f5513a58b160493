#include "adapters/vault/master_key.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

namespace strowger::vault {
namespace {

constexpr std::string_view credential_name = "strowger-master-key";

using KeyBytes = std::array<unsigned char, MasterKey::bytes>;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

Error system_error(const std::string& what, const std::filesystem::path& path) {
  return unavailable("master_key_unavailable", "cannot " + what + " the master key " + path.string() + ": " +
                                                   std::system_category().message(errno));
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
}

// 32 raw bytes where they may be raw, else hex or any base64.
Result<KeyBytes> parse_key(std::string_view text, const std::string& origin, bool may_be_raw) {
  KeyBytes key{};
  if (may_be_raw && text.size() == key.size()) {
    std::memcpy(key.data(), text.data(), key.size());
    return key;
  }
  text = trimmed(text);
  std::size_t size = 0;
  if (text.size() == 2 * key.size() &&
      sodium_hex2bin(key.data(), key.size(), text.data(), text.size(), nullptr, &size, nullptr) == 0 &&
      size == key.size())
    return key;
  for (const int variant : {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
                            sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING})
    if (sodium_base642bin(key.data(), key.size(), text.data(), text.size(), nullptr, &size, nullptr, variant) == 0 &&
        size == key.size())
      return key;
  return unacceptable("bad_master_key", "the master key in " + origin +
                                            " is not 32 bytes in hex or base64; make one with: openssl rand -hex 32");
}

Result<std::optional<std::string>> read_file(const std::filesystem::path& path, bool must_be_private) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) return std::optional<std::string>{};
    return system_error("open", path);
  }
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return system_error("examine", path);
  if (must_be_private && (info.st_mode & 077) != 0)
    return Error{ErrorKind::forbidden, "master_key_readable",
                 "the master key " + path.string() +
                     " may be read by others than its owner; if nobody did, run: chmod 600 " + path.string()};
  std::string text(1'024, '\0');
  const auto size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return system_error("read", path);
  text.resize(static_cast<std::size_t>(size));
  return std::optional<std::string>(std::move(text));
}

Result<void> make_durable(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return system_error("make durable", path);
  return {};
}

// Whole and durable, or not there.
Result<void> create_file(const std::filesystem::path& path, const KeyBytes& key) {
  std::error_code fault;
  std::filesystem::create_directories(path.parent_path(), fault);
  const auto beside = path.string() + ".new";
  ::unlink(beside.c_str());
  {
    const Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return system_error("create", path);
    if (::write(file.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size()) || ::fsync(file.get()) != 0) {
      auto error = system_error("write", path);
      ::unlink(beside.c_str());
      return error;
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return system_error("create", path);
  return make_durable(path);
}

struct Wiped {
  KeyBytes bytes{};
  ~Wiped() { sodium_memzero(bytes.data(), bytes.size()); }
};

}  // namespace

bool MasterKeySource::supplied() const {
  std::error_code fault;
  return text || (credentials_directory && std::filesystem::exists(*credentials_directory / credential_name, fault));
}

std::filesystem::path MasterKeySource::next_file() const {
  return file.string() + ".next";
}

std::filesystem::path MasterKeySource::previous_file() const {
  return file.string() + ".previous";
}

MasterKeySource MasterKeySource::from_environment(const std::filesystem::path& data_dir) {
  MasterKeySource source;
  if (const char* directory = std::getenv("CREDENTIALS_DIRECTORY")) source.credentials_directory = directory;
  if (const char* text = std::getenv("STROWGER_MASTER_KEY")) source.text = text;
  source.file = data_dir / "master.key";
  return source;
}

Result<MasterKey> MasterKey::from(std::string_view text, const std::string& origin, bool may_be_raw) {
  auto parsed = parse_key(text, origin, may_be_raw);
  if (!parsed) return parsed.error();
  const Wiped key{*parsed};
  sodium_memzero(parsed->data(), parsed->size());
  return MasterKey(key.bytes.data(), origin);
}

Result<MasterKey> MasterKey::create(const std::filesystem::path& path) {
  Wiped key;
  randombytes_buf(key.bytes.data(), key.bytes.size());
  if (auto made = create_file(path, key.bytes); !made) return made.error();
  return MasterKey(key.bytes.data(), path.string());
}

Result<MasterKey> MasterKey::load(const MasterKeySource& source, bool may_create) {
  if (sodium_init() < 0) return internal_error("libsodium cannot be initialised");
  if (source.credentials_directory) {
    const auto path = *source.credentials_directory / credential_name;
    auto text = read_file(path, false);
    if (!text) return text.error();
    if (*text) return from(**text, path.string(), true);
  }
  if (source.text) return from(*source.text, "STROWGER_MASTER_KEY", false);
  auto text = read_file(source.file, true);
  if (!text) return text.error();
  if (*text) return from(**text, source.file.string(), true);
  if (!may_create)
    return unavailable("master_key_missing", "the master key " + source.file.string() +
                                                 " is not there, but the log was begun with one; restore it from the "
                                                 "backup of the data folder, without it no secret can be read");
  return create(source.file);
}

Result<std::optional<MasterKey>> MasterKey::load_next(const MasterKeySource& source) {
  auto text = read_file(source.next_file(), true);
  if (!text) return text.error();
  if (!*text) return std::optional<MasterKey>{};
  auto key = from(**text, source.next_file().string(), true);
  if (!key) return key.error();
  return std::optional<MasterKey>(std::move(*key));
}

Result<MasterKey> MasterKey::make_next(const MasterKeySource& source) {
  if (sodium_init() < 0) return internal_error("libsodium cannot be initialised");
  if (auto made = create(source.next_file()); !made) return made.error();
  // What the disk gives back is what the data keys are wrapped with: a key that cannot be read again must never be.
  auto read = load_next(source);
  if (!read) return read.error();
  if (!*read) return system_error("find", source.next_file());
  return std::move(**read);
}

Result<void> MasterKey::promote_next(const MasterKeySource& source) {
  const auto kept = source.previous_file().string();
  const auto beside = kept + ".new";
  ::unlink(beside.c_str());
  if (::link(source.file.c_str(), beside.c_str()) == 0) {
    if (::rename(beside.c_str(), kept.c_str()) != 0) return system_error("keep", source.previous_file());
  } else if (errno != ENOENT) {
    return system_error("keep", source.previous_file());
  }
  if (::rename(source.next_file().c_str(), source.file.c_str()) != 0) return system_error("replace", source.file);
  return make_durable(source.file);
}

void MasterKey::forget_next(const MasterKeySource& source) {
  ::unlink(source.next_file().c_str());
}

MasterKey::MasterKey(const unsigned char* key, std::string origin)
    : key_(static_cast<unsigned char*>(sodium_malloc(bytes))), origin_(std::move(origin)) {
  if (!key_) throw std::bad_alloc();
  std::memcpy(key_.get(), key, bytes);
  sodium_mprotect_readonly(key_.get());
}

void MasterKey::Free::operator()(unsigned char* key) const {
  sodium_free(key);
}

std::array<unsigned char, 32> MasterKey::derive(std::string_view purpose) const {
  static_assert(bytes == crypto_kdf_KEYBYTES);
  std::uint64_t id = 0;
  crypto_generichash(reinterpret_cast<unsigned char*>(&id), sizeof id,
                     reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size(), nullptr, 0);
  std::array<unsigned char, 32> key{};
  crypto_kdf_derive_from_key(key.data(), key.size(), id, "strowger", key_.get());
  return key;
}

}  // namespace strowger::vault
