#include "tests/e2e/site.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <charconv>
#include <fstream>
#include <stdexcept>

#include <boost/json/serialize.hpp>

namespace strowger::test {
namespace {

// The number after `label` in the program's log; 0 while it is not there.
std::uint16_t port_in(const std::string& log, std::string_view label) {
  const auto at = log.find(label);
  std::uint16_t port = 0;
  if (at != std::string::npos) std::from_chars(log.data() + at + label.size(), log.data() + log.size(), port);
  return port;
}

// The program, or prlimit, which becomes it.
std::unique_ptr<Process> start_program(std::vector<std::string> arguments, unsigned descriptors,
                                       const std::filesystem::path& output) {
  if (descriptors == 0) return std::make_unique<Process>(STROWGER_PROGRAM, arguments, output);
  const auto limit = std::to_string(descriptors);
  arguments.insert(arguments.begin(), {"--nofile=" + limit + ":" + limit, STROWGER_PROGRAM});
  return std::make_unique<Process>("prlimit", arguments, output);
}

}  // namespace

Site::Site(std::string settings, unsigned descriptors) : descriptors_(descriptors) {
  write_settings(settings);
  start();
}

Site::~Site() = default;

void Site::write_settings(const std::string& settings) {
  std::ofstream(settings_file()) << "data_dir: " << (folder() / "data").string() << "\n"
                                 << "logging: {file: " << (folder() / "pbx.log").string() << "}\n"
                                 << settings;
}

void Site::start() {
  const std::string program = STROWGER_PROGRAM;
  const std::vector<std::string> where{"--config", settings_file().string()};
  auto arguments = where;
  arguments.insert(arguments.begin(), "serve");
  arguments.insert(arguments.end(), {"--api-port", std::to_string(api_port_), "--sip-port", std::to_string(sip_port_)});
  server_ = start_program(arguments, descriptors_, folder() / ("server." + std::to_string(++starts_)));
  const bool serves = eventually(
      [&] {
        const auto text = log();
        api_port_ = port_in(text, "API port: ");
        sip_port_ = port_in(text, "SIP port: ");
        return (api_port_ != 0 && sip_port_ != 0 && text.find("config_url: ") != std::string::npos) ||
               !server_->running();
      },
      std::chrono::seconds(60));
  if (!serves || !server_->running()) throw std::runtime_error("the server did not start:\n" + log());
  Process token(program, {"token", "--config", settings_file().string()}, folder() / "token");
  if (token.wait() != 0) throw std::runtime_error("no token: " + token.output());
  token_ = token.output();
  while (!token_.empty() && token_.back() == '\n') token_.pop_back();
}

void Site::kill_hard() {
  server_->kill_hard();
}

int Site::stop() {
  server_->send(SIGTERM);
  return server_->wait();
}

std::optional<int> Site::stop_within(std::chrono::milliseconds deadline) {
  server_->send(SIGTERM);
  if (!eventually([&] { return !server_->running(); }, deadline)) {
    server_->kill_hard();
    return std::nullopt;
  }
  return server_->wait();
}

HttpReply Site::get(const std::string& target) const {
  return http(api_port_, "GET", target, {{"Authorization", "Bearer " + token_}});
}

HttpReply Site::send_json(const std::string& method, const std::string& target, const std::string& json) const {
  return http(api_port_, method, target, {{"Authorization", "Bearer " + token_}, {"Content-Type", "application/json"}},
              json);
}

HttpReply Site::remove(const std::string& target) const {
  return http(api_port_, "DELETE", target, {{"Authorization", "Bearer " + token_}});
}

HttpReply Site::fetch(const std::string& target, const std::string& user_agent) const {
  return http(api_port_, "GET", target, {{"User-Agent", user_agent}});
}

void Site::create_extension(const std::string& number, const std::string& name, const std::string& password) const {
  const auto reply =
      send_json("POST", "/api/extensions",
                boost::json::serialize(boost::json::value{{"number", number}, {"name", name}, {"password", password}}));
  CAPTURE(reply.body);
  REQUIRE(reply.status == 201);
}

HttpReply Site::register_device(const std::string& mac, const std::string& extension, const std::string& vendor,
                                const std::string& model) const {
  return send_json("POST", "/api/provisioning/devices",
                   boost::json::serialize(boost::json::value{
                       {"mac_address", mac}, {"extension_number", extension}, {"vendor", vendor}, {"model", model}}));
}

std::vector<Site::Event> Site::events() const {
  std::vector<Event> out;
  std::string after = "0";
  for (;;) {
    const auto page = get("/api/events?limit=500&after=" + after).json();
    if (page.as_array().empty()) return out;
    for (const auto& event : page.as_array()) {
      out.push_back(
          {std::string(event.at("type").as_string()), std::string(event.at("correlationid").as_string()), event});
      after = std::string(event.at("sequence").as_string());
    }
  }
}

bool Site::has_event(const std::string& type) const {
  for (const auto& event : events())
    if (event.type == type) return true;
  return false;
}

Site::Ran Site::run(const std::vector<std::string>& arguments) const {
  return run_limited(arguments, 0);
}

Site::Ran Site::run_limited(const std::vector<std::string>& arguments, unsigned descriptors) const {
  const auto process = start_program(arguments, descriptors, folder() / "command");
  Ran ran;
  ran.exit_code = process->wait();
  ran.output = process->output();
  return ran;
}

bool Site::registered(const std::string& extension, std::size_t bindings) const {
  return eventually([&] {
    const auto phones = get("/api/registered-phones/extension/" + extension).json();
    return phones.is_array() ? phones.as_array().size() == bindings : bindings == 0;  // 404 where it does not exist
  });
}

}  // namespace strowger::test
