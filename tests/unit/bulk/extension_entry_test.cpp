#include "actors/bulk/extension_entry.hpp"

#include "actors/bulk/device_entry.hpp"
#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::bulk;

TEST_CASE("extensions are read by their columns, what is empty says nothing") {
  const auto entries = read_extension_csv(
                           "Number;Name;E-Mail;Password;Allow External;enabled;LISTED\n"
                           "1001;\xC2\xA0 Ann\xC2\xAD"
                           "a Example ;ann@example.com; s3cret ;FALSCH;;no\n"
                           "1002;;;;;;\n")
                           .value();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].number == "1001");
  CHECK(entries[0].name == "Anna Example");
  CHECK(entries[0].email == "ann@example.com");
  CHECK(entries[0].password == " s3cret ");  // judged as it is
  CHECK(entries[0].allow_external == false);
  CHECK_FALSE(entries[0].enabled);
  CHECK(entries[0].listed == false);
  CHECK_FALSE(entries[1].name);
  CHECK(entries[1].email == "");
  CHECK_FALSE(entries[1].password);
  const auto odd = read_extension_csv("number,enabled\n1001,maybe\n").value();
  REQUIRE(odd[0].fault);
  CHECK(odd[0].fault->code == "bad_flag");
  CHECK(read_extension_csv("name\nAnn\n").error().code == "missing_column");
  CHECK_FALSE(read_extension_csv("number\n1001\n").value()[0].says_something());
}

TEST_CASE("an extension that is written is read as the same, without a password") {
  ExtensionEntry entry;
  entry.number = "+49301";
  entry.name = "=1+1; \"x\"";
  entry.email = "";
  entry.password = "s3cret";
  entry.allow_external = false;
  entry.enabled = true;
  entry.listed = true;
  const auto text = extension_csv_header() + extension_csv_row(entry);
  CHECK(text.find("s3cret") == std::string::npos);
  const auto read = read_extension_csv(text).value();
  REQUIRE(read.size() == 1);
  CHECK(read[0].number == entry.number);
  CHECK(read[0].name == entry.name);
  CHECK(read[0].email == "");
  CHECK(read[0].allow_external == false);
  CHECK(read[0].enabled == true);
  CHECK_FALSE(read[0].password);
}

TEST_CASE("a file of devices says what their extensions are to be") {
  const auto entries = read_device_csv(
                           "MAC Address,Extension Number,Vendor,Model,,Extension Name,Extension Password\n"
                           "00:15:65:12:34:56,1001,yealink,t46s,,Ann,s3cret\n"
                           "00:15:65:12:34:57,1002,yealink,t46s,,,\n")
                           .value();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].extension.name == "Ann");
  CHECK(entries[0].extension.password == "s3cret");
  CHECK_FALSE(entries[1].extension.says_something());
  const auto nameless =
      read_device_csv("mac_address,,extension_number,vendor,model\n001565123456,what,1001,yealink,t46s\n");
  REQUIRE_FALSE(nameless);
  CHECK_THAT(nameless.error().message, ContainsSubstring("line 2: the value 'what' is in column 2"));
}
