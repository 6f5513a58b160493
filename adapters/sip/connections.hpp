// The book of SIP's TCP connections: how many there may be, from where, and for how long. Pure but for shutdown(): the
// connections themselves are sofia-sip's, which closes one when it reads the end.
//
// A connection counts as registered while a binding holds it (flows.hpp). Every other one ends by a deadline:
//   no whole message 30 s after it was accepted, or a message that takes longer than that from its first byte to its
//   last (registered ones too);
//   no whole message for `idle`.
// A source (an IPv4 address or the /64 of an IPv6 one) may have a limited number of unregistered ones; where all
// together are too many, the oldest unregistered one makes room.
//
// Threads: the SIP thread. Complexity: admit() and over() are O(connections).
#pragma once

#include "adapters/sip/message_scan.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <netinet/in.h>

namespace strowger::sip {

struct ConnectionLimits {
  std::size_t in_all = 4096;    // descriptors
  std::size_t per_source = 64;  // that are not registered
  std::chrono::milliseconds message{30'000};
  std::chrono::milliseconds idle{120'000};
};

struct Connection {
  using Time = std::chrono::steady_clock::time_point;

  int descriptor = -1;
  std::string source;
  sockaddr_storage peer{};
  Time accepted;
  Time last_message;          // or accepted
  bool heard = false;         // a whole message
  std::optional<Time> begun;  // the present message
  MessageScan scan;
  const void* message = nullptr;  // what the scan is of
  bool ended = false;             // shut down by us
  bool open = true;               // its descriptor is the connection's still

  bool usable() const { return open && !ended; }
};
// Held by a binding: that is what makes the connection a registered one.
using ConnectionHold = std::shared_ptr<Connection>;

class Connections {
 public:
  using Time = Connection::Time;
  // Connections above in_all that may be open while those that made room for them are closing.
  static constexpr std::size_t spare = 32;
  enum class Admission : std::uint8_t { admitted, source_full, full };

  explicit Connections(ConnectionLimits limits) : limits_(limits) {}

  Admission admit(int descriptor, const sockaddr_storage& peer, Time now);
  // Null: it is not in the book.
  const ConnectionHold* find(int descriptor) const;
  void closed(int descriptor);
  // Those whose time is over, for end().
  std::vector<ConnectionHold> over(Time now) const;
  // Shuts it down.
  static void end(Connection& connection);

  std::size_t size() const { return open_.size(); }
  std::size_t registered() const;

 private:
  static bool is_registered(const ConnectionHold& one) { return one.use_count() > 1; }
  bool is_over(const ConnectionHold& one, Time now) const;

  ConnectionLimits limits_;
  std::unordered_map<int, ConnectionHold> open_;
};

std::string source_of(const sockaddr_storage& peer);
// Whether both are the same address and port.
bool same_peer(const sockaddr_storage& left, const void* right, std::size_t size);

}  // namespace strowger::sip
