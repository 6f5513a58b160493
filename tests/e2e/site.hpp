// A site under test: the real program with a data directory of its own on free loopback ports, and an administrator.
#pragma once

#include "tests/support/http_client.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

namespace strowger::test {

class Site {
 public:
  // `settings` is YAML that is appended to what every site has. `descriptors`: the hard limit of the program's files
  // and sockets; 0: this process's.
  explicit Site(std::string settings = {}, unsigned descriptors = 0);
  ~Site();

  // Starts the program and waits until it serves. The first time on free ports, then on the same ones.
  void start();
  void kill_hard();  // SIGKILL
  int stop();        // SIGTERM; the exit code
  // SIGTERM, and SIGKILL where the program has not ended by the deadline: no exit code then.
  std::optional<int> stop_within(std::chrono::milliseconds deadline);
  void send(int signal) { server_->send(signal); }

  int pid() const { return server_->id(); }
  std::uint16_t api_port() const { return api_port_; }
  std::uint16_t sip_port() const { return sip_port_; }
  std::string log() const { return server_->output(); }
  std::filesystem::path folder() const { return folder_.path(); }
  std::filesystem::path settings_file() const { return folder_.path() / "strowger.yml"; }
  void write_settings(const std::string& settings);

  // As the administrator.
  HttpReply get(const std::string& target) const;
  HttpReply send_json(const std::string& method, const std::string& target, const std::string& json) const;
  HttpReply remove(const std::string& target) const;
  // As a phone.
  HttpReply fetch(const std::string& target, const std::string& user_agent = "Yealink SIP-T46S 66.86.0.15") const;

  void create_extension(const std::string& number, const std::string& name, const std::string& password) const;
  HttpReply register_device(const std::string& mac, const std::string& extension, const std::string& vendor,
                            const std::string& model) const;
  // Types of all events, oldest first, with their correlation ids.
  struct Event {
    std::string type;
    std::string correlation;
    boost::json::value whole;
  };
  std::vector<Event> events() const;
  bool has_event(const std::string& type) const;
  // Waits until the extension has that many bindings.
  bool registered(const std::string& extension, std::size_t bindings = 1) const;

  // Another subcommand of the program, to its end.
  struct Ran {
    int exit_code = 0;
    std::string output;
  };
  Ran run(const std::vector<std::string>& arguments) const;
  Ran run_limited(const std::vector<std::string>& arguments, unsigned descriptors) const;

 private:
  TemporaryFolder folder_;
  std::string token_;
  std::uint16_t api_port_ = 0;
  std::uint16_t sip_port_ = 0;
  int starts_ = 0;
  unsigned descriptors_ = 0;
  std::unique_ptr<Process> server_;
};

}  // namespace strowger::test
