#include "adapters/vault/sodium_vault.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

#include <sodium.h>

namespace strowger::vault {
namespace {

constexpr std::string_view table = "vault";
constexpr std::string_view unused_table = "vault_unused";  // key id -> the log's end when it was made
constexpr std::string_view check_table = "vault_check";
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr char wrapped_format = 1;

static_assert(KeyMemory::key_bytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* data(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* data(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

std::string hex(std::uint64_t id) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(id));
  return {text.data(), 16};
}

// What a ciphertext is bound to.
std::string bound_to(std::string_view what, std::string_view id) {
  std::string out(what);
  out.push_back('\0');
  return out += id;
}

// nonce, ciphertext
std::string encrypt(std::string_view clear, std::string_view bound, const unsigned char* key) {
  std::string out(nonce_bytes + clear.size() + tag_bytes, '\0');
  randombytes_buf(out.data(), nonce_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(data(out) + nonce_bytes, nullptr, data(clear), clear.size(), data(bound),
                                             bound.size(), nullptr, data(out), key);
  return out;
}

std::optional<std::string> decrypt(std::string_view cipher, std::string_view bound, const unsigned char* key) {
  if (cipher.size() < nonce_bytes + tag_bytes) return std::nullopt;
  std::string clear(cipher.size() - nonce_bytes - tag_bytes, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(data(clear), nullptr, nullptr, data(cipher) + nonce_bytes,
                                                 cipher.size() - nonce_bytes, data(bound), bound.size(), data(cipher),
                                                 key) != 0)
    return std::nullopt;
  return clear;
}

Error unreadable(std::string_view why) {
  return Error{ErrorKind::internal, "secret_unreadable", "the secret cannot be read: " + std::string(why)};
}

Error shredded() {
  return Error{ErrorKind::not_found, "secret_shredded", "the key of the secret was destroyed; set a new secret"};
}

std::optional<std::uint64_t> parse_key_id(std::string_view digits) {
  std::uint64_t id = 0;
  if (digits.size() != 16) return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id, 16);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return id;
}

// Visits the ids of the data keys that a text names: in whatever member of an event a sealed secret is.
template <class Visit>
void each_key_named_in(std::string_view text, Visit visit) {
  constexpr std::string_view form = "v1.";
  for (auto at = text.find(form); at != std::string_view::npos; at = text.find(form, at + 1)) {
    const auto rest = text.substr(at + form.size());
    if (rest.size() <= 16 || rest[16] != '.') continue;
    if (const auto id = parse_key_id(rest.substr(0, 16))) visit(*id);
  }
}

struct SealedParts {
  std::uint64_t key = 0;
  std::string_view base64;
};

Result<SealedParts> split(const SealedSecret& sealed) {
  constexpr std::string_view form = "v1.";
  constexpr std::size_t id_digits = 16;
  std::string_view text(sealed.text);
  const auto fault = [] { return unreadable("it is not a sealed secret that this release knows"); };
  if (!text.starts_with(form) || text.size() <= form.size() + id_digits || text[form.size() + id_digits] != '.')
    return fault();
  SealedParts parts;
  const char* digits = text.data() + form.size();
  if (const auto [end, error] = std::from_chars(digits, digits + id_digits, parts.key, 16);
      error != std::errc{} || end != digits + id_digits || !text.substr(form.size()).starts_with(hex(parts.key)))
    return fault();
  parts.base64 = text.substr(form.size() + id_digits + 1);
  return parts;
}

// `id` is the data key's, as it is stored.
std::string wrap(const MasterKey& master, std::string_view id, std::string_view key) {
  auto wrapping = master.derive("vault.wrap");
  auto wrapped = std::string(1, wrapped_format) + encrypt(key, bound_to("key", id), wrapping.data());
  sodium_memzero(wrapping.data(), wrapping.size());
  return wrapped;
}

std::optional<std::string> unwrap(const MasterKey& master, std::string_view id, std::string_view wrapped) {
  if (wrapped.empty() || wrapped.front() != wrapped_format) return std::nullopt;
  auto wrapping = master.derive("vault.wrap");
  auto key = decrypt(wrapped.substr(1), bound_to("key", id), wrapping.data());
  sodium_memzero(wrapping.data(), wrapping.size());
  if (key && key->size() != KeyMemory::key_bytes) return std::nullopt;
  return key;
}

std::string fingerprint(const MasterKey& master) {
  const auto key = master.derive("vault.check");
  return {reinterpret_cast<const char*>(key.data()), 16};
}

}  // namespace

Result<std::unique_ptr<SodiumVault>> SodiumVault::open(EventLog& log, const MasterKeySource& source,
                                                       std::size_t cached_keys) {
  auto known = log.load_state(check_table, "master");
  if (!known) return known.error();
  auto master = MasterKey::load(source, !known->has_value());
  const auto fits = [&](const MasterKey& key) { return **known == fingerprint(key); };
  if (*known && (!master || !fits(*master))) {
    // A rotation that was cut short after its append, or whose key has not been supplied yet.
    auto next = MasterKey::load_next(source);
    if (!next && master) return next.error();
    if (next && *next && fits(**next)) {
      if (!source.supplied())
        if (auto done = MasterKey::promote_next(source); !done) return done.error();
      std::unique_ptr<SodiumVault> vault(new SodiumVault(log, source, std::move(**next), cached_keys));
      if (auto found = vault->find_left_over(); !found) return found.error();
      return vault;
    }
  }
  if (!master) return master.error();
  if (*known && !fits(*master))
    return unacceptable("wrong_master_key", "the master key in " + master->origin() +
                                                " is not the one that the log was begun with; restore that one from "
                                                "the backup, without it no secret can be read");
  if (!*known) {
    AppendRequest request;
    request.state.push_back({std::string(check_table), "master", fingerprint(*master)});
    if (auto stored = append_and_wait(log, std::move(request)); !stored) return stored.error();
  }
  MasterKey::forget_next(source);  // never came into force, or is what is supplied now
  std::unique_ptr<SodiumVault> vault(new SodiumVault(log, source, std::move(*master), cached_keys));
  if (auto found = vault->find_left_over(); !found) return found.error();
  return vault;
}

SodiumVault::SodiumVault(EventLog& log, MasterKeySource source, MasterKey master, std::size_t cached_keys)
    : log_(log),
      source_(std::move(source)),
      cached_keys_(std::max<std::size_t>(1, cached_keys)),
      master_(std::make_shared<const MasterKey>(std::move(master))) {}

SodiumVault::MasterPtr SodiumVault::master() const {
  const std::shared_lock lock(mutex_);
  return master_;
}

template <class Use>
auto SodiumVault::with_key(KeyId id, Use use) const -> decltype(use(nullptr)) {
  // More than once, because a key that was fetched may be pushed out again before it is used.
  for (int attempt = 0; attempt < 8; ++attempt) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = keys_.find(id); found != keys_.end()) {
        auto& used = found->second.used;
        if (!used.load(std::memory_order_relaxed)) used.store(true, std::memory_order_relaxed);
        return use(found->second.slot);
      }
    }
    if (auto fetched = fetch(id); !fetched) return fetched.error();
  }
  return overloaded("the vault keeps too few keys for this load");
}

