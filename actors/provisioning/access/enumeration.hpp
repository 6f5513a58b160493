// Notices a source that tries MAC addresses: too many different ones that nobody registered, within a while. What
// phones ask for as a matter of course is not reported here at all.
//
// No clock, no lock; times are instants of this process. Bounded: of the sources that are watched, and of those that
// are blocked, the oldest go first.
#pragma once

#include "events/ids.hpp"
#include "events/time.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace strowger::provisioning::access {

// Who a source is: an IPv4 address (mapped), or the /64 of an IPv6 one, in which a single host may have any address.
using Source = std::array<std::uint8_t, 16>;
Source source_of(const std::array<std::uint8_t, 16>& address);
std::string to_string(const Source& source);  // 192.0.2.7, 2001:db8::/64
std::optional<Source> parse_source(std::string_view text);

// Whether two addresses are of one site, as far as that can be told from them: the /24 of IPv4, the /64 of IPv6.
bool same_site(const std::array<std::uint8_t, 16>& left, const std::array<std::uint8_t, 16>& right);

struct Block {
  Instant until{};
  std::uint32_t unknown_macs = 0;
};

class Enumeration {
 public:
  struct Limits {
    std::uint32_t unknown_macs = 50;  // 0: nobody is ever blocked
    std::chrono::seconds window{600};
    std::chrono::seconds block{900};
    std::size_t most_sources = 4096;
    bool operator==(const Limits&) const = default;
  };

  explicit Enumeration(Limits limits) : limits_(limits) {}
  void set(Limits limits) { limits_ = limits; }

  // That the source asked for an unknown MAC. The block, where this was one too many.
  std::optional<Block> note(const Source& source, const MacAddress& mac, Instant now);

  void block(const Source& source, Block block);
  bool unblock(const Source& source);  // false: it was not
  std::optional<Block> blocked(const Source& source, Instant now) const;
  std::vector<std::pair<Source, Block>> blocks(Instant now) const;
  std::vector<Source> drop_expired(Instant now);
  bool has_blocks() const { return !blocks_.empty(); }
  std::size_t watched() const { return tries_.size(); }

 private:
  struct Tries {
    Instant since;
    std::vector<MacAddress> macs;  // different ones, sorted; at most as many as the limit
  };
  void make_room();

  Limits limits_;
  std::map<Source, Tries> tries_;
  std::deque<Source> order_;  // of tries_, each once, oldest first
  std::map<Source, Block> blocks_;
};

}  // namespace strowger::provisioning::access
