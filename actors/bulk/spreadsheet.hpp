// What spreadsheets make of numbers and texts in a cell, and how it is told from what was meant.
//
// **Threads**: any. **Complexity**: O(text).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::bulk {

// `="0123"`: how programs keep a spreadsheet from taking a text for a number. The text in it; none where it is no such
// cell.
std::optional<std::string> formula_text(std::string_view cell);
// The same the other way round.
std::string as_formula_text(std::string_view text);
// Whether a spreadsheet that opens the file would calculate with the text, or run it.
bool is_formula(std::string_view text);

// What became of a number, as the beginning of a sentence that ends with how to stop it; empty where the text shows no
// trace. `digits`: how many the number has to have, where that is known; 0: it is not.
//   1.565E+11, 1001,00     a spreadsheet made a number of it
//   1565000005 (of 12)     it dropped the zeros in front
std::string spreadsheet_trace(std::string_view text, std::size_t digits = 0);
// How to stop it: "Format the column as text …".
std::string_view spreadsheet_remedy();

// true, yes, 1, WAHR, VRAI …: as spreadsheets of several languages write it; none where it is neither.
std::optional<bool> truth_of(std::string_view text);

}  // namespace strowger::bulk
