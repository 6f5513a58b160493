// Phones' files by TFTP, to be read only: read this first.
//
//   request to port 69 ──▶ Server ──▶ Files (adapters/http/provision: resolver, access, rendering, history) ──▶
//   Delivery
//                             └──▶ Transfer, a coroutine with a port of its own, for each that is not refused
//
// One thread with one io_context does all of it, also the reading of firmware from the disk. What is served is for the
// Files to say: never a file with a secret in it. A request is answered from the address that it was sent to.
//
// More transfers than the limits allow are not begun and not answered: phones ask again after a second or more, and
// then it is their turn; an error would send them away without their file. The oldest transfer whose phone never
// acknowledged anything gives way to a new one, because requests with forged addresses must not hold the places. How
// many transfers an address begins in a second is limited: what is sent to an address that never asked is at most that
// many packets, three times each.
#pragma once

#include "adapters/http/provision/files.hpp"
#include "adapters/tftp/transfer.hpp"
#include "config/settings.hpp"
#include "events/error.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace spdlog {
class logger;
}

namespace strowger::tftp {

struct Options {
  std::string host = "0.0.0.0";
  std::uint16_t port = 69;  // 0: any free one
  Limits limits{};
  http::TokenMask mask{};  // for what is logged
};
Options options_from(const config::ProvisioningTftp& settings);

// What is served; called on the server's thread.
using Deliver = std::function<http::provision::Delivery(const http::provision::PlainRequest&)>;

class Server {
 public:
  // Fails with `tftp_listen_failed`. The logger outlives it, and so does what `deliver` uses.
  static Result<std::unique_ptr<Server>> start(Options options, Deliver deliver, spdlog::logger& logger);
  ~Server();  // ends what is under way
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }
  const Counters& counters() const { return counters_; }  // any thread

 private:
  struct Datagram;

  Server(Options options, Deliver deliver, spdlog::logger& logger);
  Result<void> open();
  Awaitable<void> listen();
  bool receive(Datagram& datagram);
  void take(const Datagram& datagram);
  void begin(const Datagram& datagram, const ReadRequest& request);
  struct Place;
  Place find_place(const udp::endpoint& phone);
  std::shared_ptr<Transfer> oldest_unproven(const std::optional<asio::ip::address>& of) const;
  void leave(const Transfer& transfer);
  void forget_idle_addresses(SteadyClock::time_point now);
  std::function<void(std::exception_ptr)> guarded(std::string what);
  Awaitable<void> carry(std::shared_ptr<Transfer> transfer, std::function<void()> arrived);
  void refuse(const Datagram& datagram, ErrorCode code, std::string_view message);
  Socket socket_for(const Datagram& datagram, error_code& fault);
  void say(const Transfer& transfer, Transfer::End end);

  const Options options_;
  const Deliver deliver_;
  spdlog::logger& logger_;
  Counters counters_;
  asio::ip::address local_;
  std::uint16_t port_ = 0;
  struct Address {
    std::size_t active = 0;
    SteadyClock::time_point second{};  // in which it last began one
    std::size_t starts = 0;            // in that second
  };
  // The server's thread only.
  std::map<udp::endpoint, std::shared_ptr<Transfer>> transfers_;  // by phone
  std::map<std::uint64_t, std::shared_ptr<Transfer>> by_age_;     // those that hold a place
  std::uint64_t begun_ = 0;
  std::map<asio::ip::address, Address> addresses_;
  SteadyClock::time_point forgotten_{};  // when those were forgotten that have nothing under way
  SteadyClock::time_point said_busy_{};
  std::thread thread_;
  // Last, so that it goes first: the coroutines that it destroys still find all of the above.
  asio::io_context io_{1};
  Socket socket_{io_};
};

}  // namespace strowger::tftp
