// A relay on loopback between a client and a server, which can fail in the middle of an answer.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace strowger::test {

class Relay {
 public:
  enum class End : std::uint8_t { closes, falls_silent };

  explicit Relay(std::uint16_t server, const std::string& address = "127.0.0.1")
      : server_(at(address, server)),
        acceptor_(context_, at("127.0.0.1", 0)),
        port_(acceptor_.local_endpoint().port()) {
    boost::asio::co_spawn(context_, serve(), boost::asio::detached);
    thread_ = std::jthread([this] { context_.run(); });
  }
  Relay(Relay&&) = delete;
  ~Relay() { context_.stop(); }

  std::uint16_t port() const { return port_; }
  // Connections from now on lead to another server.
  void lead_to(const std::string& address, std::uint16_t server) {
    const std::lock_guard lock(mutex_);
    server_ = at(address, server);
  }
  // Of connections from now on so many bytes of the server reach the client; then they end so.
  void cut_after(std::size_t bytes, End end) {
    end_ = end;
    bytes_ = bytes;
  }
  void heal() { bytes_ = std::numeric_limits<std::size_t>::max(); }

 private:
  using Socket = boost::asio::ip::tcp::socket;
  struct Pair {
    Socket client, server;
    void close() {
      boost::system::error_code ignored;
      client.close(ignored);
      server.close(ignored);
    }
  };

  static boost::asio::ip::tcp::endpoint at(const std::string& address, std::uint16_t port) {
    return {boost::asio::ip::make_address(address), port};
  }
  boost::asio::ip::tcp::endpoint server() {
    const std::lock_guard lock(mutex_);
    return server_;
  }
  boost::asio::awaitable<void> serve() {
    for (;;) {
      auto client = co_await acceptor_.async_accept(boost::asio::use_awaitable);
      auto& pair = pairs_.emplace_back(Pair{std::move(client), Socket(context_)});
      co_await pair.server.async_connect(server(), boost::asio::use_awaitable);
      const auto forget = [&pair](const std::exception_ptr& fault) {
        if (fault) pair.close();
      };
      constexpr auto all = std::numeric_limits<std::size_t>::max();
      boost::asio::co_spawn(context_, pump(pair, pair.client, pair.server, all), forget);
      boost::asio::co_spawn(context_, pump(pair, pair.server, pair.client, bytes_), forget);
    }
  }
  boost::asio::awaitable<void> pump(Pair& pair, Socket& from, Socket& to, std::size_t left) {
    std::array<char, 4096> bytes{};
    while (left > 0) {
      const auto most = std::min(left, bytes.size());
      const auto got =
          co_await from.async_read_some(boost::asio::buffer(bytes.data(), most), boost::asio::use_awaitable);
      co_await boost::asio::async_write(to, boost::asio::buffer(bytes.data(), got), boost::asio::use_awaitable);
      left -= got;
    }
    if (end_ == End::closes) pair.close();
  }

  boost::asio::io_context context_;
  std::mutex mutex_;
  boost::asio::ip::tcp::endpoint server_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::atomic<End> end_ = End::closes;
  std::atomic<std::size_t> bytes_ = std::numeric_limits<std::size_t>::max();
  std::list<Pair> pairs_;  // on its thread
  std::jthread thread_;
};

}  // namespace strowger::test
