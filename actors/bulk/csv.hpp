// Comma-separated values as RFC 4180 has them: quotes around what holds commas, quotes or line ends, a doubled quote
// for a quote. Also takes what spreadsheets write: a byte order mark, LF alone for a line end, semicolons instead of
// commas where the header has them.
#pragma once

#include "events/error.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::bulk {

struct CsvRow {
  std::size_t line = 0;  // of the text, from 1, where the row begins
  std::vector<std::string> values;
};

// Every row has as many values as the first, the header; empty lines are skipped. `bad_csv` with line and column of a
// quote that does not end, of text after a closing quote, and of a row that is too short or too long.
Result<std::vector<CsvRow>> read_csv(std::string_view text);

// One row with its line end (CRLF).
std::string csv_line(std::span<const std::string> values);

}  // namespace strowger::bulk
