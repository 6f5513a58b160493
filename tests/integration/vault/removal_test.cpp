// What is removed takes its secret with it: the data key of a device's password or token, and of an unregistered
// device's own settings, is destroyed, whenever the server stops in between. What others have sealed stays readable.
#include "actors/ask_and_wait.hpp"
#include "actors/device/device.hpp"
#include "actors/extension/deletion_reactor.hpp"
#include "actors/phone_settings/device_settings_reactor.hpp"
#include "adapters/rocksdb/projection_store.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/vault/sodium_vault.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/extensions.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

#include <chrono>
#include <map>

#include <caf/all.hpp>

using namespace strowger;
using namespace std::chrono_literals;
using actors::ask_and_wait;

namespace {

const auto ann = MacAddress::parse("001565123456").value();
const auto bob = MacAddress::parse("001565123457").value();

struct Config : caf::actor_system_config {
  Config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 1);
    set("logger.console", caf::atom("none"));
  }
};

// What runs from a start to a stop.
struct Run {
  explicit Run(const std::filesystem::path& folder)
      : log(rocks::RocksLog::open({.folder = folder / "log"}).value()),
        store(rocks::RocksProjectionStore::open({.folder = folder / "projections"}).value()),
        secrets(vault::SodiumVault::open(*log, {{}, {}, folder / "master.key"}).value()),
        runner(*log, *store, {&extension_rows, &device_rows, &settings_rows}),
        system(config),
        world{*log, ids, system_now},
        devices(system, world),
        settings(system, world) {
    REQUIRE(runner.start());
  }
  ~Run() { runner.stop(); }

  void tell(const MacAddress& mac, actors::Device::Command command) {
    const auto outcome =
        ask_and_wait(devices, mac.text(), std::move(command), {Cause{"admin:ann", ids.next(), {}}, {}, {}});
    REQUIRE(outcome);
    REQUIRE_FALSE(outcome->events.empty());
  }
  void set(actors::ChangePhoneSettings change) {
    const std::string key(phone_settings_stream(change.level, change.name).key());
    REQUIRE(ask_and_wait(settings, key, actors::PhoneSettings::Command(std::move(change)),
                         {Cause{"admin:ann", ids.next(), {}}, {}, {}}));
    apply();
  }
  void apply() { REQUIRE(runner.wait_applied(log->last_position(), std::chrono::steady_clock::now() + 20s)); }
  void remove_what_is_gone() {
    actors::DeletionReactor deletions(*log, *secrets, [](const Error& error) { FAIL(error.message); }, Drive::by_hand);
    while (deletions.step(10) == Step::more) {
    }
  }
  void take_back_settings() {
    actors::DeviceSettingsReactor reactor(
        {*log, *secrets, runner, settings_rows, settings}, [](const Error& error) { FAIL(error.message); },
        Drive::by_hand);
    while (reactor.step(10) == Step::more) {
    }
    apply();
  }
  bool opens(const SealedSecret& sealed, const std::string& clear) const {
    const auto opened = secrets->open(sealed);
    return opened && *opened == clear;
  }
  bool is_gone(const SealedSecret& sealed) const {
    const auto opened = secrets->open(sealed);
    return !opened && opened.error().code == "secret_shredded";
  }

  std::unique_ptr<rocks::RocksLog> log;
  std::unique_ptr<rocks::RocksProjectionStore> store;
  std::unique_ptr<vault::SodiumVault> secrets;
  ExtensionsProjection extension_rows;
  DevicesProjection device_rows;
  PhoneSettingsProjection settings_rows;
  ProjectionRunner runner;
  IdSource ids;
  Config config;
  caf::actor_system system;
  actors::EntityWorld world;
  actors::Entities<actors::Device> devices;
  actors::Entities<actors::PhoneSettings> settings;
};

struct Site {
  Site() { start(); }
  void start() {
    run.reset();
    run = std::make_unique<Run>(folder.path());
  }
  // Two devices, each with a password and a token.
  void provision() {
    const auto extension = ExtensionNumber::parse("1001").value();
    for (const auto& mac : {ann, bob}) {
      run->tell(mac, actors::RegisterDevice{mac, extension, "yealink", "t46s"});
      const auto& password = passwords[mac] = run->secrets->seal("password of " + mac.text()).value();
      run->tell(mac, actors::SetDeviceCredentials{mac.text(), password});
      const auto& token = tokens[mac] = run->secrets->seal("token of " + mac.text()).value();
      run->tell(mac, actors::IssueDeviceToken{token, std::string(64, '0')});
    }
  }
  void check_bob() const {
    CHECK(run->opens(passwords.at(bob), "password of " + bob.text()));
    CHECK(run->opens(tokens.at(bob), "token of " + bob.text()));
  }

  test::TemporaryFolder folder;
  std::unique_ptr<Run> run;
  std::map<MacAddress, SealedSecret> passwords, tokens;
};

}  // namespace

