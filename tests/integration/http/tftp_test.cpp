// Phones' files by TFTP out of the whole house: the same resolver, access rules, rendering and history as by HTTP, and
// never a secret.
#include "adapters/http/provision/files.hpp"
#include "adapters/tftp/server.hpp"
#include "tests/integration/http/house.hpp"
#include "tests/support/tftp_client.hpp"

#include <filesystem>
#include <fstream>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;
using strowger::test::TftpClient;

namespace {

namespace fs = std::filesystem;

constexpr std::string_view harmless =
    "#!version:1.0.0.1\nstatic.auto_provision.server.url = {{CONFIG_BASE_URL}}/\n"
    "account.1.label = {{EXTENSION_NAME}}\n";

struct Site : House {
  spdlog::logger logger{"tftp"};
  std::unique_ptr<tftp::Server> by_tftp;

  Site() {
    auto started = tftp::Server::start(
        {.host = "127.0.0.1", .port = 0},
        [files = server->files()](const auto& request) { return files->deliver(request); }, logger);
    REQUIRE(started);
    by_tftp = std::move(*started);
    create_extension("1001", "Ann Example");
    REQUIRE(register_device("00:15:65:12:34:56", "1001").status == 201);
  }
  TftpClient::Download get(const std::string& file,
                           const TftpClient::OptionMap& options = {{"blksize", "1468"}}) const {
    return TftpClient(by_tftp->port()).get(file, options);
  }
  boost::json::object newest() {
    return ask("GET", "/api/provisioning/requests?limit=1").json().at("requests").at(0).as_object();
  }
  std::size_t served() {
    std::size_t count = 0;
    for (const auto& record : events()) count += record.type == ConfigServed::type ? 1 : 0;
    return count;
  }
};

}  // namespace

TEST_CASE_METHOD(Site, "tftp: no phone book, which has people's names and numbers in it") {
  CHECK(fetch("/provision/phonebook/yealink.xml").status == 200);
  CHECK(get("phonebook/yealink.xml").error);
  CHECK(get("phonebook/001565123456.xml").error);
}

TEST_CASE_METHOD(Site, "tftp: a file with a password in it is refused, and everybody is told what to do") {
  const auto got = get("001565123456.cfg");
  REQUIRE(got.error);
  CHECK(got.error->number == 2);
  CHECK_THAT(got.error->rest, ContainsSubstring("http://192.168.1.14:8080/provision/001565123456.cfg"));
  REQUIRE(recorded(1));
  const auto entry = newest();
  CHECK(entry.at("success") == false);
  CHECK(entry.at("code") == "secret_over_tftp");
  CHECK(entry.at("path") == "tftp:/provision/001565123456.cfg");
  CHECK(entry.at("extension") == "1001");
  CHECK_THAT(std::string(entry.at("error").as_string()),
             ContainsSubstring("asks by TFTP; point it at http://192.168.1.14:8080/provision/001565123456.cfg"));
  CHECK_THAT(logged(), ContainsSubstring("Refused with 403 (secret_over_tftp)"));
  CHECK_THAT(ask("GET", "/api/provisioning/diagnostics").body,
             ContainsSubstring("00:15:65:12:34:56: This phone asks by TFTP; point it at"));
  CHECK_THAT(ask("GET", "/metrics").body,
             ContainsSubstring("strowger_provisioning_access_refused_total{rule=\"secret_over_tftp\"} 1"));
  for (const auto* name : {"/001565123456.cfg", "provision/001565123456.cfg", "/provision/00-15-65-12-34-56.cfg"}) {
    CAPTURE(name);
    CHECK(get(name).error->number == 2);
  }
  CHECK(served() == 0);
}

TEST_CASE_METHOD(Site, "tftp: no template of one's own can send a secret") {
  const std::string head = "#!version:1.0.0.1\n";
  for (const auto& text :
       {head + "account.1.password = {{EXTENSION_PASSWORD}}\n", head + "account.1.label = {{EXTENSION_PASSWORD}}\n",
        head + "{{#LINES}}account.{{LINE}}.label = {{EXTENSION_PASSWORD}}\n{{/LINES}}",
        head + "{{#EXTENSION_PASSWORD}}account.1.label = yes\n{{/EXTENSION_PASSWORD}}",
        head + "static.security.user_password = admin:typed-by-hand\n", head + "# the old password: typed-by-hand\n"}) {
    CAPTURE(text);
    set_template("yealink_t46s.template", text);
    CHECK(fetch("/provision/001565123456.cfg").status == 200);
    const auto got = get("001565123456.cfg");
    REQUIRE(got.error);
    CHECK(got.error->number == 2);
  }
  // Of the phone's own settings too.
  REQUIRE(ask("PATCH", "/api/provisioning/phone-settings/global", R"({"admin_password":"a-long-secret"})").status ==
          200);
  set_template("yealink_t46s.template", head + "static.security.user_name = {{ADMIN_PASSWORD}}\n");
  CHECK(get("001565123456.cfg").error->number == 2);
}

