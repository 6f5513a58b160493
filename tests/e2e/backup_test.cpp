// Backups as an administrator takes them: of the running server under load, and what a restored one serves.
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>

using namespace strowger;
using test::Site;
namespace fs = std::filesystem;

TEST_CASE("a backup of a server under load is restored, proved, and serves what it served") {
  Site site;
  const auto data = site.folder() / "data", moved = site.folder() / "moved";
  site.create_extension("1001", "Ann Example", "s3cret-1001");
  REQUIRE(site.register_device("00:15:65:12:34:56", "1001", "yealink", "t46s").status == 201);
  const auto config = site.fetch("/provision/001565123456.cfg");
  REQUIRE(config.status == 200);

  std::string output;
  {
    std::atomic<bool> stop = false;
    std::atomic<int> failed = 0;
    std::vector<std::jthread> phones;
    for (int i = 0; i < 2; ++i)
      phones.emplace_back([&] {
        while (!stop)
          if (site.fetch("/provision/001565123456.cfg").status != 200) ++failed;
      });
    REQUIRE(test::eventually(
        [&] { return site.get("/api/provisioning/requests").json().at("total").to_number<int>() > 50; }));
    const auto made = site.run(
        {"backup", "create", "--config", site.settings_file().string(), "--api-port", std::to_string(site.api_port())});
    stop = true;
    phones.clear();
    CAPTURE(made.output);
    CHECK(made.exit_code == 0);
    CHECK_THAT(made.output, ContainsSubstring("the master key is not in it"));
    CHECK(failed == 0);
  }
  const auto listed = site.get("/api/backups").json().as_array();
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].at("events").to_number<int>() > 50);
  CHECK_FALSE(listed[0].at("master_key").as_bool());
  const auto name = std::string(listed[0].at("name").as_string());
  const auto beside = site.run(
      {"log", "verify", "--data-dir", data.string(), "--anchor", std::string(listed[0].at("head").as_string())});
  CAPTURE(beside.output);
  CHECK(beside.exit_code == 0);
  CHECK(site.run({"backup", "list", "--data-dir", data.string()}).output.find(name) != std::string::npos);
  CHECK(site.send_json("POST", "/api/backups", R"({"with_key":true})").status == 400);
  const auto with_key = site.send_json("POST", "/api/backups", R"({"with_master_key":true})");
  CHECK(with_key.status == 201);
  CHECK(with_key.json().at("master_key").as_bool());

  // The server's data is lost but for its backups and the key; the operator puts the first back.
  CHECK(site.stop() == 0);
  fs::create_directory(moved);
  for (const auto* lost : {"log", "projections", "admin-password"}) fs::rename(data / lost, moved / lost);
  const auto restored = site.run({"backup", "restore", name, "--data-dir", data.string()});
  CAPTURE(restored.output);
  REQUIRE(restored.exit_code == 0);
  CHECK_THAT(restored.output, ContainsSubstring("proved"));
  CHECK(site.run({"log", "verify", "--data-dir", data.string()}).exit_code == 0);
  site.start();
  const auto again = site.fetch("/provision/001565123456.cfg");
  CHECK(again.body == config.body);  // its password could be read
  CHECK(site.get("/api/extensions/1001").json().at("name").as_string() == "Ann Example");

  // A stopped server's data is backed up as well, and not restored over.
  CHECK(site.stop() == 0);
  const auto stopped = site.run({"backup", "create", "--data-dir", data.string()});
  CAPTURE(stopped.output);
  CHECK(stopped.exit_code == 0);
  const auto refused = site.run({"backup", "restore", name, "--data-dir", data.string()});
  CHECK(refused.exit_code == 1);
  CHECK_THAT(refused.output, ContainsSubstring("is not empty"));
}

TEST_CASE("a log is exported from a running server, proved, tampered with, and imported into another") {
  Site site;
  site.create_extension("1001", "Ann Example", "s3cret-1001");
  REQUIRE(site.register_device("00:15:65:12:34:56", "1001", "yealink", "t46s").status == 201);
  const auto file = (site.folder() / "log.ndjson").string(), data = (site.folder() / "data").string();
  const auto exported = site.run({"log", "export", "--data-dir", data, "--out", file});
  CAPTURE(exported.output);
  REQUIRE(exported.exit_code == 0);
  const auto proved = site.run({"log", "verify", "--file", file});
  CAPTURE(proved.output);
  CHECK(proved.exit_code == 0);
  CHECK(site.stop() == 0);
  const auto imported = site.run({"log", "import", file, "--data-dir", (site.folder() / "other").string()});
  CAPTURE(imported.output);
  REQUIRE(imported.exit_code == 0);
  fs::copy_file(fs::path(data) / "master.key", site.folder() / "other" / "master.key");
  fs::rename(data, site.folder() / "moved");
  fs::rename(site.folder() / "other", data);
  site.start();
  const auto config = site.fetch("/provision/001565123456.cfg");
  CHECK(config.status == 200);
  CHECK_THAT(config.body, ContainsSubstring("account.1.password = s3cret-1001"));
  {
    std::ifstream in(file);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    text.replace(text.find("Ann Example"), 11, "Eve Example");
    std::ofstream(file) << text;
  }
  const auto tampered = site.run({"log", "verify", "--file", file});
  CHECK(tampered.exit_code == 1);
  CHECK_THAT(tampered.output, ContainsSubstring("extension/1001"));
}
