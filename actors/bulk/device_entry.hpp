// Devices as rows of a file, with the members that POST /api/provisioning/devices takes. What is written is read back
// as the same.
#pragma once

#include "events/error.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::bulk {

// As it was given; not judged yet.
struct DeviceEntry {
  std::size_t row = 0;  // CSV: the line of the file; JSON: the place in the array; from 1
  std::string mac_address;
  std::string extension_number;
  std::string vendor;
  std::string model;
};

inline constexpr std::size_t most_rows = 100'000;
Error too_many_rows(std::size_t rows);

// The first line names the columns, in any order. Besides what read_csv() refuses: `unknown_column` with the nearest
// that is known, `missing_column`, `too_many_rows`.
Result<std::vector<DeviceEntry>> read_device_csv(std::string_view text);
std::string device_csv_header();
std::string device_csv_row(const DeviceEntry& entry);

}  // namespace strowger::bulk
