#include "actors/bulk/extension_entry.hpp"

#include "actors/bulk/spreadsheet.hpp"
#include "events/controls.hpp"
#include "events/plain_text.hpp"

#include <array>

namespace strowger::bulk {
namespace {

using ExtensionColumn = Column<ExtensionEntry>;

template <std::optional<bool> ExtensionEntry::* member>
constexpr ExtensionColumn flag_column(const char* name) {
  return {name, false,
          [](ExtensionEntry& entry, std::string_view cell) {
            const auto text = plain_text(cell);
            entry.*member = truth_of(text);
            if (!text.empty() && !(entry.*member) && !entry.fault)
              entry.fault = unacceptable("bad_flag", quoted(text) + " is neither true nor false; write true or false");
            return Result<void>();
          },
          [](const ExtensionEntry& entry) {
            return std::string(!(entry.*member) ? "" : *(entry.*member) ? "true" : "false");
          }};
}

constexpr std::array<ExtensionColumn, 7> extension_columns{{
    {"number", true,
     [](ExtensionEntry& entry, std::string_view cell) {
       entry.number = plain_text(cell);
       return Result<void>();
     },
     [](const ExtensionEntry& entry) { return entry.number; }},
    {"name", false,
     [](ExtensionEntry& entry, std::string_view cell) {
       if (auto name = plain_text(cell); !name.empty()) entry.name = std::move(name);
       return Result<void>();
     },
     [](const ExtensionEntry& entry) { return entry.name.value_or(""); }},
    {"email", false,
     [](ExtensionEntry& entry, std::string_view cell) {
       entry.email = plain_text(cell);
       return Result<void>();
     },
     [](const ExtensionEntry& entry) { return entry.email.value_or(""); }},
    // As it is: what a password may be is judged, and nothing of it is changed.
    {"password", false,
     [](ExtensionEntry& entry, std::string_view cell) {
       if (!plain_text(cell).empty()) entry.password = cell;
       return Result<void>();
     }},
    flag_column<&ExtensionEntry::allow_external>("allow_external"),
    flag_column<&ExtensionEntry::enabled>("enabled"),
    flag_column<&ExtensionEntry::listed>("listed"),
}};

}  // namespace

Result<std::vector<ExtensionEntry>> read_extension_csv(std::string_view text, const std::stop_token& stop) {
  return read_entries<ExtensionEntry>(text, extension_columns, stop);
}

std::string extension_csv_header() {
  return header_line<ExtensionEntry>(extension_columns);
}

std::string extension_csv_row(const ExtensionEntry& entry) {
  return entry_line<ExtensionEntry>(extension_columns, entry);
}

}  // namespace strowger::bulk
