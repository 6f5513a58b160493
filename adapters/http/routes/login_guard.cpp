#include "adapters/http/routes/login_guard.hpp"

#include <algorithm>

namespace strowger::http::routes {

unsigned LoginGuard::wait_of(const std::string& key, unsigned most, Timestamp now) {
  const auto found = tries_.find(key);
  if (found == tries_.end() || found->second.until <= now || found->second.failures < most) return 0;
  return static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(found->second.until - now).count());
}

void LoginGuard::count(const std::string& key, Timestamp now) {
  if (tries_.size() >= most_kept) std::erase_if(tries_, [&](const auto& item) { return item.second.until <= now; });
  if (tries_.size() >= most_kept) tries_.erase(tries_.begin());
  auto& tries = tries_[key];
  if (tries.until <= now) tries = {0, now + window};
  ++tries.failures;
}

unsigned LoginGuard::must_wait(const std::string& address, const std::string& name) {
  const auto now = clock_();
  const std::lock_guard lock(mutex_);
  return std::max(wait_of("address/" + address, most_of_address, now), wait_of("name/" + name, most_of_name, now));
}

void LoginGuard::failed(const std::string& address, const std::string& name) {
  const auto now = clock_();
  const std::lock_guard lock(mutex_);
  count("address/" + address, now);
  count("name/" + name, now);
}

void LoginGuard::succeeded(const std::string& address, const std::string& name) {
  const std::lock_guard lock(mutex_);
  tries_.erase("address/" + address);
  tries_.erase("name/" + name);
}

}  // namespace strowger::http::routes
