#include "actors/bulk/device_entry.hpp"

#include "actors/bulk/csv.hpp"
#include "events/nearest.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace strowger::bulk {
namespace {

struct Column {
  const char* name;
  bool required;
  Result<void> (*read)(DeviceEntry&, std::string_view cell);
  std::string (*write)(const DeviceEntry&);
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <std::string DeviceEntry::* member>
constexpr Column text_column(const char* name) {
  return {name, true,
          [](DeviceEntry& entry, std::string_view cell) {
            entry.*member = trimmed(cell);
            return Result<void>();
          },
          [](const DeviceEntry& entry) { return entry.*member; }};
}

// Up to the next `end` that no backslash precedes, without the backslashes; what follows stays in `text`.
std::string take_part(std::string_view& text, char end) {
  std::string part;
  while (!text.empty() && text.front() != end) {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    part.push_back(text.front());
    text.remove_prefix(1);
  }
  if (!text.empty()) text.remove_prefix(1);
  return part;
}

Result<void> read_lines(DeviceEntry& entry, std::string_view cell) {
  auto& lines = entry.lines.emplace();
  while (!trimmed(cell).empty()) {
    // The label is all up to the semicolon, colons and spaces too.
    auto rest = cell;
    const auto number = std::string(trimmed(take_part(rest, ':')));
    std::uint16_t line = 0;
    const auto* const end = number.data() + number.size();
    const auto [stop, fault] = std::from_chars(number.data(), end, line);
    if (fault != std::errc() || stop != end || line < 1 || line > most_lines)
      return malformed("bad_lines", "row " + std::to_string(entry.row) + ": '" + utf8::clip(number, 64) +
                                        "' is no line's number from 1 to " + std::to_string(most_lines) +
                                        "; lines are written 2:1002:label; 3:1003");
    const auto colon = rest.find(':');
    const bool labelled = colon < rest.find(';');
    auto extension = take_part(rest, labelled ? ':' : ';');
    auto label = labelled ? take_part(rest, ';') : std::string();
    lines.push_back({line, std::string(trimmed(extension)), std::move(label)});
    cell = rest;
  }
  return {};
}

std::string write_lines(const DeviceEntry& entry) {
  std::string cell;
  for (const auto& line : entry.lines.value_or(std::vector<LineEntry>{})) {
    if (!cell.empty()) cell += "; ";
    cell += std::to_string(line.line) + ":" + line.extension;
    if (!line.label.empty()) cell += ":";
    for (const char c : line.label) {
      if (c == ';' || c == '\\') cell.push_back('\\');
      cell.push_back(c);
    }
  }
  return cell;
}

constexpr std::array<Column, 6> columns{{
    text_column<&DeviceEntry::mac_address>("mac_address"),
    text_column<&DeviceEntry::extension_number>("extension_number"),
    text_column<&DeviceEntry::vendor>("vendor"),
    text_column<&DeviceEntry::model>("model"),
    {"site", false,
     [](DeviceEntry& entry, std::string_view cell) {
       entry.site = trimmed(cell);
       return Result<void>();
     },
     [](const DeviceEntry& entry) { return entry.site.value_or(""); }},
    {"lines", false, read_lines, write_lines},
}};

std::vector<std::string> column_names() {
  std::vector<std::string> names;
  for (const auto& column : columns) names.emplace_back(column.name);
  return names;
}

Result<std::vector<const Column*>> columns_of(const CsvRow& header) {
  std::vector<const Column*> found;
  for (const auto& value : header.values) {
    const auto name = trimmed(value);
    const auto* column =
        std::find_if(columns.begin(), columns.end(), [&](const Column& known) { return known.name == name; });
    if (column == columns.end()) {
      const auto names = column_names();
      return malformed("unknown_column", "line " + std::to_string(header.line) + ": there is no column '" +
                                             utf8::clip(name, 64) + "'; did you mean " +
                                             listed(nearest(name.substr(0, 64), names, 1)) + "? The columns are " +
                                             listed(names));
    }
    if (std::find(found.begin(), found.end(), column) != found.end())
      return malformed("repeated_column", "line " + std::to_string(header.line) + ": the column '" + std::string(name) +
                                              "' is there twice");
    found.push_back(column);
  }
  for (const auto& column : columns)
    if (column.required && std::find(found.begin(), found.end(), &column) == found.end())
      return malformed("missing_column", "line " + std::to_string(header.line) + ": the column '" +
                                             std::string(column.name) +
                                             "' is missing; the first line names the columns");
  return found;
}

}  // namespace

Error too_many_rows(std::size_t rows) {
  return Error{
      ErrorKind::too_large, "too_many_rows",
      "there are " + std::to_string(rows) + " rows; at most " + std::to_string(most_rows) + " are taken at once"};
}

Result<std::vector<DeviceEntry>> read_device_csv(std::string_view text, const std::stop_token& stop) {
  const auto rows = read_csv(text, {.rows = most_rows + 1}, stop);
  if (!rows) return rows.error();
  if (rows->empty())
    return malformed("missing_column",
                     "the file is empty; its first line names the columns: " + listed(column_names()));
  const auto order = columns_of(rows->front());
  if (!order) return order.error();
  std::vector<DeviceEntry> entries;
  entries.reserve(rows->size() - 1);
  for (auto row = rows->begin() + 1; row != rows->end(); ++row) {
    auto& entry = entries.emplace_back();
    entry.row = row->line;
    for (std::size_t i = 0; i < order->size(); ++i)
      if (auto read = (*order)[i]->read(entry, row->values[i]); !read) return read.error();
  }
  return entries;
}

std::string device_csv_header() {
  return csv_line(column_names());
}

std::string device_csv_row(const DeviceEntry& entry) {
  std::vector<std::string> values;
  for (const auto& column : columns) values.push_back(column.write(entry));
  return csv_line(values);
}

}  // namespace strowger::bulk
