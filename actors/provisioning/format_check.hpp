// Whether a rendered file obeys the grammar that its phone reads.
#pragma once

#include "actors/provisioning/format.hpp"
#include "events/error.hpp"

#include <stop_token>
#include <string>
#include <string_view>

namespace strowger::provisioning {

// xml: well-formed, by expat. The others: starts with `first_line`; every other line is empty, a # comment or what the
// grammar says (format.hpp).
// Fails with `bad_output` and details.line; with `output_too_large` and details.line where it holds more, or nests
// deeper, than config_entries() takes; `stopped`. Complexity: O(bytes).
Result<void> check_format(Format format, std::string_view first_line, std::string_view bytes,
                          const std::stop_token& stop = {});

}  // namespace strowger::provisioning
