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
  const std::vector<LineEntry> lines{
      {1, "", "Ann's; own: \\ one "}, {2, "1002", ""}, {3, "1003", "a\nb, \"c\";"}, {64, "1004", "\\"}};
  for (const auto& entry : {DeviceEntry{2, "001565123456", "1001", "yealink", "t46s", "berlin", lines},
                            DeviceEntry{2, "001565123456", "1001", "yealink", "t46s", "", std::vector<LineEntry>{}}}) {
    const auto read = read_device_csv(device_csv_header() + device_csv_row(entry)).value();
    REQUIRE(read.size() == 1);
    CHECK(read[0].mac_address == entry.mac_address);
    CHECK(read[0].model == entry.model);
    CHECK(read[0].site == entry.site);
    CHECK(read[0].lines == entry.lines);
    CHECK(read[0].row == 2);
  }
}

TEST_CASE("what a file says nothing of is not given; what it leaves empty is") {
  const std::string columns = "mac_address,extension_number,vendor,model";
  const auto without = read_device_csv(columns + "\n001565123456,1001,yealink,t46s\n").value();
  CHECK_FALSE(without[0].site);
  CHECK_FALSE(without[0].lines);
  const auto empty = read_device_csv(columns + ",lines,site\n001565123456,1001,yealink,t46s,,\n").value();
  CHECK(empty[0].site == "");
  CHECK(empty[0].lines == std::vector<LineEntry>{});
}

TEST_CASE("lines are written as number, extension and label") {
  const auto read = [](const std::string& cell) {
    return read_device_csv("mac_address,extension_number,vendor,model,lines\n001565123456,1001,yealink,t46s," + cell +
                           "\n");
  };
  CHECK(read(" 1::Me ;2: 1002 ;3:1003:a:b").value()[0].lines ==
        std::vector<LineEntry>{{1, "", "Me "}, {2, "1002", ""}, {3, "1003", "a:b"}});
  for (const auto* bad : {"x:1002", "0:1002", "65:1002", "2 1002", ":1002", "99999999999:1"}) {
    const auto fault = read(bad);
    REQUIRE_FALSE(fault);
    CHECK(fault.error().code == "bad_lines");
    CHECK_THAT(fault.error().message, ContainsSubstring("row 2"));
  }
}
