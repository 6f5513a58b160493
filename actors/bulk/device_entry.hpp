// Devices as rows of a file, with the members that POST /api/provisioning/devices takes, and with what their extensions
// are to be. What is written is read back as the same.
#pragma once

#include "actors/bulk/extension_entry.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::bulk {

inline constexpr std::uint16_t most_lines = 64;

struct LineEntry {
  std::uint16_t line = 0;
  std::string extension;  // empty: that of the device, which only line 1 may have
  std::string label;      // empty: the extension's name
  bool operator==(const LineEntry&) const = default;
};

// As it was given; not judged yet.
struct DeviceEntry {
  std::size_t row = 0;  // CSV: the line of the file; JSON: the place in the array; from 1
  std::string mac_address;
  std::string extension_number;
  std::string vendor;
  std::string model;
  // Not given: as they are. An empty cell is a value: no site, no more lines.
  std::optional<std::string> site;
  std::optional<std::vector<LineEntry>> lines;
  // Of extension_number: name, email and password; an empty cell says nothing. The number and the row are not set.
  ExtensionEntry extension{};
};

// The first line names the columns, in any order; all but the first four may be left out. A cell of lines is
// `2:1002:Front desk; 3:1003`, that is line:extension:label, in which a backslash makes the next character a plain one.
// Besides what read_entries() refuses: `bad_lines` with the row's line.
Result<std::vector<DeviceEntry>> read_device_csv(std::string_view text, const std::stop_token& stop = {});
std::string device_csv_header();
std::string device_csv_row(const DeviceEntry& entry);

}  // namespace strowger::bulk
