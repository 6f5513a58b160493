// A SIP server on a free loopback port, over a log in memory, with a clock that a test can move.
#pragma once

#include "adapters/sip/server.hpp"
#include "tests/support/memory_log.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include <spdlog/sinks/null_sink.h>

namespace strowger::test {

class SipServer {
 public:
  explicit SipServer(std::shared_ptr<MemoryLog> shared_log = std::make_shared<MemoryLog>(),
                     sip::ServerOptions options = default_options())
      : log(std::move(shared_log)), options_(std::move(options)) {
    start();
  }

  static sip::ServerOptions default_options() {
    sip::ServerOptions options;
    options.host = "127.0.0.1";
    options.port = 0;
    return options;
  }

  void start() {
    server = std::make_unique<sip::Server>(
        options_, *log, ids, [this](const ExtensionNumber& extension) { return credential(extension); }, key(), clock(),
        std::make_shared<spdlog::logger>("sip", std::make_shared<spdlog::sinks::null_sink_mt>()));
    const auto started = server->start();
    if (!started) throw std::runtime_error(started.error().message);
  }

  Clock clock() {
    return {[this] { return system_now() + std::chrono::seconds(ahead) + std::chrono::seconds(stepped); },
            [this] { return std::chrono::steady_clock::now() + std::chrono::seconds(ahead); }};
  }

  void set_password(const std::string& extension, const std::string& password) {
    std::lock_guard lock(mutex_);
    passwords_[extension] = {password, ++version_};
  }
  void forget(const std::string& extension) {
    std::lock_guard lock(mutex_);
    passwords_.erase(extension);
  }

  std::vector<registrar::BindingPtr> bindings_of(const std::string& extension) const {
    return server->bindings().of(ExtensionNumber::parse(extension).value());
  }
  // The types of the events of an extension, oldest first.
  std::vector<std::string> events_of(const std::string& extension) const {
    std::vector<std::string> types;
    for (const auto& record : log->records())
      if (record.stream.text() == "extension/" + extension) types.push_back(record.type);
    return types;
  }
  void enable(const std::string& extension, bool enabled) {
    std::lock_guard lock(mutex_);
    if (enabled)
      disabled_.erase(extension);
    else
      disabled_.insert(extension);
  }
  std::uint16_t port() const { return server->port(); }

  std::shared_ptr<MemoryLog> log;
  IdSource ids;
  std::atomic<int> ahead{0};             // seconds that have passed beside the real ones
  std::atomic<std::int64_t> stepped{0};  // seconds that the wall clock alone was set forward
  std::unique_ptr<sip::Server> server;

 private:
  static sip::NonceKey key() {
    sip::NonceKey bytes{};
    bytes.fill(7);
    return bytes;
  }
  std::optional<sip::Credential> credential(const ExtensionNumber& extension) {
    std::lock_guard lock(mutex_);
    const auto found = passwords_.find(extension.text());
    if (found == passwords_.end()) return std::nullopt;
    return sip::Credential{found->second.second,
                           [password = found->second.first] { return std::optional<std::string>(password); },
                           !disabled_.contains(extension.text())};
  }

  sip::ServerOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::pair<std::string, std::uint64_t>> passwords_{
      {"1001", {"secret", 1}}, {"1002", {"secret", 1}}, {"1003", {"secret", 1}}};
  std::uint64_t version_ = 1;
  std::set<std::string> disabled_;
};

}  // namespace strowger::test
