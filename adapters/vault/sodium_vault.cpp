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
std::string bound_to(std::string_view what, std::uint64_t id) {
  std::string out(what);
  out.push_back('\0');
  return out += hex(id);
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
  if (!master) return master.error();
  const auto print = fingerprint(*master);
  if (*known && **known != print)
    return unacceptable("wrong_master_key", "the master key in " + master->origin() +
                                                " is not the one that the log was begun with; restore that one from "
                                                "the backup, without it no secret can be read");
  if (!*known) {
    AppendRequest request;
    request.state.push_back({std::string(check_table), "master", print});
    if (auto stored = append_and_wait(log, std::move(request)); !stored) return stored.error();
  }
  return std::unique_ptr<SodiumVault>(new SodiumVault(log, std::move(*master), cached_keys));
}

SodiumVault::SodiumVault(EventLog& log, MasterKey master, std::size_t cached_keys)
    : log_(log), master_(std::move(master)), cached_keys_(std::max<std::size_t>(1, cached_keys)) {}

template <class Use>
auto SodiumVault::with_key(KeyId id, Use use) const -> decltype(use(nullptr)) {
  // More than once, because a key that was fetched may be pushed out again before it is used.
  for (int attempt = 0; attempt < 8; ++attempt) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = keys_.find(id); found != keys_.end()) return use(found->second);
    }
    if (auto fetched = fetch(id); !fetched) return fetched.error();
  }
  return overloaded("the vault keeps too few keys for this load");
}

Result<void> SodiumVault::fetch(KeyId id) const {
  const auto before = shreds();
  auto stored = log_.load_state(table, hex(id));
  if (!stored) return stored.error();
  if (!*stored) return shredded();
  const std::string_view wrapped(**stored);
  if (wrapped.empty() || wrapped[0] != wrapped_format)
    return unreadable("its data key has a form that this release does not know");
  const auto wrapping = master_.derive("vault.wrap");
  auto key = decrypt(wrapped.substr(1), bound_to("key", id), wrapping.data());
  if (!key || key->size() != KeyMemory::key_bytes) return unreadable("the master key does not fit its data key");
  cache(id, data(*key), before);
  sodium_memzero(key->data(), key->size());
  return {};
}

std::uint64_t SodiumVault::shreds() const {
  const std::shared_lock lock(mutex_);
  return shreds_;
}

void SodiumVault::cache(KeyId id, const unsigned char* key, std::uint64_t shreds) const {
  const std::unique_lock lock(mutex_);
  if (shreds != shreds_) return;  // it may be the one that was shredded meanwhile
  if (keys_.size() >= cached_keys_) {
    memory_.give_back(keys_.begin()->second);
    keys_.erase(keys_.begin());
  }
  auto [entry, fresh] = keys_.try_emplace(id);
  if (fresh) entry->second = memory_.take();
  std::memcpy(entry->second, key, KeyMemory::key_bytes);
}

Result<SodiumVault::KeyId> SodiumVault::make_key() {
  KeyId id = 0;
  randombytes_buf(&id, sizeof id);
  std::string key(KeyMemory::key_bytes, '\0');
  randombytes_buf(key.data(), key.size());
  const auto wrapping = master_.derive("vault.wrap");
  auto wrapped = std::string(1, wrapped_format) + encrypt(key, bound_to("key", id), wrapping.data());
  const auto before = shreds();
  AppendRequest request;
  request.state.push_back({std::string(table), hex(id), std::move(wrapped)});
  auto stored = append_and_wait(log_, std::move(request));
  if (stored) cache(id, data(key), before);
  sodium_memzero(key.data(), key.size());
  if (!stored) return stored.error();
  return id;
}

Result<SealedSecret> SodiumVault::seal_with(KeyId id, std::string_view clear) const {
  return with_key(id, [&](const unsigned char* key) -> Result<SealedSecret> {
    const auto cipher = encrypt(clear, bound_to("secret", id), key);
    std::string base64(sodium_base64_encoded_len(cipher.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
    sodium_bin2base64(base64.data(), base64.size(), data(std::string_view(cipher)), cipher.size(),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    base64.pop_back();  // the terminating NUL
    return SealedSecret{"v1." + hex(id) + "." + base64};
  });
}

Result<SealedSecret> SodiumVault::seal(std::string_view clear) {
  const auto id = make_key();
  if (!id) return id.error();
  return seal_with(*id, clear);
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
    auto clear = decrypt(cipher, bound_to("secret", parts->key), key);
    if (!clear) return unreadable("it was changed since it was sealed");
    return std::move(*clear);
  });
}

Result<void> SodiumVault::shred(const SealedSecret& sealed) {
  const auto parts = split(sealed);
  if (!parts) return parts.error();
  AppendRequest request;
  request.state.push_back({std::string(table), hex(parts->key), std::nullopt});
  auto erased = append_and_wait(log_, std::move(request));
  if (!erased) return erased.error();
  const std::unique_lock writing(mutex_);
  ++shreds_;
  if (const auto found = keys_.find(parts->key); found != keys_.end()) {
    memory_.give_back(found->second);
    keys_.erase(found);
  }
  return {};
}

std::array<unsigned char, 32> derived_key(const MasterKey& master, std::string_view purpose) {
  return master.derive("derived." + std::string(purpose));
}

}  // namespace strowger::vault
