// Resident memory of the whole server for each registered, idle device: extension, device, binding and key, as a start
// finds them. Measured in a process of its own, against the same server with none of them.

#include "actors/registrar/registrar.hpp"
#include "adapters/application/application.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/vault/sodium_vault.hpp"
#include "benchmarks/table.hpp"
#include "events/json.hpp"
#include "tests/support/temporary_folder.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace strowger;

namespace {

constexpr std::size_t device_count = 100'000;

std::shared_ptr<config::Settings> settings_in(const std::filesystem::path& folder) {
  auto settings = std::make_shared<config::Settings>();
  settings->data_dir = folder.string();
  settings->server.sip_host = settings->api.host = settings->server.external_ip = "127.0.0.1";
  settings->server.sip_port = settings->api.port = 0;
  return settings;
}

registrar::Binding binding_of(const ExtensionNumber& extension, const MacAddress& mac, Timestamp now) {
  registrar::Binding binding;
  binding.extension = extension;
  binding.contact = "sip:" + extension.text() + "@192.168.17.23:5062;transport=udp";
  binding.instance = "urn:uuid:00000000-0000-1000-8000-" + mac.text();
  binding.call_id = "0_3957182645@192.168.17.23";
  binding.cseq = 2;
  binding.ip = "192.168.17.23";
  binding.port = 5062;
  binding.transport = "udp";
  binding.user_agent = "Yealink SIP-T46S 66.86.0.15";
  binding.mac = mac;
  binding.first_registered = binding.last_registered = now;
  binding.expires_at = now + std::chrono::hours(1);
  return binding;
}

void append(EventLog& log, const StreamId& stream, std::vector<Event> events, IdSource& ids,
            std::vector<StateWrite> state = {}) {
  AppendRequest request{stream, ExpectedVersion::any(), {}, std::move(state), {}};
  for (const auto& event : events)
    request.events.push_back(encode(event, Cause{"admin:bench", {}, {}}, system_now(), ids));
  append_and_wait(log, std::move(request)).value();
}

// Several threads, because each append waits for its sync and group commit shares one among them.
void make_devices(const std::filesystem::path& folder) {
  const auto log = rocks::RocksLog::open({.folder = folder / "log"}).value();
  const auto vault = vault::SodiumVault::open(*log, vault::MasterKeySource::from_environment(folder)).value();
  IdSource ids;
  std::vector<std::jthread> threads;
  constexpr std::size_t writers = 64;
  for (std::size_t w = 0; w < writers; ++w)
    threads.emplace_back([&, w] {
      for (std::size_t i = w; i < device_count; i += writers) {
        const auto number = ExtensionNumber::parse(std::to_string(100'000 + i)).value();
        const auto mac = MacAddress::from_bits(0x0015'6500'0000 + i);
        const auto binding = binding_of(number, mac, system_now());
        append(*log, StreamId::of(number),
               {ExtensionCreated{number, "Somebody With A Name", "somebody@example.com", true,
                                 vault->seal("a-password-of-20-chr").value()},
                PhoneRegistered{number, binding.contact, binding.instance, binding.ip, binding.port, binding.transport,
                                binding.user_agent, mac, binding.expires_at}},
               ids,
               {{std::string(registrar::kBindingsTable), registrar::state_key(binding), json::to_string(binding)}});
        append(*log, StreamId::of(mac), {DeviceRegistered{mac, number, "yealink", "t46s", false}}, ids);
      }
    });
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// In a child, so that nothing of making them is counted: the second start, when projections are current.
std::size_t measure_start(const std::filesystem::path& folder, bool report) {
  int channel[2];
  if (::pipe(channel) != 0) std::abort();
  const auto child = ::fork();
  if (child == 0) {
    auto logger = std::make_shared<spdlog::logger>("none", std::make_shared<spdlog::sinks::null_sink_mt>());
    std::size_t bytes = 0;
    auto application = application::Application::start(settings_in(folder), logger);
    if (application && report) bytes = resident_bytes();
    if (!application) std::cerr << application.error().message << '\n';
    (void)!::write(channel[1], &bytes, sizeof bytes);
    application = internal_error("ended");
    ::_exit(0);
  }
  std::size_t bytes = 0;
  (void)!::read(channel[0], &bytes, sizeof bytes);
  ::waitpid(child, nullptr, 0);
  ::close(channel[0]);
  ::close(channel[1]);
  return bytes;
}

std::size_t resident_with(bool devices) {
  const test::TemporaryFolder folder;
  if (devices) {
    const auto child = ::fork();
    if (child == 0) {
      make_devices(folder.path());
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  }
  measure_start(folder.path(), false);
  return measure_start(folder.path(), true);
}

}  // namespace

int main() {
  const auto none = resident_with(false);
  const auto all = resident_with(true);
  bench::table_head();
  bench::table_row("resident memory of a server without devices, MB", static_cast<double>(none) / 1e6, "");
  bench::table_row("resident memory with 100,000 registered devices, MB", static_cast<double>(all) / 1e6, "");
  bench::table_row("bytes for each registered idle device",
                   static_cast<double>(all - std::min(all, none)) / static_cast<double>(device_count), "<= 4096");
}
