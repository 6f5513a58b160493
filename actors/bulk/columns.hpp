// Rows of a file as entries of a kind: which columns there are, and how a cell becomes a member and a member a cell.
#pragma once

#include "actors/bulk/csv.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::bulk {

inline constexpr std::size_t most_rows = 100'000;
Error too_many_rows(std::size_t rows);

template <class Entry>
struct Column {
  const char* name;
  bool required = false;
  // A cell that is no such value: a fault that refuses the file.
  Result<void> (*read)(Entry&, std::string_view cell) = nullptr;
  std::string (*write)(const Entry&) = nullptr;  // none: it is not exported
};

// Which column each cell of the header is; none: it has no name, and so nothing may be below it. Case, blanks, dashes
// and underscores make no other name: `MAC Address` is mac_address. Errors: `unknown_column` with the nearest that is
// known, `repeated_column`, `missing_column`.
Result<std::vector<std::optional<std::size_t>>> columns_of(const CsvRow& header, std::span<const std::string> names,
                                                           std::span<const std::string> required);
Error no_columns(std::span<const std::string> names);
// `bad_csv`: there is a value below a column without a name.
Error nameless_value(const CsvRow& row, std::size_t column);

template <class Entry>
std::vector<std::string> names_of(std::span<const Column<Entry>> columns, bool (*wanted)(const Column<Entry>&)) {
  std::vector<std::string> names;
  for (const auto& column : columns)
    if (wanted(column)) names.emplace_back(column.name);
  return names;
}

// Besides the errors of read_csv() and columns_of() those of the columns; `too_many_rows`.
template <class Entry>
Result<std::vector<Entry>> read_entries(std::string_view text, std::span<const Column<Entry>> columns,
                                        const std::stop_token& stop) {
  const auto rows = read_csv(text, {.rows = most_rows + 1}, stop);
  if (!rows) return rows.error();
  const auto names = names_of<Entry>(columns, [](const auto&) { return true; });
  if (rows->empty()) return no_columns(names);
  const auto order =
      columns_of(rows->front(), names, names_of<Entry>(columns, [](const auto& column) { return column.required; }));
  if (!order) return order.error();
  std::vector<Entry> entries;
  entries.reserve(rows->size() - 1);
  for (auto row = rows->begin() + 1; row != rows->end(); ++row) {
    auto& entry = entries.emplace_back();
    entry.row = row->line;
    for (std::size_t i = 0; i < order->size(); ++i) {
      const auto column = (*order)[i];
      if (!column) {
        if (row->values[i].find_first_not_of(" \t") != std::string::npos) return nameless_value(*row, i);
        continue;
      }
      if (auto read = columns[*column].read(entry, row->values[i]); !read) return read.error();
    }
  }
  return entries;
}

template <class Entry>
std::string header_line(std::span<const Column<Entry>> columns) {
  return csv_line(names_of<Entry>(columns, [](const auto& column) { return column.write != nullptr; }));
}

template <class Entry>
std::string entry_line(std::span<const Column<Entry>> columns, const Entry& entry) {
  std::vector<std::string> values;
  for (const auto& column : columns)
    if (column.write != nullptr) values.push_back(column.write(entry));
  return csv_line(values);
}

}  // namespace strowger::bulk
