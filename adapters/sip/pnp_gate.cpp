#include "adapters/sip/pnp_gate.hpp"

#include <algorithm>

namespace strowger::sip {

bool PnpGate::Bucket::refill(double rate, Time now) {
  if (now > filled) {
    tokens = std::min(rate, tokens + rate * std::chrono::duration<double>(now - filled).count());
    filled = now;
  }
  return tokens >= 1;
}

bool PnpGate::admit(const std::string& address, Time now) {
  auto found = buckets_.find(address);
  if (found == buckets_.end()) {
    if (buckets_.size() >= most_addresses)
      std::erase_if(buckets_, [&](const auto& one) {
        auto bucket = one.second;
        bucket.refill(per_address, now);
        return bucket.tokens >= per_address;  // as good as unknown
      });
    if (buckets_.size() >= most_addresses) return false;
    found = buckets_.emplace(address, Bucket{per_address, now}).first;
  }
  auto& own = found->second;
  // An address that asks too often takes nothing away from the others.
  if (!own.refill(per_address, now)) return false;
  if (!all_.refill(in_all, now)) return false;
  own.tokens -= 1;
  all_.tokens -= 1;
  return true;
}

void PnpGate::forget_until(Time now) {
  while (!order_.empty() && (order_.front().first + remembered <= now || order_.size() > most_remembered)) {
    tags_.erase(order_.front().second);
    order_.pop_front();
  }
}

const std::string* PnpGate::find(const std::string& question, Time now) {
  forget_until(now);
  const auto found = tags_.find(question);
  return found == tags_.end() ? nullptr : &found->second;
}

void PnpGate::remember(const std::string& question, std::string to_tag, Time now) {
  if (tags_.emplace(question, std::move(to_tag)).second) order_.emplace_back(now, question);
  forget_until(now);
}

}  // namespace strowger::sip
