// What Mustache would let pass but a phone's file must not hold.
#pragma once

#include "actors/provisioning/format.hpp"
#include "actors/provisioning/vocabulary.hpp"
#include "events/error.hpp"

#include <stop_token>
#include <string>
#include <string_view>

namespace strowger::provisioning {

// The line and column (from 1) that an offset lies in.
std::size_t line_of(std::string_view text, std::size_t offset);
std::size_t column_of(std::string_view text, std::size_t offset);

Error template_fault(const std::string& name, std::size_t line, const std::string& what);
Error template_fault(const std::string& name, std::string_view text, std::size_t offset, const std::string& what);

// How deep sections may stand in sections. The built-in templates need four.
inline constexpr std::size_t most_sections = 8;

// Complexity: O(text). Errors: `bad_template` with the line and the column; `stopped`.
Result<void> lint_template(const std::string& name, Format format, std::string_view text, const Vocabulary& known,
                           const std::stop_token& stop = {});

}  // namespace strowger::provisioning
