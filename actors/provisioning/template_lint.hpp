// What Mustache would let pass but a phone's file must not hold.
#pragma once

#include "actors/provisioning/format.hpp"
#include "events/error.hpp"

#include <span>
#include <string>
#include <string_view>

namespace strowger::provisioning {

// The line (from 1) that an offset lies in.
std::size_t line_of(std::string_view text, std::size_t offset);

Error template_fault(const std::string& name, std::size_t line, const std::string& what);

Result<void> lint_template(const std::string& name, Format format, std::string_view text,
                           std::span<const std::string_view> known);

}  // namespace strowger::provisioning
