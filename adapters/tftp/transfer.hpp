// One file on its way to one phone, in lockstep: a block, its acknowledgement, the next block (RFC 1350). A coroutine
// of the server's thread with a socket of its own, whose port is the transfer's identifier.
//
// A block is sent again only when its time is over, never because an old acknowledgement came again (RFC 1123 section
// 4.2.3.1: else every block of the rest would be sent twice).
//
// The source of a datagram may be forged. Until the address has acknowledged something, and so has proved that it
// asked, it is sent one packet three times within six seconds, whatever its timeout option says.
#pragma once

#include "adapters/http/asio.hpp"
#include "adapters/tftp/packet.hpp"
#include "adapters/tftp/source.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/basic_datagram_socket.hpp>
#include <boost/asio/ip/udp.hpp>

namespace strowger::tftp {

namespace asio = boost::asio;
using asio::ip::udp;
using http::Awaitable;
using http::error_code;
using http::SteadyClock;
using Socket = asio::basic_datagram_socket<udp, http::Executor>;

struct Limits {
  std::size_t transfers = 512;
  std::size_t transfers_per_address = 64;  // a site's phones may share one
  std::size_t starts_per_address = 100;    // requests that are answered, in a second
  // What fits a packet of an Ethernet, so that none is cut in two; a phone that asks for more gets this.
  std::uint16_t block_size_v4 = 1468;
  std::uint16_t block_size_v6 = 1448;
  std::chrono::milliseconds patience{1'000};  // until a block is sent again; twice as long each time…
  std::chrono::milliseconds most_patience{8'000};
  std::chrono::milliseconds second{1'000};  // …or always as long as the phone's option says: so many of these
  std::uint8_t longest_timeout = 30;        // a longer option is not confirmed, and counts as if it were not there
  unsigned repeats = 6;                     // of a block
  // Before the phone has acknowledged anything.
  std::chrono::milliseconds first_patience{2'000};  // at most, whatever else says
  unsigned first_repeats = 2;
};

// Since the start. Written by the server's thread, read by any.
struct Counters {
  using Count = std::atomic<std::uint64_t>;
  Count read_requests{0};
  Count write_requests{0};
  Count bad_requests{0};
  Count noise{0};
  Count refused{0};
  Count shed{0};
  Count displaced{0};  // for another, before the phone had acknowledged anything
  Count completed{0};
  Count timed_out{0};
  Count aborted{0};  // by the phone
  Count failed{0};   // the file could not be read to its end
  Count blocks_repeated{0};
  Count bytes{0};
  Count active{0};  // now
};

class Transfer : public std::enable_shared_from_this<Transfer> {
 public:
  enum class End : std::uint8_t { completed, timed_out, aborted, failed, stopped };

  // The socket is bound; `request` is as the phone sent it, to know it again.
  Transfer(Socket socket, udp::endpoint phone, std::string request, const ReadRequest& asked, Source source,
           const Limits& limits, Counters& counters);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // To the end of the transfer; whoever waits keeps it alive.
  Awaitable<End> run();
  // Ends it with `stopped`. Its descriptor is free at once.
  void stop();

  const udp::endpoint& phone() const { return phone_; }
  const std::string& request() const { return request_; }
  // The phone has acknowledged something: its address is its own.
  bool is_proven() const { return proven_; }
  // The phone does not answer: it may have started anew.
  bool is_waiting_in_vain() const { return in_vain_; }
  std::uint64_t sent() const { return sent_; }                 // bytes that were acknowledged
  const std::string& complaint() const { return complaint_; }  // what the phone or the disk said

 private:
  enum class Heard : std::uint8_t { acknowledged, nothing, failure, stopped };

  Awaitable<Heard> deliver(const std::string& packet, std::uint16_t block);
  Awaitable<Heard> listen(std::uint16_t block);
  void arm(std::chrono::milliseconds wait);
  void send(std::string_view packet, const udp::endpoint& to);
  std::string accepted_options();
  std::optional<std::uint8_t> timeout() const;  // the phone's option, where it counts
  static End end_of(Heard heard);

  Socket socket_;
  http::Timer timer_;
  const udp::endpoint phone_;
  const std::string request_;
  Source source_;
  const Limits& limits_;
  Counters& counters_;
  const ReadRequest asked_;  // its file is a view of request_
  std::uint16_t block_size_ = default_block_size;
  SteadyClock::time_point deadline_{};
  bool expired_ = false;
  bool stopped_ = false;
  bool proven_ = false;
  bool in_vain_ = false;
  std::uint64_t sent_ = 0;
  std::string complaint_;
};

}  // namespace strowger::tftp
