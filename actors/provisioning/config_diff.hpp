// What differs between two files of a phone: key by key where both are of one grammar, else line by line.
#pragma once

#include "actors/provisioning/taken_apart.hpp"

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

enum class ChangeKind : std::uint8_t { added, removed, changed };
std::string_view to_string(ChangeKind kind);

struct KeyChange {
  ChangeKind kind = ChangeKind::changed;
  std::string key;
  std::optional<std::string> before;  // masked where it is a secret
  std::optional<std::string> after;
  bool secret = false;
};

// In the order of the later file, a removed key where it stood. That a secret changed shows, not what it is.
// Complexity: O(keys). Errors: `stopped`.
Result<std::vector<KeyChange>> key_changes(const TakenApart& before, const TakenApart& after,
                                           const std::stop_token& stop = {});

struct LineChange {
  ChangeKind kind = ChangeKind::added;  // added or removed
  std::size_t line = 0;                 // of the file that has it, from 1
  std::string text;
};

// The fewest lines to take out and put in. Where more than `most_lines` of a side differ, without what both have at
// their beginning and end, all of those are taken out and all put in.
// Complexity: O(bytes + most_lines²). Errors: `stopped`.
inline constexpr std::size_t most_lines = 3'000;
Result<std::vector<LineChange>> line_changes(std::string_view before, std::string_view after,
                                             const std::stop_token& stop = {});

}  // namespace strowger::provisioning
