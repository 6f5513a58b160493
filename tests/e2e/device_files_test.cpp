// Devices as files, as an administrator handles them at the command line.
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"

#include <fstream>
#include <iterator>

using namespace strowger;
using test::Site;

TEST_CASE("devices are moved from one server to another by files, all or none") {
  Site site;
  site.create_extension("1001", "Ann Example", "s3cret-1001");
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--config", site.settings_file().string(), "--api-port", std::to_string(site.api_port())});
    return site.run(arguments);
  };
  const auto file = [&](const std::string& name, const std::string& text) {
    std::ofstream(site.folder() / name) << text;
    return (site.folder() / name).string();
  };
  const std::string header = "mac_address,extension_number,vendor,model,site\n";
  const auto bad = file("bad.csv", header + "001565123456,1001,yealink,t46s,hq\n001565123457,1002,yealink,t46s,\n");
  const auto refused = run({"devices", "import", bad});
  CAPTURE(refused.output);
  CHECK(refused.exit_code != 0);
  CHECK_THAT(refused.output, ContainsSubstring("1 of 2 rows cannot be imported, so none is. The first is row 3"));
  const auto tried = run({"devices", "import", "--dry-run", bad});
  CHECK(tried.exit_code == 1);
  CHECK_THAT(tried.output, ContainsSubstring("row 3  001565123457  refused: Extension 1002 not found"));
  CHECK(site.fetch("/provision/001565123456.cfg").status != 200);

  const auto good = file("good.csv", header + "001565123456,1001,yealink,t46s,hq\n");
  const auto taken = run({"devices", "import", good});
  CAPTURE(taken.output);
  CHECK(taken.exit_code == 0);
  CHECK_THAT(taken.output, ContainsSubstring("1 devices: 1 new, 0 changed, 0 as they were, 0 refused."));
  CHECK(site.fetch("/provision/001565123456.cfg").status == 200);
  for (const auto* format : {"csv", "json"}) {
    const auto out = (site.folder() / "out").string() + "." + format;
    REQUIRE(run({"devices", "export", "--format", format, "--out", out}).exit_code == 0);
    CHECK_THAT(run({"devices", "import", out}).output, ContainsSubstring("0 new, 0 changed, 1 as they were"));
  }
  CHECK_THAT(run({"devices", "import", "no-such-file.csv"}).output,
             ContainsSubstring("no-such-file.csv: cannot be read"));

  // People too, alone or with their devices.
  const auto people =
      file("people.csv", "Number;Name;E-Mail\r\n2001;Bob Example;bob@example.com\r\n1001;Ann Example;\r\n;;\r\n");
  CHECK_THAT(run({"extensions", "import", "--dry-run", people}).output, ContainsSubstring("row 2  2001  create"));
  CHECK_THAT(run({"extensions", "import", people}).output,
             ContainsSubstring("2 extensions: 1 new, 0 changed, 1 as they were, 0 refused."));
  const auto both = file(
      "both.csv", "MAC Address,Extension Number,Vendor,Model,Extension Name\n001565123458,2002,yealink,t46s,Cid\n");
  CHECK_THAT(run({"devices", "import", "--dry-run", both}).output, ContainsSubstring("create, its extension: create"));
  CHECK_THAT(run({"devices", "import", both}).output,
             ContainsSubstring("1 devices: 1 new") && ContainsSubstring("Their extensions: 1 new"));
  for (const auto* format : {"csv", "json"}) {
    const auto out = (site.folder() / "people-out").string() + "." + format;
    REQUIRE(run({"extensions", "export", "--format", format, "--out", out}).exit_code == 0);
    CHECK_THAT(run({"extensions", "import", out}).output, ContainsSubstring("0 new, 0 changed, 3 as they were"));
  }
}
