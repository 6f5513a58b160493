// What a stranger, an operator's template or a half-written settings file could do to the program as it is run: few
// descriptors, sockets that hold them, lists inside lists, reloads that open what was closed.
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <fstream>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/serialize.hpp>
#include <sys/resource.h>

using namespace strowger::test;

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr const char* budget_mac = "001565123456";
const std::string budget_file = "/provision/001565123456.cfg";

// Connections from one address that send half a request and then nothing.
class HalfOpen {
 public:
  HalfOpen(std::uint16_t port, const char* from, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& socket = sockets_.emplace_back(io_);
      boost::system::error_code fault;
      socket.open(tcp::v4(), fault);
      socket.bind({asio::ip::make_address(from), 0}, fault);
      socket.connect({asio::ip::make_address("127.0.0.1"), port}, fault);
      if (!fault) asio::write(socket, asio::buffer(std::string("GET /healthz HTTP/1.1\r\nHost:")), fault);
    }
  }

 private:
  asio::io_context io_;
  std::vector<tcp::socket> sockets_;
};

std::string nested_preview(int deep) {
  std::string text = "#!version:1.0.0.1\n";
  for (int i = 0; i < deep; ++i) text += "{{#ALL_CODECS}}\n";
  text += "a = {{CODEC}}\n";
  for (int i = 0; i < deep; ++i) text += "{{/ALL_CODECS}}\n";
  return boost::json::serialize(boost::json::value{{"mac", budget_mac}, {"text", text}});
}

void register_phone(const Site& site) {
  site.create_extension("1001", "Ann Example", "s3cret-1001");
  REQUIRE(site.register_device(budget_mac, "1001", "yealink", "t46s").status == 201);
}

}  // namespace

TEST_CASE("a stranger's sockets take neither the log's descriptors nor other addresses' connections") {
  Site site({}, 1024);
  register_phone(site);
  CHECK_THAT(site.log(), ContainsSubstring("The limit of open files and sockets is 1024"));
  ::rlimit ours{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &ours) == 0);
  ours.rlim_cur = ours.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &ours) == 0);
  const HalfOpen strangers(site.api_port(), "127.0.0.66", 1'300);
  site.create_extension("1002", "Bob Example", "s3cret-1002");
  CHECK(site.send_json("POST", "/api/backups", "{}").status < 300);
  CHECK(site.fetch(budget_file).status == 200);
  CHECK(site.get("/readyz").status == 200);
  CHECK(site.stop() == 0);
}

TEST_CASE("with too few descriptors the program says so and does not start") {
  Site site;
  const auto ran = site.run_limited({"serve", "--config", site.settings_file().string()}, 256);
  CHECK(ran.exit_code != 0);
  CHECK_THAT(ran.output, ContainsSubstring("at least 768") && ContainsSubstring("LimitNOFILE"));
}

TEST_CASE("a template of lists inside lists is refused at once, and the program stops when told to") {
  Site site;
  register_phone(site);
  const std::string preview = "/api/provisioning/templates/yealink/t46s/preview";
  for (const int deep : {7, 60, 5'000}) {
    const auto reply = site.send_json("POST", preview, nested_preview(deep));
    CAPTURE(reply.body);
    CHECK(reply.status == 422);
    CHECK_THAT(reply.body, ContainsSubstring("bad_template"));
  }
  std::string many = "#!version:1.0.0.1\n";
  for (int i = 0; i < 4'000; ++i) many += "a = {{MAC}}\n";
  const auto lines =
      site.send_json("POST", preview, boost::json::serialize(boost::json::value{{"mac", budget_mac}, {"text", many}}));
  CHECK(lines.status == 200);
  CHECK(site.fetch(budget_file).status == 200);
  CHECK(site.stop() == 0);
}

TEST_CASE("a reload takes no file that is empty, cut off or opens what was closed, until it is accepted") {
  const std::string closed = "provisioning:\n  access:\n    require_credentials: true\n";
  Site site(closed);
  register_phone(site);
  const auto is_closed = [&] {
    const auto status = site.fetch(budget_file).status;
    return status == 401 || status == 403;
  };
  REQUIRE(is_closed());

  std::ofstream(site.settings_file(), std::ios::trunc).flush();
  site.send(SIGHUP);
  REQUIRE(eventually([&] { return site.log().find("sets nothing") != std::string::npos; }));
  CHECK(is_closed());

  site.write_settings("provisioning:\n  access:\n");
  site.send(SIGHUP);
  REQUIRE(eventually([&] { return site.log().find("a section with nothing in it") != std::string::npos; }));
  CHECK(is_closed());

  site.write_settings("");  // as if it had been cut off before provisioning
  site.send(SIGHUP);
  REQUIRE(eventually([&] { return site.log().find("strowger config accept") != std::string::npos; }));
  CHECK_THAT(site.log(), ContainsSubstring("provisioning.access.require_credentials: true -> false (wider)"));
  CHECK(is_closed());

  const auto accepted = site.run({"config", "accept", site.settings_file().string()});
  CAPTURE(accepted.output);
  REQUIRE(accepted.exit_code == 0);
  CHECK(is_closed());
  site.send(SIGHUP);
  CHECK(eventually([&] { return site.fetch(budget_file).status == 200; }));

  // Closing needs nobody's word, and opening again needs a new one.
  site.write_settings(closed);
  site.send(SIGHUP);
  CHECK(eventually(is_closed));
  const auto refusals = [&] {
    const auto log = site.log();
    std::size_t count = 0;
    for (auto at = log.find("were not reloaded"); at != std::string::npos; at = log.find("were not reloaded", at + 1))
      ++count;
    return count;
  };
  const auto before = refusals();
  site.write_settings("");
  site.send(SIGHUP);
  CHECK(eventually([&] { return refusals() == before + 1; }));
  CHECK(is_closed());
  CHECK(site.stop() == 0);
}

TEST_CASE("a reload that changes config_url says from what to what") {
  Site site("server: {external_ip: 192.0.2.1}\n");
  site.write_settings("server: {external_ip: 192.0.2.2}\n");
  site.send(SIGHUP);
  const auto url = [&](const std::string& ip) {
    return "http://" + ip + ":" + std::to_string(site.api_port()) + "/provision/{mac}.cfg";
  };
  CHECK(eventually([&] {
    return site.log().find("config_url: " + url("192.0.2.1") + " -> " + url("192.0.2.2")) != std::string::npos;
  }));
}

TEST_CASE("a start with an empty settings file says what is wrong with it") {
  Site site;
  std::ofstream(site.settings_file(), std::ios::trunc) << "# nothing\n";
  const auto ran = site.run({"serve", "--config", site.settings_file().string()});
  CHECK(ran.exit_code == 2);
  CHECK_THAT(ran.output, ContainsSubstring("sets nothing") && ContainsSubstring("without --config"));
}