TEST_CASE_METHOD(Site, "tftp: a file without a secret is the one that HTTP sends, and a fact when it has arrived") {
  set_template("yealink_t46s.template", std::string(harmless));
  const auto by_http = fetch("/provision/001565123456.cfg");
  REQUIRE(by_http.status == 200);
  REQUIRE(recorded(1));
  const auto got = get("001565123456.cfg");
  REQUIRE(got.complete);
  CHECK(got.bytes == by_http.body);
  REQUIRE(recorded(2));
  const auto entry = newest();
  CHECK(entry.at("success") == true);
  CHECK(entry.at("path") == "tftp:/provision/001565123456.cfg");
  CHECK(entry.at("config_size") == by_http.body.size());
  CHECK(served() == 2);
  const auto device = ask("GET", "/api/provisioning/devices/001565123456").json();
  CHECK_FALSE(device.at("last_provisioned").is_null());

  // A phone that goes away in the middle has nothing.
  TftpClient phone(by_tftp->port());
  phone.send(TftpClient::request("001565123456.cfg", {{"blksize", "8"}}));
  REQUIRE(phone.receive());
  phone.answer(TftpClient::ack(0));
  REQUIRE(phone.receive()->opcode == 3);
  phone.answer(TftpClient::number(5) + TftpClient::number(0) + '\0');
  CHECK(strowger::test::eventually([&] { return by_tftp->counters().active == 0; }));
  CHECK(by_tftp->counters().aborted == 1);
  CHECK(served() == 2);

  // With a token in its URL the same file holds one.
  REQUIRE(ask("POST", "/api/provisioning/devices/001565123456/access/token").status < 300);
  CHECK(get("001565123456.cfg").error->number == 2);
}

TEST_CASE_METHOD(Site, "tftp: the files that phones share are served, and can point at HTTP") {
  for (const auto* name : {"y000000000028.cfg", "000000000000.cfg", "spa504G.cfg"}) {
    CAPTURE(name);
    const auto got = get(name);
    REQUIRE(got.complete);
    CHECK(got.bytes == fetch("/provision/" + std::string(name)).body);
  }
  CHECK_THAT(get("spa504G.cfg").bytes, ContainsSubstring("http://192.168.1.14:8080/provision"));
}

TEST_CASE_METHOD(Site, "tftp: firmware, of any size") {
  strowger::test::TemporaryFolder around;
  fs::create_directories(around.path() / "firmware");
  std::string image;
  for (int i = 0; image.size() < 3'000'000; ++i) image += std::to_string(i) + ",";
  std::ofstream(around.path() / "firmware" / "T46S-66.86.0.15.rom", std::ios::binary) << image;
  std::ofstream(around.path() / "secret.txt") << "master key";
  set([&](config::Settings& settings) { settings.provisioning.firmware_dir = around.path() / "firmware"; });
  const auto got = get("T46S-66.86.0.15.rom", {{"blksize", "1468"}, {"tsize", "0"}});
  CHECK(got.complete);
  CHECK(got.bytes == image);
  CHECK(got.options.at("tsize") == std::to_string(image.size()));
  CHECK(get("firmware/T46S-66.86.0.15.rom").bytes == image);
  for (const auto* outside : {"firmware/../secret.txt", "../secret.txt", "firmware/%2e%2e/secret.txt", "/etc/passwd"}) {
    CAPTURE(outside);
    const auto refused = get(outside);
    REQUIRE(refused.error);
    CHECK(refused.error->number == 1);
  }
}

TEST_CASE_METHOD(Site, "tftp: who may not fetch gets nothing, and the history says by which rule") {
  CHECK(get("001565999999.cfg").error->number == 1);
  REQUIRE(recorded(1));
  CHECK(newest().at("code") == "unknown_mac");
  CHECK(get("mac-boot.log").error);
  CHECK(get("{mac}.cfg").error->rest.find("placeholder") != std::string::npos);
  CHECK(get("nobody asks for this").error->number == 1);
  CHECK(get(std::string(500, 'x') + ".cfg").error->number == 1);
  CHECK(get("a\nb\x01.cfg").error->number == 1);
  CHECK(logged().find("a\nb") == std::string::npos);
  set([](config::Settings& settings) { settings.provisioning.access.allowed_networks = {"192.0.2.0/24"}; });
  const auto refused = get("y000000000028.cfg");
  REQUIRE(refused.error);
  CHECK(refused.error->number == 2);
  CHECK(strowger::test::eventually([&] { return newest().at("code") == "access_denied"; }));
}

TEST_CASE_METHOD(Site, "tftp: who tries MAC addresses is blocked, by HTTP as well") {
  set([](config::Settings& settings) { settings.provisioning.access.enumeration_limit = 5; });
  for (int i = 0; i < 5; ++i) CHECK(get("00156500000" + std::to_string(i) + ".cfg").error->number == 1);
  CHECK(get("y000000000028.cfg").error->number == 2);
  CHECK(fetch("/provision/y000000000028.cfg").status == 429);
}

TEST_CASE_METHOD(Site, "tftp: where enrolment is over it is no way around it") {
  set_template("yealink_t46s.template", std::string(harmless));
  set([](config::Settings& settings) { settings.provisioning.access.require_credentials = true; });
  CHECK(get("001565123456.cfg").error->number == 2);
}
