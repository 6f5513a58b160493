// A file of devices that somebody sends: it is read or refused, and what is read is written and read as the same.
#include "actors/bulk/csv.hpp"

#include "actors/bulk/device_entry.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace strowger;

void fuzz(std::string_view input) {
  (void)bulk::read_device_csv(input);
  const auto rows = bulk::read_csv(input);
  if (!rows || rows->empty() || rows->front().values.front().starts_with("\xEF\xBB\xBF")) return;
  std::string written;
  for (const auto& row : *rows) written += bulk::csv_line(row.values);
  const auto again = bulk::read_csv(written);
  FUZZ_CHECK(again && again->size() == rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) FUZZ_CHECK((*again)[i].values == (*rows)[i].values);
}
