#include "actors/provisioning/config_diff.hpp"

#include "events/stopped.hpp"

#include <algorithm>
#include <unordered_map>

namespace strowger::provisioning {
namespace {

std::string shown(const ConfigKey& key, bool secret) {
  return secret && !key.value.empty() ? std::string(mask) : key.value;
}

std::unordered_map<std::string_view, const ConfigKey*> by_name(const std::vector<ConfigKey>& keys) {
  std::unordered_map<std::string_view, const ConfigKey*> out;
  out.reserve(keys.size());
  for (const auto& key : keys) out.emplace(key.key, &key);
  return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// A number for each line, the same for the same text: what is compared often is compared at once.
class LineNumbers {
 public:
  std::vector<std::size_t> of(const std::vector<std::string_view>& lines) {
    std::vector<std::size_t> out;
    out.reserve(lines.size());
    for (const auto line : lines) out.push_back(numbers_.try_emplace(line, numbers_.size()).first->second);
    return out;
  }

 private:
  std::unordered_map<std::string_view, std::size_t> numbers_;
};

}  // namespace

std::string_view to_string(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::added:
      return "added";
    case ChangeKind::removed:
      return "removed";
    case ChangeKind::changed:
      break;
  }
  return "changed";
}

Result<std::vector<KeyChange>> key_changes(const TakenApart& before, const TakenApart& after,
                                           const std::stop_token& stop) {
  const auto old_keys = by_name(before.keys);
  const auto new_keys = by_name(after.keys);
  std::vector<KeyChange> out;
  std::size_t at = 0;  // in `before`: what is gone is told before the key that followed it
  const auto tell_removed = [&](const ConfigKey* up_to) {
    for (; at < before.keys.size() && &before.keys[at] != up_to; ++at) {
      const auto& key = before.keys[at];
      if (!new_keys.contains(key.key))
        out.push_back({ChangeKind::removed, key.key, shown(key, key.secret), {}, key.secret});
    }
  };
  StopCheck stop_check(stop);
  for (const auto& key : after.keys) {
    if (stop_check.requested()) return stopped();
    const auto found = old_keys.find(key.key);
    if (found == old_keys.end()) {
      out.push_back({ChangeKind::added, key.key, {}, shown(key, key.secret), key.secret});
      continue;
    }
    const auto& old = *found->second;
    if (static_cast<std::size_t>(&old - before.keys.data()) >= at) tell_removed(&old);
    if (old.value == key.value) continue;
    const bool secret = old.secret || key.secret;
    out.push_back({ChangeKind::changed, key.key, shown(old, secret), shown(key, secret), secret});
  }
  tell_removed(nullptr);
  return out;
}

Result<std::vector<LineChange>> line_changes(std::string_view before, std::string_view after,
                                             const std::stop_token& stop) {
  const auto before_lines = lines_of(before);
  const auto after_lines = lines_of(after);
  LineNumbers numbers;
  const auto a = numbers.of(before_lines);
  const auto b = numbers.of(after_lines);
  std::size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  std::size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const auto rows = a.size() - head - tail;
  const auto columns = b.size() - head - tail;

  // How long a common subsequence of the rest is, from each pair of lines on; above the limit, none.
  const bool compared = rows <= most_lines && columns <= most_lines;
  std::vector<std::uint16_t> lengths(compared ? (rows + 1) * (columns + 1) : 0, 0);
  const auto length = [&](std::size_t i, std::size_t j) -> std::uint16_t& { return lengths[i * (columns + 1) + j]; };
  if (compared)
    for (auto i = rows; i-- > 0;) {
      if (stop.stop_requested()) return stopped();
      for (auto j = columns; j-- > 0;)
        length(i, j) = a[head + i] == b[head + j] ? static_cast<std::uint16_t>(length(i + 1, j + 1) + 1)
                                                  : std::max(length(i + 1, j), length(i, j + 1));
    }

  std::vector<LineChange> out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < rows || j < columns) {
    if (compared && i < rows && j < columns && a[head + i] == b[head + j]) {
      ++i;
      ++j;
    } else if (i < rows && (j == columns || !compared || length(i + 1, j) >= length(i, j + 1))) {
      out.push_back({ChangeKind::removed, head + i + 1, std::string(before_lines[head + i])});
      ++i;
    } else {
      out.push_back({ChangeKind::added, head + j + 1, std::string(after_lines[head + j])});
      ++j;
    }
  }
  return out;
}

}  // namespace strowger::provisioning
