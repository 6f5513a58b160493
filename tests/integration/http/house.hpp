// The house behind the HTTP server, whole and real (RocksDB, vault, actors, projections), but for the phones: their
// bindings are put straight into the table that the registrar would fill.
#pragma once

#include "actors/registrar/binding_table.hpp"
#include "adapters/http/provision/services.hpp"
#include "adapters/http/routes.hpp"
#include "adapters/rocksdb/projection_store.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/vault/sodium_vault.hpp"
#include "tests/integration/http/client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

#include <atomic>
#include <mutex>
#include <sstream>

#include <boost/json.hpp>
#include <caf/all.hpp>
#include <spdlog/logger.h>

namespace strowger::http::test {

struct JsonReply : Reply {
  boost::json::value json() const { return boost::json::parse(body); }
  std::string code() const { return std::string(json().at("code").as_string()); }
};

class House {
 public:
  House();
  ~House();

  void start();
  void stop();
  void restart() {
    stop();
    start();
  }
  // Takes effect at once, as a reload does.
  void set(const std::function<void(config::Settings&)>& change);
  void set_template(const std::string& name, const std::string& text);
  void drop_template(const std::string& name);
  // Templates and settings go into the log, as the composition root sees to; other tests' logs begin empty.
  void publish_from_now_on();

  std::uint16_t port() const { return server->port(); }
  // With the token of a role; empty: none.
  std::string token(Role role, const std::string& name = "ann");
  JsonReply ask(const std::string& method, const std::string& target, const std::string& body = {},
                const std::string& headers = {});
  JsonReply as(const std::string& bearer, const std::string& method, const std::string& target,
               const std::string& body = {}, const std::string& headers = {});
  JsonReply fetch(const std::string& target, const std::string& headers = {}, const std::string& method = "GET");

  void create_extension(const std::string& number, const std::string& name, const std::string& password = "s3cret");
  JsonReply register_device(const std::string& mac, const std::string& extension, const std::string& vendor = "yealink",
                            const std::string& model = "t46s");
  void bind(const std::string& extension, const std::string& ip, const std::string& mac = {},
            const std::string& user_agent = "Yealink SIP-T46S 66.86.0.15");
  void create_user(const std::string& name, Role role, const std::string& password);

  // Waits until the history has that many requests.
  bool recorded(std::uint64_t requests);
  std::string logged();
  std::vector<Record> events();

  std::atomic<std::int64_t> stepped{0};  // seconds that the wall clock alone was set forward

  strowger::test::TemporaryFolder folder;
  std::unique_ptr<rocks::RocksLog> log;
  std::unique_ptr<Services> services;
  std::unique_ptr<Servers> server;

 private:
  struct Parts;
  void reload_templates();
  void publish(const config::Settings& settings, const provisioning::Renderer& renderer);
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<provision::OwnTemplates> own_templates_;
  config::SettingsPtr settings_;
  std::shared_ptr<const provisioning::Renderer> renderer_;
  std::mutex mutex_;  // guards the two above
  std::vector<provisioning::CustomTemplate> custom_;
  std::ostringstream lines_;
  std::shared_ptr<spdlog::logger> logger_;
  std::string admin_;
  bool publishes_ = false;
};

}  // namespace strowger::http::test