Result<void> SodiumVault::fetch(KeyId id) const {
  // More than once, because a rotation may come between reading the master key and reading what it wraps.
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto before = shreds();
    std::array<MasterPtr, 2> masters;
    {
      const std::shared_lock lock(mutex_);
      masters = {master_, next_};
    }
    auto stored = log_.load_state(table, hex(id));
    if (!stored) return stored.error();
    if (!*stored) return shredded();
    if ((*stored)->empty() || (*stored)->front() != wrapped_format)
      return unreadable("its data key has a form that this release does not know");
    for (const auto& master : masters) {
      if (!master) continue;
      auto key = unwrap(*master, hex(id), **stored);
      if (!key) continue;
      cache(id, data(*key), before);
      sodium_memzero(key->data(), key->size());
      return {};
    }
  }
  return unreadable("the master key does not fit its data key");
}

std::uint64_t SodiumVault::shreds() const {
  const std::shared_lock lock(mutex_);
  return shreds_;
}

void SodiumVault::cache(KeyId id, const unsigned char* key, std::uint64_t shreds) const {
  const std::unique_lock lock(mutex_);
  if (shreds != shreds_) return;   // it may be the one that was shredded meanwhile
  if (keys_.contains(id)) return;  // another thread fetched it, too
  if (keys_.size() >= cached_keys_) make_room();
  auto& entry = keys_[id];
  entry.slot = memory_.take();
  entry.age = ages_.insert(ages_.end(), id);
  std::memcpy(entry.slot, key, KeyMemory::key_bytes);
}

// With mutex_ alone. Each is passed over once at most, so this ends; O(1) amortised.
void SodiumVault::make_room() const {
  for (;;) {
    const auto oldest = keys_.find(ages_.front());
    if (oldest->second.used.exchange(false, std::memory_order_relaxed)) {
      ages_.splice(ages_.end(), ages_, ages_.begin());
      continue;
    }
    memory_.give_back(oldest->second.slot);
    ages_.pop_front();
    keys_.erase(oldest);
    return;
  }
}

