#include "actors/provisioning/access/guesses.hpp"

namespace strowger::provisioning::access {

bool Guesses::note(const Source& source, std::uint64_t account, Instant now) {
  auto found = sources_.find(source);
  if (found == sources_.end()) {
    if (sources_.size() >= limits_.most_sources) {
      sources_.erase(order_.front());
      order_.pop_front();
    }
    found = sources_.emplace(source, Tries{now, {}, {}}).first;
    order_.push_back(source);
  }
  auto& tries = found->second;
  if (paused(source, account, now)) return false;
  if (tries.since + limits_.window <= now) tries = {now, {}, {}};
  const auto count = [&](Count& one, std::uint32_t most) {
    if (++one.wrong < most) return false;
    one = {0, now + limits_.pause};
    return true;
  };
  const bool of_account = count(tries.accounts[account], limits_.wrong_of_account);
  return count(tries.all, limits_.wrong_of_source) || of_account;
}

bool Guesses::paused(const Source& source, std::uint64_t account, Instant now) const {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return false;
  if (now < found->second.all.paused_until && !known_.contains({source, account})) return true;
  const auto one = found->second.accounts.find(account);
  return one != found->second.accounts.end() && now < one->second.paused_until;
}

void Guesses::right(const Source& source, std::uint64_t account) {
  if (!known_.emplace(source, account).second) return;
  known_order_.emplace_back(source, account);
  if (known_order_.size() <= limits_.most_known) return;
  known_.erase(known_order_.front());
  known_order_.pop_front();
}

}  // namespace strowger::provisioning::access
