#include "adapters/digest/nonces.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <sodium/core.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>

namespace strowger::digest {
namespace {

constexpr std::int64_t kSlice = 10'000'000;  // microseconds
constexpr int kEncoding = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

Nonces::Nonces(const NonceKey& key, Options options, Instant started) : options_(options), started_(started) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium could not be initialised");
  crypto_auth_hmacsha256_init(&keyed_, key.data(), key.size());
  randombytes_buf(&epoch_, sizeof epoch_);
  randombytes_buf(&serial_, sizeof serial_);
}

std::int64_t Nonces::since_start(Instant now) const {
  return std::max<std::int64_t>(0, std::chrono::floor<std::chrono::microseconds>(now - started_).count());
}

void Nonces::sign(Bytes& bytes) const {
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  auto state = keyed_;
  crypto_auth_hmacsha256_update(&state, bytes.data(), 16);
  crypto_auth_hmacsha256_final(&state, mac.data());
  std::memcpy(bytes.data() + 16, mac.data(), 16);
}

std::string Nonces::issue(Instant now) {
  Bytes bytes{};
  const auto time = epoch_ + static_cast<std::uint64_t>(since_start(now));
  ++serial_;
  std::memcpy(bytes.data(), &time, 8);
  std::memcpy(bytes.data() + 8, &serial_, 8);
  sign(bytes);
  std::array<char, sodium_base64_ENCODED_LEN(32, kEncoding)> text{};
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kEncoding);
  return text.data();
}

std::optional<Nonces::Nonce> Nonces::read(std::string_view text, Instant now) const {
  Bytes bytes{};
  std::size_t size = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, nullptr, kEncoding) !=
          0 ||
      size != bytes.size())
    return std::nullopt;
  Bytes ours = bytes;
  sign(ours);
  if (sodium_memcmp(ours.data(), bytes.data(), bytes.size()) != 0) return std::nullopt;
  Nonce nonce;
  std::uint64_t time = 0;
  std::memcpy(&time, bytes.data(), 8);
  std::memcpy(&nonce.serial, bytes.data() + 8, 8);
  const auto lifetime = std::chrono::microseconds(options_.lifetime).count();
  const auto present = since_start(now);
  // The time of one of another start is as good as random: that it falls into these five minutes is 1 in 10^10.
  const auto since = time - epoch_;
  nonce.issued = static_cast<std::int64_t>(since);
  nonce.stale =
      since > static_cast<std::uint64_t>(present) || nonce.issued <= floor_ || nonce.issued + lifetime < present;
  return nonce;
}

Nonces::Slice& Nonces::slice(std::int64_t index) {
  const auto at = std::ranges::lower_bound(slices_, index, {}, &Slice::index);
  if (at != slices_.end() && at->index == index) return *at;
  return *slices_.insert(at, Slice{index, {}});
}

Nonces::Use Nonces::use(const Nonce& nonce, std::uint32_t nonce_count, std::uint64_t fingerprint) {
  auto& notes = slice(nonce.issued / kSlice).notes;
  const auto [at, added] = notes.try_emplace(nonce.serial, Note{nonce_count, fingerprint});
  if (!added) {
    auto& note = at->second;
    if (nonce_count == note.count && fingerprint == note.fingerprint) return Use::repeated;
    if (nonce_count <= note.count) return Use::replayed;
    note = {nonce_count, fingerprint};
    return Use::fresh;
  }
  ++noted_;
  shed();
  return Use::fresh;
}

// Drops notes that no longer matter, or, above the limit, the oldest that do.
void Nonces::shed() {
  const auto newest = slices_.back().index;
  const auto lifetime = std::chrono::microseconds(options_.lifetime).count() / kSlice + 2;
  while (slices_.size() > 1 && (slices_.front().index + lifetime < newest || noted_ > options_.max_noted)) {
    floor_ = std::max(floor_, (slices_.front().index + 1) * kSlice - 1);
    noted_ -= slices_.front().notes.size();
    slices_.pop_front();
  }
}

}  // namespace strowger::digest
