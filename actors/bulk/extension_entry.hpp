// Extensions as rows of a file, with the members that POST and PATCH /api/extensions take. What is written is read back
// as the same; a password is never written.
#pragma once

#include "actors/bulk/columns.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::bulk {

// As it was given; not judged yet. What is not given stays as it is, or is as for an extension that POST creates.
struct ExtensionEntry {
  std::size_t row = 0;  // CSV: the line of the file; JSON: the place in the array; from 1
  std::string number;
  std::optional<std::string> name;
  std::optional<std::string> email;  // an empty cell is a value: none
  std::optional<std::string> password;
  std::optional<bool> allow_external;
  std::optional<bool> enabled;
  std::optional<bool> listed;
  std::optional<Error> fault;  // of a cell that is no such value; the row is refused

  // Whether anything is said but the number.
  bool says_something() const { return name || email || password || allow_external || enabled || listed; }
};

// Columns: number, name, email, password, allow_external, enabled, listed; all but the number may be left out. An empty
// cell of name, password and of what is true or false says nothing.
Result<std::vector<ExtensionEntry>> read_extension_csv(std::string_view text, const std::stop_token& stop = {});
std::string extension_csv_header();
std::string extension_csv_row(const ExtensionEntry& entry);

}  // namespace strowger::bulk
