// A multicast group, heard on some interfaces and on no others: a socket bound to the group itself, so that it shares
// nothing with the one that SIP listens on (sofia-sip takes one for each of the machine's addresses, and none of those
// hears multicast).
//
// Interfaces may be absent, and come later: refresh() joins what is there now. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::sip {

class Multicast {
 public:
  explicit Multicast(std::string_view group);  // an IPv4 address
  ~Multicast();
  Multicast(const Multicast&) = delete;
  Multicast& operator=(const Multicast&) = delete;

  // What an operator should know, once each time that it changes: `fault` is empty where the interface is heard now.
  struct Change {
    std::string interface;
    std::string address;  // ours there
    std::string fault;
  };
  // From now on these at this port, and no others. None: the socket is closed.
  std::vector<Change> follow(const std::vector<std::string>& interfaces, std::uint16_t port);
  std::vector<Change> refresh();
  std::size_t joined() const;
  std::size_t missing() const { return members_.size() - joined(); }
  int descriptor() const { return socket_; }  // to be polled; -1: closed

  struct Datagram {
    std::string bytes;
    std::string ip;  // whose it is
    std::uint16_t port = 0;
    // Where it was heard; none: its sender is in no network of that interface, so it is forged or routed.
    std::string interface;
    std::string address;  // ours in the sender's network
    int index = 0;        // of the interface
  };
  // False: there is none now.
  bool receive(Datagram& datagram) const;
  // To its sender, at this port, from our address there. What cannot be sent is lost like any datagram.
  void reply(const Datagram& to, std::uint16_t port, const std::string& text) const;

 private:
  struct Network {
    std::uint32_t address = 0;  // ours; host order
    std::uint32_t mask = 0;
    bool operator==(const Network&) const = default;
  };
  struct Member {
    unsigned index = 0;  // that was joined; 0: none
    std::vector<Network> networks;
    std::string fault = "not looked at yet";
  };
  std::string open();
  void close();
  std::string join(Member& member, unsigned index) const;
  void leave(Member& member) const;

  std::uint32_t group_ = 0;  // network order
  std::uint16_t port_ = 0;
  int socket_ = -1;
  std::map<std::string, Member> members_;
};

}  // namespace strowger::sip
