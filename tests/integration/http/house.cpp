#include "tests/integration/http/house.hpp"

#include "actors/ask_and_wait.hpp"
#include "actors/campaign/coordinator.hpp"
#include "actors/history/publisher.hpp"
#include "adapters/http/provision/present.hpp"
#include "adapters/http/routes.hpp"
#include "adapters/http/token.hpp"
#include "adapters/vault/password.hpp"

#include <spdlog/sinks/ostream_sink.h>

namespace strowger::http::test {

using namespace std::chrono_literals;

struct House::Parts {
  struct Config : caf::actor_system_config {
    Config() {
      set("scheduler.policy", caf::atom("sharing"));
      set("scheduler.max-threads", 1);
      set("logger.console", caf::atom("none"));
    }
  };

  Parts(EventLog& log, std::unique_ptr<rocks::RocksProjectionStore> rows, std::unique_ptr<vault::SodiumVault> vault,
        const Clock& clock)
      : store(std::move(rows)),
        secrets(std::move(vault)),
        runner(log, *store,
               {&extension_rows, &device_rows, &campaign_rows, &request_rows, &user_rows, &phone_settings_rows,
                &contact_rows, &discovered_rows, &quarantine_rows}),
        letters(log, system_now, {}),
        system(config),
        publisher(log, ids, *secrets, clock),
        world{log, ids, clock},
        extensions(system, world),
        devices(system, world),
        users(system, world),
        campaigns(system, world),
        phone_settings(system, world),
        contacts(system, world) {}

