#include "actors/bulk/device_entry.hpp"

#include "actors/bulk/csv.hpp"
#include "events/nearest.hpp"

#include <algorithm>
#include <array>

namespace strowger::bulk {
namespace {

struct Column {
  const char* name;
  std::string DeviceEntry::* member;
  bool required;
};

constexpr std::array<Column, 4> columns{{
    {"mac_address", &DeviceEntry::mac_address, true},
    {"extension_number", &DeviceEntry::extension_number, true},
    {"vendor", &DeviceEntry::vendor, true},
    {"model", &DeviceEntry::model, true},
}};

std::vector<std::string> column_names() {
  std::vector<std::string> names;
  for (const auto& column : columns) names.emplace_back(column.name);
  return names;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
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
                                             std::string(name.substr(0, 64)) + "'; did you mean " +
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

Result<std::vector<DeviceEntry>> read_device_csv(std::string_view text) {
  const auto rows = read_csv(text);
  if (!rows) return rows.error();
  if (rows->empty())
    return malformed("missing_column",
                     "the file is empty; its first line names the columns: " + listed(column_names()));
  if (rows->size() - 1 > most_rows) return too_many_rows(rows->size() - 1);
  const auto order = columns_of(rows->front());
  if (!order) return order.error();
  std::vector<DeviceEntry> entries;
  entries.reserve(rows->size() - 1);
  for (auto row = rows->begin() + 1; row != rows->end(); ++row) {
    auto& entry = entries.emplace_back();
    entry.row = row->line;
    for (std::size_t i = 0; i < order->size(); ++i) entry.*(*order)[i]->member = trimmed(row->values[i]);
  }
  return entries;
}

std::string device_csv_header() {
  return csv_line(column_names());
}

std::string device_csv_row(const DeviceEntry& entry) {
  std::vector<std::string> values;
  for (const auto& column : columns) values.push_back(entry.*column.member);
  return csv_line(values);
}

}  // namespace strowger::bulk
