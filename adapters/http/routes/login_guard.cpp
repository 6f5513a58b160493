#include "adapters/http/routes/login_guard.hpp"

#include <algorithm>
#include <utility>

namespace strowger::http::routes {
namespace {

constexpr auto busy_retry = std::chrono::seconds(1);
constexpr auto crowded_retry = std::chrono::seconds(5);

std::string pair_key(const std::string& source, const std::string& name) {
  return source + '\n' + name;
}

}  // namespace

LoginGuard::Pass::Pass(LoginGuard& guard, std::string source, std::string name)
    : guard_(&guard), source_(std::move(source)), name_(std::move(name)) {}

LoginGuard::Pass::Pass(Pass&& other) noexcept
    : guard_(std::exchange(other.guard_, nullptr)),
      source_(std::move(other.source_)),
      name_(std::move(other.name_)),
      counted_until_pair_(other.counted_until_pair_),
      counted_until_source_(other.counted_until_source_),
      counted_until_name_(other.counted_until_name_),
      from_bucket_(other.from_bucket_),
      delayed_(other.delayed_),
      ended_(other.ended_) {}

LoginGuard::Pass::~Pass() {
  if (guard_ == nullptr || !delayed_) return;
  const std::lock_guard lock(guard_->mutex_);
  --guard_->delayed_;
}

void LoginGuard::Pass::succeeded() {
  if (guard_ != nullptr && !std::exchange(ended_, true)) guard_->end(*this, true);
}

void LoginGuard::Pass::give_back() {
  if (guard_ != nullptr && !std::exchange(ended_, true)) guard_->end(*this, false);
}

void LoginGuard::end(Pass& pass, bool right) {
  const auto pair = pair_key(pass.source_, pass.name_);
  const std::lock_guard lock(mutex_);
  release(pairs_, pair, pass.counted_until_pair_);
  release(sources_, pass.source_, pass.counted_until_source_);
  release(names_, pass.name_, pass.counted_until_name_);
  if (pass.from_bucket_) tokens_ = std::min(limits_.burst, tokens_ + 1);
  if (right) know(pair, now_());
}

std::chrono::seconds LoginGuard::wait_of(const Table& table, const std::string& key, unsigned most, Moment now) const {
  const auto found = table.find(key);
  if (found == table.end() || found->second.until <= now || found->second.count < most) return {};
  return std::chrono::ceil<std::chrono::seconds>(found->second.until - now);
}

LoginGuard::Moment LoginGuard::count(Table& table, const std::string& key, Moment now) {
  auto& tries = table[key];
  if (tries.until <= now) tries = {0, now + limits_.window};
  ++tries.count;
  return tries.until;
}

// Of the window that it was counted in; when that is over there is nothing to give back.
void LoginGuard::release(Table& table, const std::string& key, Moment until) {
  const auto found = table.find(key);
  if (found == table.end() || found->second.until != until || found->second.count == 0) return;
  if (--found->second.count == 0) table.erase(found);
}

void LoginGuard::forget_old(Moment now) {
  for (auto* table : {&pairs_, &sources_, &names_}) {
    if (table->size() < limits_.most_counted) continue;
    std::erase_if(*table, [&](const auto& item) { return item.second.until <= now; });
    if (table->size() < limits_.most_counted) continue;
    table->erase(std::min_element(table->begin(), table->end(),
                                  [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
  }
}

void LoginGuard::refill(Moment now) {
  if (refilled_ != Moment{} && now > refilled_)
    tokens_ = std::min(limits_.burst,
                       tokens_ + std::chrono::duration<double>(now - refilled_).count() * limits_.tries_per_second);
  refilled_ = now;
}

std::chrono::milliseconds LoginGuard::delay_of(const std::string& name, Moment now) const {
  const auto found = names_.find(name);
  if (found == names_.end() || found->second.until <= now || found->second.count < limits_.free_of_name) return {};
  auto delay = limits_.first_delay;
  for (auto more = found->second.count / std::max(1U, limits_.free_of_name); more > 1 && delay < limits_.longest_delay;
       --more)
    delay *= 2;
  return std::min(delay, limits_.longest_delay);
}

void LoginGuard::know(const std::string& pair, Moment now) {
  if (known_.size() >= limits_.most_known && !known_.contains(pair))
    known_.erase(std::min_element(known_.begin(), known_.end(),
                                  [](const auto& a, const auto& b) { return a.second < b.second; }));
  known_[pair] = now;
}

LoginGuard::Verdict LoginGuard::reserve(std::string source, std::string name) {
  const auto now = now_();
  const auto pair = pair_key(source, name);
  const std::lock_guard lock(mutex_);
  const auto refuse = [this](std::chrono::seconds wait, std::string_view why) {
    ++counts_.refused;
    Verdict refused;
    refused.retry_after = std::max(wait, std::chrono::seconds(1));
    refused.why = why;
    return refused;
  };
  const auto wait = std::max(wait_of(pairs_, pair, limits_.most_of_pair, now),
                             wait_of(sources_, source, limits_.most_of_source, now));
  if (wait.count() > 0) return refuse(wait, "too_many_logins");

  const bool known = known_.contains(pair);
  std::chrono::milliseconds delay{0};
  if (!known) {
    delay = delay_of(name, now);
    if (delay.count() > 0 && delayed_ >= limits_.most_delayed) return refuse(crowded_retry, "logins_busy");
    refill(now);
    if (tokens_ < 1) return refuse(busy_retry, "logins_busy");
    tokens_ -= 1;
  }
  forget_old(now);
  Pass pass(*this, std::move(source), std::move(name));
  pass.counted_until_pair_ = count(pairs_, pair, now);
  pass.counted_until_source_ = count(sources_, pass.source_, now);
  // What a known source tries is nothing that others have to wait for.
  if (!known) pass.counted_until_name_ = count(names_, pass.name_, now);
  pass.from_bucket_ = !known;
  pass.delayed_ = delay.count() > 0;
  if (pass.delayed_) {
    ++delayed_;
    ++counts_.delayed;
  }
  Verdict verdict;
  verdict.pass.emplace(std::move(pass));
  verdict.delay = delay;
  return verdict;
}

LoginGuard::Counts LoginGuard::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace strowger::http::routes
