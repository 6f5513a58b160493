// What differs between two files of a phone: key by key where both are of one grammar, else line by line.
#pragma once

#include "actors/provisioning/taken_apart.hpp"

#include <cstdint>
#include <optional>
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
std::vector<KeyChange> key_changes(const TakenApart& before, const TakenApart& after);

struct LineChange {
  ChangeKind kind = ChangeKind::added;  // added or removed
  std::size_t line = 0;                 // of the file that has it, from 1
  std::string text;
};

// The fewest lines to take out and put in. Above `most_lines` a side, all are taken out and all put in.
inline constexpr std::size_t most_lines = 3'000;
std::vector<LineChange> line_changes(std::string_view before, std::string_view after);

}  // namespace strowger::provisioning
