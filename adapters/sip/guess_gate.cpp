#include "adapters/sip/guess_gate.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include <sodium/randombytes.h>

namespace strowger::sip {

GuessGate::GuessGate(GuessLimits limits, Recognise recognise)
    : limits_(limits),
      recognise_(std::move(recognise)),
      pair_{limits.of_pair, limits.pair_refill},
      address_{limits.of_address, limits.address_refill},
      extension_{limits.of_extension, limits.extension_refill} {
  randombytes_buf(hash_key_.data(), hash_key_.size());
}

GuessGate::Key GuessGate::key(std::string_view one, std::string_view two) const {
  std::string text;
  text.reserve(one.size() + two.size() + 1);
  text.append(one).append("\n").append(two);
  std::array<unsigned char, crypto_shorthash_BYTES> hash{};
  crypto_shorthash(hash.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash_key_.data());
  Key number = 0;
  std::memcpy(&number, hash.data(), sizeof number);
  return number;
}

double GuessGate::taken_at(const Bucket& bucket, const Kind& kind, Time now) {
  const auto passed = std::chrono::duration<double>(now - bucket.since) / std::chrono::duration<double>(kind.refill);
  return std::max(0.0, bucket.taken - std::max(0.0, passed));
}

bool GuessGate::has_token(const Buckets& buckets, Key key, const Kind& kind, Time now) {
  const auto found = buckets.find(key);
  return found == buckets.end() || taken_at(found->second, kind, now) + 1 <= kind.most;
}

void GuessGate::take(Buckets& buckets, Key key, const Kind& kind, Time now) const {
  auto found = buckets.find(key);
  if (found == buckets.end()) {
    if (buckets.size() >= limits_.most_buckets) buckets.erase(buckets.begin());
    found = buckets.emplace(key, Bucket{0, now}).first;
  }
  found->second = {std::min(kind.most, taken_at(found->second, kind, now) + 1), now};
}

GuessGate::Sender GuessGate::sender(const Guess& guess) const {
  const auto known = recognise_ ? recognise_(guess.extension, guess.address, guess.port) : Sender::stranger;
  if (known == Sender::flow || known == Sender::known) return known;
  return remembered_.contains(key(guess.address, guess.extension)) ? Sender::known : known;
}

bool GuessGate::admits(const Guess& guess, Time now) {
  if (buckets() == 0) return true;
  const bool pair = has_token(pairs_, key(guess.address, guess.extension), pair_, now);
  const bool address = has_token(addresses_, key(guess.address, {}), address_, now);
  if (pair && address && has_token(extensions_, key({}, guess.extension), extension_, now)) return true;
  switch (sender(guess)) {
    case Sender::flow:
      return true;
    case Sender::known:
      return pair;
    case Sender::local:
      return pair && address;
    case Sender::stranger:
      break;
  }
  return false;
}

void GuessGate::wrong(const Guess& guess, Time now) {
  const auto from = sender(guess);
  if (from == Sender::flow) return;
  take(pairs_, key(guess.address, guess.extension), pair_, now);
  if (from == Sender::known) return;
  take(addresses_, key(guess.address, {}), address_, now);
  if (from == Sender::local) return;
  take(extensions_, key({}, guess.extension), extension_, now);
}

void GuessGate::remember(std::string_view extension, std::string_view address) {
  if (remembered_.size() >= limits_.most_remembered) remembered_.erase(remembered_.begin());
  remembered_.insert(key(address, extension));
}

void GuessGate::sweep(Time now) {
  const auto forget = [now](Buckets& buckets, const Kind& kind) {
    std::erase_if(buckets, [&](const auto& one) { return taken_at(one.second, kind, now) <= 0; });
  };
  forget(pairs_, pair_);
  forget(addresses_, address_);
  forget(extensions_, extension_);
}

}  // namespace strowger::sip
