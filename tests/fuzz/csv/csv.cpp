// A file of devices that somebody sends: it is read or refused, and what is read is written and read as the same.
#include "actors/bulk/csv.hpp"

#include "actors/bulk/device_entry.hpp"
#include "actors/bulk/encoding.hpp"
#include "actors/bulk/extension_entry.hpp"
#include "events/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace strowger;

void fuzz(std::string_view input) {
  for (const auto* charset : {"", "utf-16", "windows-1252"}) {
    const auto text = bulk::decoded(input, charset);
    FUZZ_CHECK(!text || utf8::is_valid(*text));
    if (!text) continue;
    (void)bulk::read_device_csv(*text);
    if (const auto entries = bulk::read_extension_csv(*text))
      for (const auto& entry : *entries)
        FUZZ_CHECK(bulk::read_extension_csv(bulk::extension_csv_header() + bulk::extension_csv_row(entry)));
  }
  const auto rows = bulk::read_csv(input);
  if (!rows || rows->empty()) return;
  // What stands first in a file is a byte order mark or a line that names the separator.
  const auto& first = rows->front().values.front();
  if (first.starts_with("\xEF\xBB\xBF") || (first.size() == 5 && first[3] == '=')) return;
  std::string written;
  for (const auto& row : *rows) written += bulk::csv_line(row.values);
  const auto again = bulk::read_csv(written);
  FUZZ_CHECK(again && again->size() == rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) FUZZ_CHECK((*again)[i].values == (*rows)[i].values);
}
