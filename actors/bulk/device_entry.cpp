#include "actors/bulk/device_entry.hpp"

#include "events/controls.hpp"
#include "events/plain_text.hpp"

#include <array>
#include <charconv>

namespace strowger::bulk {
namespace {

using DeviceColumn = Column<DeviceEntry>;

template <std::string DeviceEntry::* member>
constexpr DeviceColumn text_column(const char* name) {
  return {name, true,
          [](DeviceEntry& entry, std::string_view cell) {
            entry.*member = plain_text(cell);
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
  while (!plain_text(cell).empty()) {
    // The label is all up to the semicolon, colons and spaces too.
    auto rest = cell;
    const auto number = plain_text(take_part(rest, ':'));
    std::uint16_t line = 0;
    const auto* const end = number.data() + number.size();
    const auto [stop, fault] = std::from_chars(number.data(), end, line);
    if (fault != std::errc() || stop != end || line < 1 || line > most_lines)
      return malformed("bad_lines", "row " + std::to_string(entry.row) + ": " + quoted(number) +
                                        " is no line's number from 1 to " + std::to_string(most_lines) +
                                        "; lines are written 2:1002:label; 3:1003");
    const auto colon = rest.find(':');
    const bool labelled = colon < rest.find(';');
    auto extension = take_part(rest, labelled ? ':' : ';');
    auto label = labelled ? take_part(rest, ';') : std::string();
    lines.push_back({line, plain_text(extension), std::move(label)});
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

constexpr std::array<DeviceColumn, 9> device_columns{{
    text_column<&DeviceEntry::mac_address>("mac_address"),
    text_column<&DeviceEntry::extension_number>("extension_number"),
    text_column<&DeviceEntry::vendor>("vendor"),
    text_column<&DeviceEntry::model>("model"),
    {"site", false,
     [](DeviceEntry& entry, std::string_view cell) {
       entry.site = plain_text(cell);
       return Result<void>();
     },
     [](const DeviceEntry& entry) { return entry.site.value_or(""); }},
    {"lines", false, read_lines, write_lines},
    {"extension_name", false,
     [](DeviceEntry& entry, std::string_view cell) {
       if (auto name = plain_text(cell); !name.empty()) entry.extension.name = std::move(name);
       return Result<void>();
     }},
    {"extension_email", false,
     [](DeviceEntry& entry, std::string_view cell) {
       if (auto email = plain_text(cell); !email.empty()) entry.extension.email = std::move(email);
       return Result<void>();
     }},
    {"extension_password", false,
     [](DeviceEntry& entry, std::string_view cell) {
       if (!plain_text(cell).empty()) entry.extension.password = cell;
       return Result<void>();
     }},
}};

}  // namespace

Result<std::vector<DeviceEntry>> read_device_csv(std::string_view text, const std::stop_token& stop) {
  return read_entries<DeviceEntry>(text, device_columns, stop);
}

std::string device_csv_header() {
  return header_line<DeviceEntry>(device_columns);
}

std::string device_csv_row(const DeviceEntry& entry) {
  return entry_line<DeviceEntry>(device_columns, entry);
}

}  // namespace strowger::bulk