  std::unique_ptr<rocks::RocksProjectionStore> store;
  std::unique_ptr<vault::SodiumVault> secrets;
  ExtensionsProjection extension_rows;
  DevicesProjection device_rows;
  CampaignsProjection campaign_rows;
  RequestsProjection request_rows;
  UsersProjection user_rows;
  PhoneSettingsProjection phone_settings_rows;
  ContactsProjection contact_rows;
  DiscoveredProjection discovered_rows;
  QuarantineProjection quarantine_rows;
  ProjectionRunner runner;
  actors::DeadLetters letters;
  IdSource ids;
  provisioning::VendorCatalog vendors = provisioning::VendorCatalog::built_in();
  registrar::BindingTable bindings{system_now};
  Config config;
  caf::actor_system system;
  history::Publisher publisher;
  actors::EntityWorld world;
  actors::Entities<actors::Extension> extensions;
  actors::Entities<actors::Device> devices;
  actors::Entities<actors::User> users;
  actors::Entities<actors::Campaign> campaigns;
  reboot::NoCalls calls;
  std::unique_ptr<campaign::Coordinator> coordinator;
  actors::Entities<actors::PhoneSettings> phone_settings;
  actors::Entities<actors::Contact> contacts;
};

House::House() {
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(lines_);
  logger_ = std::make_shared<spdlog::logger>("test", sink);
  logger_->set_pattern("%l %v");
  logger_->set_level(spdlog::level::info);
  auto settings = std::make_shared<config::Settings>();
  settings->api.host = "127.0.0.1";
  settings->api.port = 0;
  settings->server.external_ip = "192.168.1.14";
  settings->modified_at = system_now();
  settings_ = settings;
  start();
}

House::~House() {
  stop();
}

void House::start() {
  auto opened = rocks::RocksLog::open({.folder = folder.path() / "log"});
  REQUIRE(opened);
  log = std::move(*opened);
  auto store = rocks::RocksProjectionStore::open({.folder = folder.path() / "projections"});
  REQUIRE(store);
  auto secrets = vault::SodiumVault::open(*log, {{}, {}, folder.path() / "master.key"});
  REQUIRE(secrets);
  const Clock clock{[this] { return system_now() + std::chrono::seconds(stepped); }, &std::chrono::steady_clock::now};
  parts_ = std::make_unique<Parts>(*log, std::move(*store), std::move(*secrets), clock);
  REQUIRE(parts_->letters.load());
  REQUIRE(parts_->runner.start());
  REQUIRE(parts_->runner.wait_applied(log->last_position(), std::chrono::steady_clock::now() + 20s));
  auto made = provisioning::Renderer::make(parts_->vendors, custom_);
  REQUIRE(made);
  REQUIRE(made->refused.empty());
  renderer_ = made->renderer;

  auto& p = *parts_;
  services = std::unique_ptr<Services>(new Services{
      [this] {
        const std::lock_guard lock(mutex_);
        return settings_;
      },
      [this] {
        const std::lock_guard lock(mutex_);
        return renderer_;
      },
      [this] {
        const std::lock_guard lock(mutex_);
        return settings_->server.external_ip;
      },
      [] { return std::uint16_t{8080}; },
      [] { return std::uint16_t{5060}; },
      clock,
      p.ids,
      *log,
      *p.secrets,
      *logger_,
      p.extensions,
      p.devices,
      p.users,
      p.phone_settings,
      p.runner,
      p.extension_rows,
      p.device_rows,
      p.request_rows,
      p.user_rows,
      p.phone_settings_rows,
      p.bindings,
      p.vendors,
      [](const PasswordHash& hash, std::string_view password) { return vault::verify_password(hash, password); },
      [&p] { return p.secrets->derive_key("api-token"); },
      [] { return std::string("strowger_more 1\n"); },
      "1.2.3",
      system_now()});
  services->campaigns = &p.campaigns;
  services->campaign_rows = &p.campaign_rows;
  services->contacts = &p.contacts;
  services->contact_rows = &p.contact_rows;
  services->discovered_rows = &p.discovered_rows;
  services->quarantine_rows = &p.quarantine_rows;
  services->dead_letters = &p.letters;
  own_templates_ = std::make_unique<provision::OwnTemplates>(provision::OwnTemplates::World{
      p.vendors, [this] { return provision::OwnTemplates::Folder{folder.path() / "templates", true}; },
      services->renderer,
      [this](provision::RendererPtr fresh) {
        const std::lock_guard lock(mutex_);
        renderer_ = std::move(fresh);
      },
      [this](const provisioning::Renderer& fresh, const std::string& by) -> Result<void> {
        if (!publishes_) return {};
        const auto applied = provision::settings_applied(*settings_, settings_->server.external_ip,
                                                         services->sip_port(), services->api_port());
        const auto done = parts_->publisher.publish(fresh, applied, by);
        if (!done) return done.error();
        return {};
      },
      [](const std::string&, const std::string&) { return std::nullopt; }});
  services->own_templates = own_templates_.get();
  publish(*settings_, *renderer_);
  auto started = start_server(*services);
  REQUIRE(started);
  server = std::move(*started);
  p.coordinator = std::make_unique<campaign::Coordinator>(campaign::Coordinator::World{
      p.campaigns, p.devices, p.campaign_rows, p.device_rows, p.bindings, services->current_etag, clock, p.calls});
  admin_ = token(Role::admin, "admin");
}

void House::stop() {
  if (parts_) parts_->coordinator.reset();
  if (server) server->stop(2s);
  server.reset();
  services.reset();
  own_templates_.reset();
  if (parts_) parts_->runner.stop();
  parts_.reset();
  log.reset();
}

void House::set(const std::function<void(config::Settings&)>& change) {
  auto settings = std::make_shared<config::Settings>(*settings_);
  change(*settings);
  publish(*settings, *renderer_);
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
}

void House::set_template(const std::string& name, const std::string& text) {
  std::erase_if(custom_, [&](const auto& file) { return file.name == name; });
  custom_.push_back({name, text});
  reload_templates();
}

void House::publish_from_now_on() {
  publishes_ = true;
  publish(*settings_, *renderer_);
}

void House::drop_template(const std::string& name) {
  std::erase_if(custom_, [&](const auto& file) { return file.name == name; });
  reload_templates();
}

void House::reload_templates() {
  auto made = provisioning::Renderer::make(parts_->vendors, custom_);
  REQUIRE(made);
  REQUIRE(made->refused.empty());
  publish(*settings_, *made->renderer);
  const std::lock_guard lock(mutex_);
  renderer_ = made->renderer;
}

// As the composition root does: before a file is rendered with them.
void House::publish(const config::Settings& settings, const provisioning::Renderer& renderer) {
  if (!publishes_) return;
  const auto applied =
      provision::settings_applied(settings, settings.server.external_ip, services->sip_port(), services->api_port());
  REQUIRE(parts_->publisher.publish(renderer, applied));
}

std::string House::token(Role role, const std::string& name) {
  const TokenSigner signer(services->token_key, services->clock);
  return signer.issue(name, role, parts_->ids.next(), services->clock() + 1h);
}

JsonReply House::ask(const std::string& method, const std::string& target, const std::string& body,
                     const std::string& headers) {
  return as(admin_, method, target, body, headers);
}

JsonReply House::as(const std::string& bearer, const std::string& method, const std::string& target,
                    const std::string& body, const std::string& headers) {
  Client client(port());
  std::string request = method + " " + target + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + headers;
  if (!bearer.empty()) request += "Authorization: Bearer " + bearer + "\r\n";
  if (!body.empty()) {
    if (headers.find("Content-Type:") == std::string::npos) request += "Content-Type: application/json\r\n";
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return {client.ask(request + "\r\n" + body, method == "HEAD")};
}

JsonReply House::fetch(const std::string& target, const std::string& headers, const std::string& method) {
  Client client(port());
  return {client.ask(method + " " + target + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n", method == "HEAD")};
}

void House::create_extension(const std::string& number, const std::string& name, const std::string& password) {
  const auto reply = ask("POST", "/api/extensions",
                         boost::json::serialize(boost::json::object{
                             {"number", number}, {"name", name}, {"password", password}, {"email", "a@example.com"}}));
  INFO(reply.body);
  REQUIRE(reply.status == 201);
}

JsonReply House::register_device(const std::string& mac, const std::string& extension, const std::string& vendor,
                                 const std::string& model) {
  return ask("POST", "/api/provisioning/devices",
             boost::json::serialize(boost::json::object{
                 {"mac_address", mac}, {"extension_number", extension}, {"vendor", vendor}, {"model", model}}));
}

void House::bind(const std::string& extension, const std::string& ip, const std::string& mac,
                 const std::string& user_agent) {
  const auto number = ExtensionNumber::parse(extension).value();
  registrar::Binding binding;
  binding.extension = number;
  binding.contact = "sip:" + extension + "@" + ip + ":5062";
  binding.ip = ip;
  binding.port = 5062;
  binding.transport = "udp";
  binding.user_agent = user_agent;
  if (!mac.empty()) binding.mac = MacAddress::parse(mac).value();
  binding.first_registered = binding.last_registered = system_now();
  binding.expires_at = system_now() + 1h;
  binding.expires = std::chrono::steady_clock::now() + 1h;
  auto bindings = parts_->bindings.current(number);
  bindings.push_back(std::make_shared<registrar::Binding>(binding));
  parts_->bindings.put(number, std::move(bindings));
}

void House::create_user(const std::string& name, Role role, const std::string& password) {
  const auto hash = vault::hash_password(password);
  REQUIRE(hash);
  const auto created = actors::ask_and_wait(parts_->users, name, actors::CreateUser{name, role, *hash},
                                            {Cause{"system", {}, {}}, {}, {}});
  REQUIRE(created);
  REQUIRE(parts_->runner.wait_applied(created->position, std::chrono::steady_clock::now() + 20s));
}

bool House::recorded(std::uint64_t requests) {
  return strowger::test::eventually([&] { return parts_->request_rows.counts().total >= requests; });
}

std::string House::logged() {
  logger_->flush();
  return lines_.str();
}

std::vector<Record> House::events() {
  return log->read_all(Position{0}, 100'000).value();
}

}  // namespace strowger::http::test
