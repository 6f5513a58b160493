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
  std::size_t count = 0;
  const auto now = clock_.instant();
  for (const auto& shard : shards_) {
    std::shared_lock lock(shard.mutex);
    for (const auto& [extension, entry] : shard.entries) count += entry.latest > now ? 1 : 0;
  }
  return count;
}

std::vector<BindingPtr> BindingTable::current(const ExtensionNumber& extension) const {
  const auto& home = shard(extension);
  std::shared_lock lock(home.mutex);
  const auto found = home.entries.find(extension);
  return found == home.entries.end() ? std::vector<BindingPtr>{} : found->second.bindings;
}

void BindingTable::put(const ExtensionNumber& extension, std::vector<BindingPtr> bindings) {
  bindings.shrink_to_fit();
  std::vector<BindingPtr> replaced;  // let go of outside the lock
  auto& home = shard(extension);
  std::unique_lock lock(home.mutex);
  if (bindings.empty()) {
    const auto found = home.entries.find(extension);
    if (found == home.entries.end()) return;
    replaced = std::move(found->second.bindings);
    home.entries.erase(found);  // its place in due_ finds nothing and falls away
    return;
  }
  const auto by_expiry = [](const BindingPtr& left, const BindingPtr& right) { return left->expires < right->expires; };
  const auto [earliest, latest] = std::ranges::minmax_element(bindings, by_expiry);
  auto& entry = home.entries[extension];
  const auto first = (*earliest)->expires;
  entry.latest = (*latest)->expires;
  replaced = std::exchange(entry.bindings, std::move(bindings));
  schedule(entry, extension, first);
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
