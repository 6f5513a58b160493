#include "actors/bulk/columns.hpp"

#include "events/controls.hpp"
#include "events/nearest.hpp"
#include "events/plain_text.hpp"

#include <algorithm>

namespace strowger::bulk {
namespace {

// What is left of a name that people spell in several ways.
std::string letters_of(std::string_view name) {
  std::string out;
  for (const char c : plain_text(name)) {
    if (std::string_view(" \t_-.:*").find(c) != std::string_view::npos) continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

}  // namespace

Error too_many_rows(std::size_t rows) {
  return Error{
      ErrorKind::too_large, "too_many_rows",
      "there are " + std::to_string(rows) + " rows; at most " + std::to_string(most_rows) + " are taken at once"};
}

Error no_columns(std::span<const std::string> names) {
  return malformed("missing_column", "the file is empty; its first line names the columns: " + listed(names));
}

Error nameless_value(const CsvRow& row, std::size_t column) {
  return malformed("bad_csv", "line " + std::to_string(row.line) + ": the value " + quoted(row.values[column]) +
                                  " is in column " + std::to_string(column + 1) +
                                  ", which has no name in the first line. Name the column, or empty it.")
      .with("line", row.line);
}

Result<std::vector<std::optional<std::size_t>>> columns_of(const CsvRow& header, std::span<const std::string> names,
                                                           std::span<const std::string> required) {
  const auto line = "line " + std::to_string(header.line) + ": ";
  std::vector<std::optional<std::size_t>> found;
  for (const auto& value : header.values) {
    const auto letters = letters_of(value);
    if (letters.empty()) {
      found.emplace_back();
      continue;
    }
    const auto name = std::ranges::find_if(names, [&](const auto& known) { return letters_of(known) == letters; });
    if (name == names.end()) {
      const auto given = plain_text(value).substr(0, 64);
      return malformed("unknown_column", line + "there is no column " + quoted(value) + "; did you mean " +
                                             listed(nearest(given, names, 1)) + "? The columns are " + listed(names));
    }
    const auto column = static_cast<std::size_t>(name - names.begin());
    if (std::ranges::find(found, std::optional(column)) != found.end())
      return malformed("repeated_column", line + "the column '" + *name + "' is there twice");
    found.emplace_back(column);
  }
  for (const auto& name : required) {
    const auto column = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
    if (std::ranges::find(found, std::optional(column)) == found.end())
      return malformed("missing_column",
                       line + "the column '" + name + "' is missing; the first line names the columns");
  }
  return found;
}

}  // namespace strowger::bulk