Result<std::vector<SodiumVault::KeyId>> SodiumVault::make_keys(std::size_t count) {
  std::vector<KeyId> ids(count);
  randombytes_buf(ids.data(), count * sizeof(KeyId));
  std::vector<std::string> keys(count, std::string(KeyMemory::key_bytes, '\0'));
  for (auto& key : keys) randombytes_buf(key.data(), key.size());
  const std::shared_lock no_rotation(rotation_);
  const auto before = shreds();
  AppendRequest request;
  request.state.reserve(2 * count);
  const auto end = std::to_string(number(log_.last_position()));
  for (std::size_t i = 0; i < count; ++i) {
    request.state.push_back({std::string(table), hex(ids[i]), wrap(*master(), hex(ids[i]), keys[i])});
    request.state.push_back({std::string(unused_table), hex(ids[i]), end});
  }
  auto stored = append_and_wait(log_, std::move(request));
  for (std::size_t i = 0; i < count; ++i) {
    if (stored) cache(ids[i], data(keys[i]), before);
    sodium_memzero(keys[i].data(), keys[i].size());
  }
  if (!stored) return stored.error();
  return ids;
}

Result<SealedSecret> SodiumVault::seal_with(KeyId id, std::string_view clear) const {
  return with_key(id, [&](const unsigned char* key) -> Result<SealedSecret> {
    const auto cipher = encrypt(clear, bound_to("secret", hex(id)), key);
    std::string base64(sodium_base64_encoded_len(cipher.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
    sodium_bin2base64(base64.data(), base64.size(), data(std::string_view(cipher)), cipher.size(),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    base64.pop_back();  // the terminating NUL
    return SealedSecret{"v1." + hex(id) + "." + base64};
  });
}

Result<SealedSecret> SodiumVault::seal(std::string_view clear) {
  const auto id = make_keys(1);
  if (!id) return id.error();
  return seal_with(id->front(), clear);
}

Result<std::vector<SealedSecret>> SodiumVault::seal_all(const std::vector<std::string>& clear) {
  const auto ids = make_keys(clear.size());
  if (!ids) return ids.error();
  std::vector<SealedSecret> out;
  out.reserve(clear.size());
  for (std::size_t i = 0; i < clear.size(); ++i) {
    auto sealed = seal_with((*ids)[i], clear[i]);
    if (!sealed) return sealed.error();
    out.push_back(std::move(*sealed));
  }
  return out;
}

Result<SealedSecret> SodiumVault::seal_like(const SealedSecret& sibling, std::string_view clear) {
  const auto parts = split(sibling);
  if (!parts) return parts.error();
  return seal_with(parts->key, clear);
}

Result<std::string> SodiumVault::open(const SealedSecret& sealed) const {
  const auto parts = split(sealed);
  if (!parts) return parts.error();
  std::string cipher(parts->base64.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(data(cipher), cipher.size(), parts->base64.data(), parts->base64.size(), nullptr, &size,
                        nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
    return unreadable("it is not base64");
  cipher.resize(size);
  return with_key(parts->key, [&](const unsigned char* key) -> Result<std::string> {
    auto clear = decrypt(cipher, bound_to("secret", hex(parts->key)), key);
    if (!clear) return unreadable("it was changed since it was sealed");
    return std::move(*clear);
  });
}

Result<void> SodiumVault::shred(const SealedSecret& sealed) {
  const auto parts = split(sealed);
  if (!parts) return parts.error();
  return erase({parts->key}, {});
}

Result<void> SodiumVault::erase(const std::vector<KeyId>& destroyed, const std::vector<KeyId>& noted) {
  const std::shared_lock no_rotation(rotation_);
  AppendRequest request;
  for (const auto id : destroyed) {
    request.state.push_back({std::string(table), hex(id), std::nullopt});
    request.state.push_back({std::string(unused_table), hex(id), std::nullopt});
  }
  for (const auto id : noted) request.state.push_back({std::string(unused_table), hex(id), std::nullopt});
  auto erased = append_and_wait(log_, std::move(request));
  if (!erased) return erased.error();
  if (destroyed.empty()) return {};
  const std::unique_lock writing(mutex_);
  ++shreds_;
  for (const auto id : destroyed)
    if (const auto found = keys_.find(id); found != keys_.end()) {
      memory_.give_back(found->second.slot);
      ages_.erase(found->second.age);
      keys_.erase(found);
    }
  return {};
}

Result<void> SodiumVault::find_left_over() {
  return log_.scan_state(unused_table, "", [&](std::string_view id, std::string_view) {
    if (const auto key = parse_key_id(id)) left_over_.insert(*key);
  });
}

Result<SodiumVault::Sweep> SodiumVault::sweep(const std::stop_token& stop) {
  constexpr std::size_t page = 1'024;
  std::unordered_set<KeyId> unused;
  auto from = ~std::uint64_t{0};
  auto scanned = log_.scan_state(unused_table, "", [&](std::string_view id, std::string_view made_at) {
    const auto key = parse_key_id(id);
    if (!key) return;
    std::uint64_t position = 0;  // where it cannot be read: all of the log is
    std::from_chars(made_at.data(), made_at.data() + made_at.size(), position);
    unused.insert(*key);
    from = std::min(from, position);
  });
  if (!scanned) return scanned.error();
  if (unused.empty()) return Sweep{};
  // Whatever an earlier process made use of is in the log by now.
  const auto end = log_.last_position();
  std::vector<KeyId> used;
  for (Position at{from}; at < end && !unused.empty();) {
    if (stop.stop_requested()) return Sweep{};
    const auto records = log_.read_all(at, page);
    if (!records) return records.error();
    if (records->empty())
      return internal_error("no event follows " + std::to_string(number(at)) + ", but the log ends at " +
                            std::to_string(number(end)));
    for (const auto& record : *records)
      each_key_named_in(record.data, [&](KeyId id) {
        if (unused.erase(id) > 0) used.push_back(id);
      });
    at = records->back().position;
  }
  std::vector<KeyId> orphans;
  for (const auto id : unused)
    if (left_over_.contains(id)) orphans.push_back(id);
  if (used.empty() && orphans.empty()) return Sweep{};
  if (auto done = erase(orphans, used); !done) return done.error();
  left_over_.clear();
  return Sweep{used.size(), orphans.size()};
}

Result<SodiumVault::Rotation> SodiumVault::rotate(const std::function<NewRecord(std::size_t)>& record) {
  const std::unique_lock alone(rotation_);
  auto made = MasterKey::make_next(source_);
  if (!made) return made.error();
  const auto next = std::make_shared<const MasterKey>(std::move(*made));
  {
    const std::unique_lock lock(mutex_);
    next_ = next;
  }
  const auto wrapped = wrap_anew(*next, record);
  {
    const std::unique_lock lock(mutex_);
    if (wrapped) master_ = next;
    next_.reset();
  }
  if (!wrapped) return wrapped.error();
  if (auto proved = prove(*next, *wrapped); !proved) return proved.error();
  if (source_.supplied()) return Rotation{*wrapped, source_.next_file(), {}};
  if (auto done = MasterKey::promote_next(source_); !done) return done.error();
  return Rotation{*wrapped, source_.file, source_.previous_file()};
}

// One append, so that it is all of them or none.
Result<std::size_t> SodiumVault::wrap_anew(const MasterKey& next, const std::function<NewRecord(std::size_t)>& record) {
  const auto present = master();
  AppendRequest request;
  std::optional<Error> fault;
  auto scanned = log_.scan_state(table, "", [&](std::string_view id, std::string_view stored) {
    auto key = unwrap(*present, id, stored);
    if (!key) {
      fault = unreadable("data key " + std::string(id) + " does not open under the present master key");
      return;
    }
    request.state.push_back({std::string(table), std::string(id), wrap(next, id, *key)});
    sodium_memzero(key->data(), key->size());
  });
  if (!scanned) return scanned.error();
  if (fault) return std::move(*fault);
  const auto data_keys = request.state.size();
  request.state.push_back({std::string(check_table), "master", fingerprint(next)});
  request.stream = StreamId("system", "server");
  request.events.push_back(record(data_keys));
  if (auto stored = append_and_wait(log_, std::move(request)); !stored) return stored.error();
  return data_keys;
}

Result<void> SodiumVault::prove(const MasterKey& key, std::size_t data_keys) const {
  std::size_t opened = 0;
  auto scanned = log_.scan_state(table, "", [&](std::string_view id, std::string_view stored) {
    auto data_key = unwrap(key, id, stored);
    if (!data_key) return;
    ++opened;
    sodium_memzero(data_key->data(), data_key->size());
  });
  if (!scanned) return scanned.error();
  if (opened == data_keys) return {};
  return internal_error("of " + std::to_string(data_keys) + " data keys only " + std::to_string(opened) +
                        " open under the new master key, which is in " + source_.next_file().string() +
                        "; keep both master keys and restore the log from a backup");
}

std::array<unsigned char, 32> derived_key(const MasterKey& master, std::string_view purpose) {
  return master.derive("derived." + std::string(purpose));
}

}  // namespace strowger::vault
