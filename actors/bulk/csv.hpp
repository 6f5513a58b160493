// Comma-separated values as RFC 4180 has them: quotes around what holds commas, quotes or line ends, a doubled quote
// for a quote. Also takes what spreadsheets make of them:
//
//   - semicolons, tabs or bars instead of commas: what the first line has most of, or a line `sep=;` before it says
//   - LF or CR alone for a line end
//   - rows and columns without anything in them, before, among and behind the others; rows that end where their last
//     cells are empty
//   - ="0123", which keeps a spreadsheet from making a number of a text: the text alone
//
// **Threads**: any. **Complexity**: O(text).
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

// The text is UTF-8 (encoding.hpp). Every row has as many values as the first, the header, which ends with its last
// name; cells that a row lacks at its end are empty. Rows without a value are skipped. Errors: `bad_csv` with line and
// column of a quote that does not end, of text after a closing quote, and of a value in a column that has no name;
// `too_many_rows`, `too_many_columns` with the line, as soon as it is read; `stopped`.
Result<std::vector<CsvRow>> read_csv(std::string_view text, const CsvBudget& budget = {},
                                     const std::stop_token& stop = {});

// One row with its line end (CRLF). A text that a spreadsheet would run as a formula is written as ="…".
std::string csv_line(std::span<const std::string> values);

}  // namespace strowger::bulk
