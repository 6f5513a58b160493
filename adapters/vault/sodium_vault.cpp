#include "adapters/vault/sodium_vault.hpp"

#include <algorithm>
#include <cstring>
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

// What a ciphertext is bound to.
std::string bound_to(std::string_view what, std::string_view subject, const std::array<unsigned char, 8>& id) {
  std::string out(what);
  out.push_back('\0');
  out.append(subject).push_back('\0');
  out.append(reinterpret_cast<const char*>(id.data()), id.size());
  return out;
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

Error unreadable(std::string_view subject, std::string_view why) {
  return Error{ErrorKind::internal, "secret_unreadable",
               "the secret of " + std::string(subject) + " cannot be read: " + std::string(why)};
}

Error shredded(std::string_view subject) {
  return Error{ErrorKind::not_found, "secret_shredded",
               "the secret of " + std::string(subject) + " was destroyed; set a new one"};
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

std::mutex& SodiumVault::making(std::string_view subject) {
  return making_[std::hash<std::string_view>{}(subject) % making_.size()];
}

template <class Use>
auto SodiumVault::with_key(std::string_view subject, Use use) const -> decltype(use(KeyId{}, nullptr)) {
  const std::string name(subject);
  // More than once, because a key that was fetched may be pushed out again before it is used.
  for (int attempt = 0; attempt < 8; ++attempt) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = keys_.find(name); found != keys_.end()) return use(found->second.id, found->second.slot);
    }
    if (auto fetched = fetch(subject); !fetched) return fetched.error();
  }
  return overloaded("the vault keeps too few keys for this load");
}

Result<void> SodiumVault::fetch(std::string_view subject) const {
  const auto before = shreds();
  auto stored = log_.load_state(table, subject);
  if (!stored) return stored.error();
  if (!*stored) return shredded(subject);
  KeyId id{};
  const std::string_view wrapped(**stored);
  if (wrapped.size() < 1 + id.size() || wrapped[0] != wrapped_format)
    return unreadable(subject, "its data key has a form that this release does not know");
  std::memcpy(id.data(), wrapped.data() + 1, id.size());
  const auto wrapping = master_.derive("vault.wrap");
  auto key = decrypt(wrapped.substr(1 + id.size()), bound_to("key", subject, id), wrapping.data());
  if (!key || key->size() != KeyMemory::key_bytes)
    return unreadable(subject, "the master key does not fit its data key");
  cache(subject, id, data(*key), before);
  sodium_memzero(key->data(), key->size());
  return {};
}

std::uint64_t SodiumVault::shreds() const {
  const std::shared_lock lock(mutex_);
  return shreds_;
}

void SodiumVault::cache(std::string_view subject, const KeyId& id, const unsigned char* key,
                        std::uint64_t shreds) const {
  const std::unique_lock lock(mutex_);
  if (shreds != shreds_) return;
  if (keys_.size() >= cached_keys_) {
    memory_.give_back(keys_.begin()->second.slot);
    keys_.erase(keys_.begin());
  }
  auto [entry, fresh] = keys_.try_emplace(std::string(subject));
  if (fresh) entry->second.slot = memory_.take();
  entry->second.id = id;
  std::memcpy(entry->second.slot, key, KeyMemory::key_bytes);
}

Result<void> SodiumVault::make_key(std::string_view subject) {
  KeyId id{};
  randombytes_buf(id.data(), id.size());
  std::string key(KeyMemory::key_bytes, '\0');
  randombytes_buf(key.data(), key.size());
  const auto wrapping = master_.derive("vault.wrap");
  std::string wrapped(1, wrapped_format);
  wrapped.append(reinterpret_cast<const char*>(id.data()), id.size());
  wrapped += encrypt(key, bound_to("key", subject, id), wrapping.data());
  const auto before = shreds();
  AppendRequest request;
  request.state.push_back({std::string(table), std::string(subject), std::move(wrapped)});
  auto stored = append_and_wait(log_, std::move(request));
  if (stored) cache(subject, id, data(key), before);
  sodium_memzero(key.data(), key.size());
  if (!stored) return stored.error();
  return {};
}

Result<SealedSecret> SodiumVault::seal(std::string_view subject, std::string_view clear) {
  const auto sealed = [&](const KeyId& id, const unsigned char* key) -> Result<SealedSecret> {
    const auto cipher = encrypt(clear, bound_to("secret", subject, id), key);
    std::string text = "v1.";
    std::array<char, 2 * std::tuple_size_v<KeyId> + 1> hex{};
    text += sodium_bin2hex(hex.data(), hex.size(), id.data(), id.size());
    text.push_back('.');
    std::string base64(sodium_base64_encoded_len(cipher.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
    sodium_bin2base64(base64.data(), base64.size(), data(std::string_view(cipher)), cipher.size(),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    base64.pop_back();  // the terminating NUL
    return SealedSecret{text + base64};
  };
  auto done = with_key(subject, sealed);
  if (done || done.error().code != "secret_shredded") return done;
  {
    const std::lock_guard lock(making(subject));
    done = with_key(subject, sealed);  // another thread may have made it meanwhile
    if (done || done.error().code != "secret_shredded") return done;
    if (auto made = make_key(subject); !made) return made.error();
  }
  return with_key(subject, sealed);
}

Result<std::string> SodiumVault::open(std::string_view subject, const SealedSecret& sealed) const {
  const std::string_view text(sealed.text);
  KeyId id{};
  const auto dot = text.find('.', 3);
  std::size_t size = 0;
  if (!text.starts_with("v1.") || dot != 3 + 2 * id.size() ||
      sodium_hex2bin(id.data(), id.size(), text.data() + 3, 2 * id.size(), nullptr, &size, nullptr) != 0 ||
      size != id.size())
    return unreadable(subject, "it is not a sealed secret that this release knows");
  const auto base64 = text.substr(dot + 1);
  std::string cipher(base64.size(), '\0');
  if (sodium_base642bin(data(cipher), cipher.size(), base64.data(), base64.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
    return unreadable(subject, "it is not base64");
  cipher.resize(size);
  return with_key(subject, [&](const KeyId& present, const unsigned char* key) -> Result<std::string> {
    if (present != id) return shredded(subject);
    auto clear = decrypt(cipher, bound_to("secret", subject, id), key);
    if (!clear) return unreadable(subject, "it was sealed for another subject or was changed");
    return std::move(*clear);
  });
}

Result<void> SodiumVault::shred(std::string_view subject) {
  const std::lock_guard lock(making(subject));
  AppendRequest request;
  request.state.push_back({std::string(table), std::string(subject), std::nullopt});
  auto erased = append_and_wait(log_, std::move(request));
  if (!erased) return erased.error();
  const std::unique_lock writing(mutex_);
  ++shreds_;
  if (const auto found = keys_.find(std::string(subject)); found != keys_.end()) {
    memory_.give_back(found->second.slot);
    keys_.erase(found);
  }
  return {};
}

std::array<unsigned char, 32> SodiumVault::derive_key(std::string_view purpose) const {
  return master_.derive("derived." + std::string(purpose));
}

}  // namespace strowger::vault
