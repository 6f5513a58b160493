#include "actors/bulk/device_entry.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::bulk;

TEST_CASE("the first line names the columns, in any order") {
  const auto entries =
      read_device_csv("model, vendor ,mac_address,extension_number\nT46S,Yealink,00:15:65:12:34:56, 1001\n").value();
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].row == 2);
  CHECK(entries[0].mac_address == "00:15:65:12:34:56");
  CHECK(entries[0].extension_number == "1001");
  CHECK(entries[0].vendor == "Yealink");
  CHECK(entries[0].model == "T46S");
}

TEST_CASE("a column that is unknown, missing or there twice is said, with the nearest that is known") {
  const auto fault = [](std::string_view text) { return read_device_csv(text).error(); };
  CHECK(fault("mac,extension_number,vendor,model\n").code == "unknown_column");
  CHECK_THAT(fault("mac_address,extension_number,vendor,modell\n").message,
             ContainsSubstring("'modell'; did you mean model?"));
  CHECK_THAT(fault("mac_address,extension_number,vendor\n").message, ContainsSubstring("'model' is missing"));
  CHECK_THAT(fault("vendor,vendor\n").message, ContainsSubstring("'vendor' is there twice"));
  CHECK_THAT(fault("").message, ContainsSubstring("the file is empty"));
}

TEST_CASE("what is written is read as the same entry") {
  const DeviceEntry entry{2, "001565123456", "1001", "yealink", "t46s"};
  const auto read = read_device_csv(device_csv_header() + device_csv_row(entry)).value();
  REQUIRE(read.size() == 1);
  CHECK(device_csv_row(read[0]) == device_csv_row(entry));
  CHECK(read[0].row == 2);
}
