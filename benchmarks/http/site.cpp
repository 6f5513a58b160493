#include "benchmarks/http/site.hpp"

#include "actors/ask_and_wait.hpp"
#include "actors/registrar/binding_table.hpp"
#include "adapters/http/provision/services.hpp"
#include "adapters/http/routes.hpp"
#include "adapters/http/server.hpp"
#include "adapters/rocksdb/projection_store.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/vault/password.hpp"
#include "adapters/vault/sodium_vault.hpp"
#include "benchmarks/http/storm.hpp"

#include <csignal>
#include <cstdio>
#include <stdexcept>

#include <caf/all.hpp>
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>

namespace strowger::bench {
namespace {

template <class T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

struct Config : caf::actor_system_config {
  Config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 1);
    set("logger.console", caf::atom("none"));
  }
};

// Straight into the log, in batches: how devices came to be is not what is measured.
void fill(EventLog& log, Vault& vault, IdSource& ids, unsigned devices, bool fleet) {
  const auto password = need(vault.seal("s3cret-password"));
  const Cause cause{"system", {}, {}};
  for (unsigned i = 0; i < devices; ++i) {
    const auto mac = need(MacAddress::parse(file_name(i).substr(0, 12)));
    const auto number = need(ExtensionNumber::parse(std::to_string(10'000 + i)));
    const Event created = ExtensionCreated{number, "User " + number.text(), "", true, password};
    const Event registered = DeviceRegistered{mac, number, vendor_of(fleet ? i : 0), model_of(fleet ? i : 0), false};
    const auto append = [&](StreamId stream, const Event& event, bool last) {
      AppendRequest request;
      request.stream = std::move(stream);
      request.events.push_back(encode(event, cause, system_now(), ids));
      if (last) {
        need(append_and_wait(log, std::move(request)));
      } else {
        log.append(std::move(request), [](const Result<Receipt>&) {});
      }
    };
    append(StreamId::of(number), created, false);
    append(StreamId::of(mac), registered, i + 1 == devices || i % 1'000 == 999);
  }
}

}  // namespace

std::string file_name(unsigned device) {
  char name[32];
  std::snprintf(name, sizeof name, "001565%06x.cfg", device);
  return name;
}

int serve_site(const std::filesystem::path& folder, std::uint16_t port, unsigned devices, bool fleet) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  std::filesystem::create_directories(folder);

  rocks::LogOptions log_options;
  log_options.folder = folder / "log";
  auto log = need(rocks::RocksLog::open(std::move(log_options)));
  auto secrets = need(vault::SodiumVault::open(*log, {{}, {}, folder / "master.key"}));
  rocks::ProjectionStoreOptions store_options;
  store_options.folder = folder / "projections";
  auto store = need(rocks::RocksProjectionStore::open(std::move(store_options)));
  IdSource ids;
  fill(*log, *secrets, ids, devices, fleet);

  ExtensionsProjection extension_rows;
  DevicesProjection device_rows;
  RequestsProjection request_rows;
  UsersProjection user_rows;
  PhoneSettingsProjection phone_settings_rows;
  ProjectionRunner runner(*log, *store,
                          {&extension_rows, &device_rows, &request_rows, &user_rows, &phone_settings_rows});
  if (auto started = runner.start(); !started) throw std::runtime_error(started.error().message);
  runner.wait_applied(log->last_position(), std::chrono::steady_clock::now() + std::chrono::minutes(1));

  Config config;
  caf::actor_system system(config);
  actors::EntityWorld world{*log, ids, system_now};
  actors::Entities<actors::Extension> extensions(system, world);
  actors::Entities<actors::Device> device_actors(system, world);
  actors::Entities<actors::User> users(system, world);
  actors::Entities<actors::PhoneSettings> phone_settings(system, world);
  const auto admin = need(actors::ask_and_wait(
      users, "admin", actors::CreateUser{"admin", Role::admin, need(vault::hash_password(admin_password))},
      {Cause{"system", {}, {}}, {}, {}}));
  runner.wait_applied(admin.position, std::chrono::steady_clock::now() + std::chrono::minutes(1));
  const auto vendors = provisioning::VendorCatalog::built_in();
  const auto made = need(provisioning::Renderer::make(vendors, {}));
  registrar::BindingTable bindings(system_now);

  auto set = std::make_shared<config::Settings>();
  set->api.host = "127.0.0.1";
  set->api.port = port;
  set->modified_at = system_now();
  const config::SettingsPtr settings = set;
  // As in production: every request is a line in a file, asynchronous and bounded.
  auto queue = std::make_shared<spdlog::details::thread_pool>(16'384, 1);
  auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>((folder / "pbx.log").string());
  auto logger =
      std::make_shared<spdlog::async_logger>("bench", sink, queue, spdlog::async_overflow_policy::overrun_oldest);

  http::Services services{
      [&] { return settings; },
      [&] { return made.renderer; },
      [] { return std::string("192.168.1.14"); },
      [port] { return port; },
      [] { return std::uint16_t{5060}; },
      system_now,
      ids,
      *log,
      *secrets,
      *logger,
      extensions,
      device_actors,
      users,
      phone_settings,
      runner,
      extension_rows,
      device_rows,
      request_rows,
      user_rows,
      phone_settings_rows,
      bindings,
      vendors,
      [](const PasswordHash& hash, std::string_view clear) { return vault::verify_password(hash, clear); },
      [&] { return secrets->derive_key("api-token"); },
      [&] { return "strowger_log_position " + std::to_string(number(log->last_position())) + "\n"; },
      "benchmark",
      system_now()};
  auto server = need(http::start_server(services));
  int signal = 0;
  sigwait(&stop, &signal);
  server->stop(std::chrono::seconds(2));
  server.reset();
  runner.stop();
  return 0;
}

}  // namespace strowger::bench
