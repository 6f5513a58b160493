// The SIP server as it ships, over the RocksDB log, for the load of register.py: every extension exists and has one
// password. Prints its port, serves until its standard input ends, then prints what it did.
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/sip/server.hpp"

#include <cstdio>
#include <iostream>

#include <spdlog/sinks/null_sink.h>

int main(int argc, char** argv) {
  using namespace strowger;
  if (argc != 2) {
    std::cerr << "usage: bench_sip_server FOLDER\n";
    return 2;
  }
  rocks::LogOptions log_options;
  log_options.folder = argv[1];
  auto log = rocks::RocksLog::open(std::move(log_options));
  if (!log) {
    std::cerr << log.error().message << '\n';
    return 1;
  }
  IdSource ids;
  sip::ServerOptions options;
  options.host = "127.0.0.1";
  options.port = 0;
  options.authentication.algorithms = {sip::Algorithm::md5};  // what sipp speaks
  sip::NonceKey key{};
  key.fill(1);
  const auto credentials = [](const ExtensionNumber&) {
    return std::optional(sip::Credential{1, [] { return std::optional<std::string>("secret"); }});
  };
  sip::Server server(options, **log, ids, credentials, key, system_now,
                     std::make_shared<spdlog::logger>("sip", std::make_shared<spdlog::sinks::null_sink_mt>()));
  if (auto started = server.start(); !started) {
    std::cerr << started.error().message << '\n';
    return 1;
  }
  std::cout << server.port() << std::endl;
  while (std::getchar() != EOF) {
  }
  server.stop();
  std::cout << "ok=" << server.metrics().registrations_ok << " challenged=" << server.metrics().registrations_challenged
            << " shed=" << server.metrics().registrations_shed
            << " repeated=" << server.metrics().registrations_repeated
            << " extensions=" << server.bindings().registered_extensions()
            << " synced_batches=" << (*log)->counters().batches << " events=" << (*log)->counters().events << std::endl;
}
