// Edit distance, for naming what somebody probably meant.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strowger {

// Levenshtein's distance: insertions, deletions and replacements of one character.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The known names that are nearest to `name`, best first, at most `limit`; equals go by name.
std::vector<std::string> nearest(std::string_view name, std::span<const std::string> known, std::size_t limit = 3);

// `a, b or c`.
std::string listed(std::span<const std::string> names);

}  // namespace strowger
