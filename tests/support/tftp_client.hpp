// A phone's TFTP by hand: packets are sent, lost, doubled and held back as a test wants it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <poll.h>

namespace strowger::test {

class TftpClient {
 public:
  using udp = boost::asio::ip::udp;

  // `from`: which address of this machine it sends from; empty: any.
  explicit TftpClient(std::uint16_t port, const std::string& host = "127.0.0.1", const std::string& from = "")
      : server_(boost::asio::ip::make_address(host), port),
        socket_(io_, from.empty() ? udp::endpoint(server_.protocol(), 0)
                                  : udp::endpoint(boost::asio::ip::make_address(from), 0)) {}

  static std::string number(std::uint16_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
  }
  using OptionMap = std::map<std::string, std::string>;
  static std::string request(const std::string& file, const OptionMap& options = {}, const std::string& mode = "octet",
                             std::uint16_t opcode = 1) {
    std::string out = number(opcode) + file + '\0' + mode + '\0';
    for (const auto& [name, value] : options) out += name + '\0' + value + '\0';
    return out;
  }
  static std::string ack(std::uint16_t block) { return number(4) + number(block); }

  void send(const std::string& packet) { send(packet, server_); }
  void send(const std::string& packet, const udp::endpoint& to) { socket_.send_to(boost::asio::buffer(packet), to); }
  void answer(const std::string& packet) { send(packet, peer); }

  struct Packet {
    std::uint16_t opcode = 0;
    std::uint16_t number = 0;  // a block's, an error's
    std::string rest;          // data, message, options
  };
  std::optional<Packet> receive(std::chrono::milliseconds within = std::chrono::seconds(10)) {
    ::pollfd wait{socket_.native_handle(), POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(within.count())) != 1) return std::nullopt;
    std::string bytes(70'000, '\0');
    udp::endpoint from;
    bytes.resize(socket_.receive_from(boost::asio::buffer(bytes), from));
    peer = from;
    const auto at = [&](std::size_t i) {
      return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[i]) << 8 |
                                        static_cast<unsigned char>(bytes[i + 1]));
    };
    Packet packet{at(0), 0, bytes.substr(2)};
    if (packet.opcode != 6) {
      packet.number = at(2);
      packet.rest = bytes.substr(4);
    }
    if (packet.opcode == 5) packet.rest = packet.rest.substr(0, packet.rest.find('\0'));
    return packet;
  }

  struct Download {
    bool complete = false;
    std::string bytes;
    OptionMap options;  // that the server confirmed
    std::optional<Packet> error;
    std::size_t data_packets = 0;  // received, repeated ones too
  };
  // What happens to a packet on its way, in either direction; none: all arrive once.
  enum class Fate { arrives, lost, doubled };
  using Fates = std::function<Fate(bool outgoing)>;

  Download get(const std::string& file, const OptionMap& options = {}, const std::string& mode = "octet",
               const Fates& fates = {}) {
    const auto fate = [&](bool outgoing) { return fates ? fates(outgoing) : Fate::arrives; };
    Download out;
    const auto asked = request(file, options, mode);
    std::string last = asked;
    std::size_t block_size = 512;
    std::uint16_t expected = 1;
    const auto say = [&](const std::string& packet) {
      last = packet;
      const auto what = fate(true);
      const auto& to = packet == asked ? server_ : peer;
      if (what != Fate::lost) send(packet, to);
      if (what == Fate::doubled) send(packet, to);
    };
    say(asked);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < end) {
      const auto packet = receive(std::chrono::milliseconds(fates ? 200 : 10'000));
      if (!packet) {
        if (!fates) return out;
        say(last);
        continue;
      }
      const auto what = fate(false);
      if (what == Fate::lost) continue;
      for (int times = what == Fate::doubled ? 2 : 1; times > 0; --times) {
        if (packet->opcode == 5) {
          out.error = packet;
          return out;
        }
        if (packet->opcode == 6) {
          auto rest = packet->rest;
          while (!rest.empty()) {
            const auto name = rest.substr(0, rest.find('\0'));
            rest.erase(0, name.size() + 1);
            out.options[name] = rest.substr(0, rest.find('\0'));
            rest.erase(0, out.options[name].size() + 1);
          }
          if (out.options.contains("blksize")) block_size = std::stoul(out.options["blksize"]);
          if (expected == 1) say(ack(0));
          continue;
        }
        ++out.data_packets;
        if (packet->number == expected) {
          out.bytes += packet->rest;
          ++expected;
          say(ack(packet->number));
          if (packet->rest.size() < block_size) {
            out.complete = true;
            return out;
          }
        } else {
          say(ack(packet->number));  // as a naive phone does: each copy is acknowledged
        }
      }
    }
    return out;
  }

  udp::endpoint peer;  // who sent the last packet
  std::uint16_t port() const { return socket_.local_endpoint().port(); }

 private:
  boost::asio::io_context io_;
  udp::endpoint server_;
  udp::socket socket_;
};

}  // namespace strowger::test
