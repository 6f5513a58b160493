#include "actors/registrar/binding_table.hpp"

#include <algorithm>
#include <mutex>

namespace strowger::registrar {
namespace {

std::int64_t second_after(Instant time) {
  return std::chrono::ceil<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

BindingTable::Shard& BindingTable::shard(const ExtensionNumber& extension) {
  return shards_[std::hash<ExtensionNumber>{}(extension) % shards_.size()];
}

const BindingTable::Shard& BindingTable::shard(const ExtensionNumber& extension) const {
  return shards_[std::hash<ExtensionNumber>{}(extension) % shards_.size()];
}

std::vector<BindingPtr> BindingTable::of(const ExtensionNumber& extension) const {
  auto found = current(extension);
  std::erase_if(found, [now = clock_.instant()](const BindingPtr& binding) { return binding->expires <= now; });
  return found;
}

std::vector<BindingPtr> BindingTable::all() const {
  std::vector<BindingPtr> found;
  const auto now = clock_.instant();
  for (const auto& shard : shards_) {
    std::shared_lock lock(shard.mutex);
    for (const auto& [extension, entry] : shard.entries)
      for (const auto& binding : entry.bindings)
        if (binding->expires > now) found.push_back(binding);
  }
  std::ranges::sort(found, [](const BindingPtr& left, const BindingPtr& right) {
    return std::tie(left->extension, left->first_registered) < std::tie(right->extension, right->first_registered);
  });
  return found;
}

std::size_t BindingTable::registered_extensions() const {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.instant().time_since_epoch()).count();
  std::shared_lock lock(index_mutex_);
  auto count = index_.extensions.size();
  for (auto at = index_.latest.begin(); at != index_.latest.end() && at->first <= now; ++at) count -= at->second;
  return count;
}

std::size_t BindingTable::size() const {
  std::shared_lock lock(index_mutex_);
  return index_.bindings;
}

std::vector<BindingPtr> BindingTable::page(const std::optional<ExtensionNumber>& after, std::size_t max,
                                           std::optional<ExtensionNumber>& next) const {
  constexpr std::size_t at_once = 256;
  next.reset();
  std::vector<BindingPtr> out;
  auto last = after;
  for (;;) {
    std::vector<ExtensionNumber> extensions;
    {
      std::shared_lock lock(index_mutex_);
      auto at = last ? index_.extensions.upper_bound(*last) : index_.extensions.begin();
      for (; at != index_.extensions.end() && extensions.size() < at_once; ++at) extensions.push_back(*at);
    }
    for (const auto& extension : extensions) {
      if (out.size() >= max) {
        next = last;
        return out;
      }
      auto found = of(extension);
      std::ranges::sort(found, {}, [](const BindingPtr& binding) { return binding->first_registered; });
      out.insert(out.end(), found.begin(), found.end());
      last = extension;
    }
    if (extensions.size() < at_once) return out;
  }
}

std::vector<BindingPtr> BindingTable::at_ip(const std::string& ip, std::size_t max) const {
  constexpr std::size_t at_once = 64;
  std::vector<BindingPtr> out;
  ExtensionNumber last{};  // sorts before every number
  for (bool more = true; more && out.size() < max;) {
    std::vector<ExtensionNumber> extensions;
    {
      std::shared_lock lock(index_mutex_);
      auto at = index_.by_ip.upper_bound({ip, last});
      for (; at != index_.by_ip.end() && at->first == ip && extensions.size() < at_once; ++at)
        extensions.push_back(at->second);
    }
    more = extensions.size() == at_once;
    for (const auto& extension : extensions)
      for (auto& binding : of(extension))
        if (binding->ip == ip && out.size() < max) out.push_back(std::move(binding));
    if (more) last = extensions.back();
  }
  return out;
}

std::vector<BindingPtr> BindingTable::with_mac(const MacAddress& mac) const {
  std::vector<ExtensionNumber> extensions;
  {
    std::shared_lock lock(index_mutex_);
    for (auto at = index_.by_mac.lower_bound({mac, ExtensionNumber{}}); at != index_.by_mac.end() && at->first == mac;
         ++at)
      extensions.push_back(at->second);
  }
  std::vector<BindingPtr> out;
  for (const auto& extension : extensions)
    for (auto& binding : of(extension))
      if (binding->mac == mac) out.push_back(std::move(binding));
  return out;
}

void BindingTable::reindex(const ExtensionNumber& extension, const std::vector<BindingPtr>& before,
                           const std::vector<BindingPtr>& after) {
  const auto latest_of = [](const std::vector<BindingPtr>& bindings) {
    auto latest = Instant::min();
    for (const auto& binding : bindings) latest = std::max(latest, binding->expires);
    return second_after(latest);
  };
  // A refresh, which is nearly every put, moves nothing but the time.
  const bool same_places = std::ranges::equal(before, after, [](const BindingPtr& left, const BindingPtr& right) {
    return left->ip == right->ip && left->mac == right->mac;
  });
  std::unique_lock lock(index_mutex_);
  index_.bindings += after.size();
  index_.bindings -= before.size();
  if (!before.empty()) {
    const auto slot = index_.latest.find(latest_of(before));
    if (slot != index_.latest.end() && --slot->second == 0) index_.latest.erase(slot);
  }
  if (!after.empty()) ++index_.latest[latest_of(after)];
  if (same_places) return;
  for (const auto& binding : before) {
    index_.by_ip.erase({binding->ip, extension});
    if (binding->mac) index_.by_mac.erase({*binding->mac, extension});
  }
  for (const auto& binding : after) {
    index_.by_ip.emplace(binding->ip, extension);
    if (binding->mac) index_.by_mac.emplace(*binding->mac, extension);
  }
  if (after.empty())
    index_.extensions.erase(extension);
  else
    index_.extensions.insert(extension);
}

std::vector<BindingPtr> BindingTable::current(const ExtensionNumber& extension) const {
  const auto& home = shard(extension);
  std::shared_lock lock(home.mutex);
  const auto found = home.entries.find(extension);
  return found == home.entries.end() ? std::vector<BindingPtr>{} : found->second.bindings;
}

void BindingTable::put(const ExtensionNumber& extension, std::vector<BindingPtr> bindings) {
  bindings.shrink_to_fit();
  const auto fresh = bindings;
  std::vector<BindingPtr> replaced;  // let go of outside the lock
  {
    auto& home = shard(extension);
    std::unique_lock lock(home.mutex);
    if (bindings.empty()) {
      const auto found = home.entries.find(extension);
      if (found == home.entries.end()) return;
      replaced = std::move(found->second.bindings);
      home.entries.erase(found);  // its place in due_ finds nothing and falls away
    } else {
      const auto first =
          (*std::ranges::min_element(bindings, {}, [](const auto& one) { return one->expires; }))->expires;
      auto& entry = home.entries[extension];
      replaced = std::exchange(entry.bindings, std::move(bindings));
      schedule(entry, extension, first);
    }
  }
  reindex(extension, replaced, fresh);
}

void BindingTable::schedule(Entry& entry, const ExtensionNumber& extension, Instant when) {
  const auto second = second_after(when);
  if (entry.scheduled != 0 && entry.scheduled <= second) return;
  entry.scheduled = second;
  due_[second].push_back(extension);
}

std::vector<ExtensionNumber> BindingTable::take_due(Instant now, std::size_t max) {
  std::vector<ExtensionNumber> lapsed;
  while (!due_.empty() && lapsed.size() < max) {
    const auto slot = due_.begin();
    const Second second = slot->first;
    if (Instant(std::chrono::seconds(second)) > now) break;
    if (slot->second.empty()) {
      due_.erase(slot);
      continue;
    }
    const ExtensionNumber extension = std::move(slot->second.back());
    slot->second.pop_back();

    auto& home = shard(extension);
    std::unique_lock lock(home.mutex);
    const auto found = home.entries.find(extension);
    if (found == home.entries.end() || found->second.scheduled != second) continue;  // gone, or due elsewhere
    auto& entry = found->second;
    entry.scheduled = 0;
    auto earliest = Instant::max();
    for (const auto& binding : entry.bindings) earliest = std::min(earliest, binding->expires);
    if (earliest <= now)
      lapsed.push_back(extension);
    else
      schedule(entry, extension, earliest);
  }
  return lapsed;
}

void BindingTable::retry_at(const ExtensionNumber& extension, Instant when) {
  auto& home = shard(extension);
  std::unique_lock lock(home.mutex);
  const auto found = home.entries.find(extension);
  if (found != home.entries.end()) schedule(found->second, extension, when);
}

}  // namespace strowger::registrar
