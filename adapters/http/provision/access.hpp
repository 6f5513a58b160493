// Who may fetch: gathers the facts about a request for a phone's file, asks the policy (actors/provisioning/access),
// and keeps those out who try MAC addresses. Any thread.
//
// Where a refusal must tell a stranger nothing (unknown MAC, wrong password, enrolment over), all of them have one
// status, one body, and the same work behind them; which rule it was is for the history and the log.
#pragma once

#include "actors/provisioning/access/enumeration.hpp"
#include "actors/provisioning/access/guesses.hpp"
#include "actors/provisioning/access/policy.hpp"
#include "actors/provisioning/resolver.hpp"
#include "adapters/http/provision/http_auth.hpp"
#include "adapters/http/provision/present.hpp"
#include "events/log.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::http::provision {

// Where a request came from: the client behind a reverse proxy that is trusted, else the connection's other end.
struct Client {
  config::IpBytes bytes{};
  std::string text;  // empty: as Request::peer says
};
Client client_of(const Request& request, const Present& present);

class Access {
 public:
  explicit Access(Services& services);

  struct Question {
    const Request& request;
    const Present& present;
    const Client& client;
    const provisioning::RequestedFile& file;
    std::string_view token;  // of the path; empty: none
  };
  struct Answer {
    bool allowed = true;
    provisioning::access::Rule rule = provisioning::access::Rule::network;
    // Of a refusal.
    std::uint16_t status = 403;
    std::vector<std::string> challenges{};
    std::uint32_t retry_after = 0;  // seconds; 0: not said
    bool unknown = false;           // the device is not registered
    std::string detail{};           // what is wrong with the certificate
    // Of an allowed one: the name in the certificate that the phone proved itself with; empty: none.
    std::string tls_identity{};
  };
  // Whether nothing more has to be looked at than the source's network, and that is open: the usual case.
  bool open_to(const Request& request, const Present& present, const Client& client) const;
  Answer check(const Question& question);

  // That somebody asked for a device that is not registered. Blocks the source where that is one too many.
  void unknown_mac(const Client& client, const MacAddress& mac, std::string_view user_agent, const Present& present);

  struct BlockedSource {
    std::string source;
    Timestamp until{};
    std::uint32_t unknown_macs = 0;
  };
  std::vector<BlockedSource> blocked() const;
  // False: it was not. `by` as events name it. The log has it when `done` is called, on another thread.
  bool unblock(const std::string& source, const std::string& by, AppendDone done);

  // One that was refused for what is in its file, which is found only when that is rendered.
  void count(provisioning::access::Rule rule) {
    refused_[static_cast<std::size_t>(rule)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t refused(provisioning::access::Rule rule) const {
    return refused_[static_cast<std::size_t>(rule)].load(std::memory_order_relaxed);
  }
  std::uint64_t blocks() const { return blocks_.load(std::memory_order_relaxed); }

 private:
  Answer check_closely(const Question& question, provisioning::access::Network network);
  bool is_registered_at(const Question& question, const std::optional<DeviceRow>& device) const;
  bool is_guessing(const Client& client, const Brought& password, Instant now);

  Services& services_;
  HttpAuth auth_;
  mutable std::mutex mutex_;  // guards the next three
  provisioning::access::Enumeration enumeration_;
  provisioning::access::Guesses guesses_;
  Instant swept_{};  // when blocks that are over were last dropped
  std::atomic<bool> has_blocks_{false};
  std::array<std::atomic<std::uint64_t>, provisioning::access::rule_count> refused_{};
  std::atomic<std::uint64_t> blocks_{0};
};

}  // namespace strowger::http::provision
