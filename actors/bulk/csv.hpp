// Comma-separated values as RFC 4180 has them: quotes around what holds commas, quotes or line ends, a doubled quote
// for a quote. Also takes what spreadsheets write: a byte order mark, LF alone for a line end, semicolons instead of
// commas where the header has them.
#pragma once

#include "events/error.hpp"

#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::bulk {

struct CsvRow {
  std::size_t line = 0;  // of the text, from 1, where the row begins
  std::vector<std::string> values;
};

// A value costs many times the comma that makes it.
struct CsvBudget {
  std::size_t rows = 1'000'000;  // the header too
  std::size_t columns = 256;
};

// Every row has as many values as the first, the header; empty lines are skipped.
// Errors: `bad_csv` with line and column of a quote that does not end, of text after a closing quote, and of a row that
// is too short or too long; `too_many_rows`, `too_many_columns` with the line, as soon as it is read; `stopped`.
Result<std::vector<CsvRow>> read_csv(std::string_view text, const CsvBudget& budget = {},
                                     const std::stop_token& stop = {});

// One row with its line end (CRLF).
std::string csv_line(std::span<const std::string> values);

}  // namespace strowger::bulk