TEST_CASE_METHOD(Site, "a password that is taken from a device can never be opened again, its token and others can") {
  provision();
  run->remove_what_is_gone();
  CHECK(run->opens(passwords[ann], "password of " + ann.text()));  // nothing was removed yet

  run->tell(ann, actors::RemoveDeviceCredentials{});
  run->remove_what_is_gone();
  CHECK(run->is_gone(passwords[ann]));
  CHECK(run->opens(tokens[ann], "token of " + ann.text()));
  check_bob();

  run->tell(ann, actors::RevokeDeviceToken{});
  run->remove_what_is_gone();
  CHECK(run->is_gone(tokens[ann]));
  check_bob();

  start();
  CHECK(run->is_gone(passwords[ann]));
  CHECK(run->is_gone(tokens[ann]));
  check_bob();
}

TEST_CASE_METHOD(Site, "a start between the removal and the shredding forgets neither") {
  provision();
  run->remove_what_is_gone();
  run->tell(ann, actors::RemoveDeviceCredentials{});
  run->tell(ann, actors::RevokeDeviceToken{});
  start();
  CHECK(run->opens(passwords[ann], "password of " + ann.text()));
  run->remove_what_is_gone();
  CHECK(run->is_gone(passwords[ann]));
  CHECK(run->is_gone(tokens[ann]));
  check_bob();
}

TEST_CASE_METHOD(Site, "an unregistered device's password and token go with it, what comes after it stays") {
  provision();
  run->tell(ann, actors::UnregisterDevice{});
  // Registered anew before the reactor comes to it, with a password of its own.
  run->tell(ann, actors::RegisterDevice{ann, ExtensionNumber::parse("1001").value(), "yealink", "t46s"});
  const auto fresh = run->secrets->seal("fresh").value();
  run->tell(ann, actors::SetDeviceCredentials{ann.text(), fresh});
  run->remove_what_is_gone();
  CHECK(run->is_gone(passwords[ann]));
  CHECK(run->is_gone(tokens[ann]));
  CHECK(run->opens(fresh, "fresh"));
  check_bob();
}

TEST_CASE_METHOD(Site, "an unregistered device's own settings are taken back and their secrets go, others' stay") {
  provision();
  const auto sealed = [&](SettingsLevel level, const std::string& name, const std::string& clear) {
    actors::ChangePhoneSettings change{level, name};
    change.set["language"] = "de";
    change.secrets["admin_password"] = run->secrets->seal(clear).value();
    run->set(change);
    return change.secrets["admin_password"];
  };
  const auto of_all = sealed(SettingsLevel::global, "", "all");
  const auto of_ann = sealed(SettingsLevel::device, ann.text(), "ann");
  const auto of_bob = sealed(SettingsLevel::device, bob.text(), "bob");
  run->tell(ann, actors::UnregisterDevice{});
  run->apply();

  SECTION("at once") {}
  SECTION("after a start in between") {
    start();
    run->apply();
  }
  run->take_back_settings();
  CHECK(run->is_gone(of_ann));
  CHECK(run->opens(of_bob, "bob"));
  CHECK(run->opens(of_all, "all"));
  const auto left = run->settings_rows.find(SettingsLevel::device, ann.text());
  CHECK((!left || left->settings.empty()));
  CHECK(run->settings_rows.find(SettingsLevel::device, bob.text())->settings.size() == 2);
  CHECK(run->settings_rows.find(SettingsLevel::global, "")->settings.size() == 2);
}

TEST_CASE_METHOD(Site,
                 "settings of a device that was registered anew are its own: the old reason does not reach them") {
  provision();
  actors::ChangePhoneSettings old{SettingsLevel::device, ann.text()};
  old.set["language"] = "de";
  old.secrets["admin_password"] = run->secrets->seal("old").value();
  run->set(old);
  run->tell(ann, actors::UnregisterDevice{});
  actors::ChangePhoneSettings fresh{SettingsLevel::device, ann.text()};
  fresh.secrets["admin_password"] = run->secrets->seal("fresh").value();
  run->set(fresh);
  run->take_back_settings();
  CHECK(run->opens(fresh.secrets["admin_password"], "fresh"));
  const auto row = run->settings_rows.find(SettingsLevel::device, ann.text());
  REQUIRE(row);
  CHECK_FALSE(row->settings.contains("language"));
  CHECK(row->settings.contains("admin_password"));
  CHECK(run->is_gone(old.secrets["admin_password"]));  // it had a key of its own
}

TEST_CASE_METHOD(Site, "settings that were taken back before a kill have their key destroyed by the next start") {
  provision();
  actors::ChangePhoneSettings change{SettingsLevel::device, ann.text()};
  change.secrets["admin_password"] = run->secrets->seal("ann").value();
  run->set(change);
  run->tell(ann, actors::UnregisterDevice{});
  actors::ChangePhoneSettings nothing{SettingsLevel::device, ann.text()};
  nothing.replace = true;
  run->set(nothing);
  CHECK(run->opens(change.secrets["admin_password"], "ann"));
  start();
  run->apply();
  run->take_back_settings();
  CHECK(run->is_gone(change.secrets["admin_password"]));
}
