#include "actors/provisioning/access/enumeration.hpp"

#include <algorithm>

#include <arpa/inet.h>

namespace strowger::provisioning::access {
namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_v4(const std::array<std::uint8_t, 16>& address) {
  return std::equal(v4_prefix.begin(), v4_prefix.end(), address.begin());
}

}  // namespace

Source source_of(const std::array<std::uint8_t, 16>& address) {
  Source out = address;
  if (!is_v4(address)) std::fill(out.begin() + 8, out.end(), std::uint8_t{0});
  return out;
}

std::string to_string(const Source& source) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = is_v4(source);
  inet_ntop(v4 ? AF_INET : AF_INET6, source.data() + (v4 ? v4_prefix.size() : 0), text.data(), text.size());
  return std::string(text.data()) + (v4 ? "" : "/64");
}

std::optional<Source> parse_source(std::string_view text) {
  if (text.ends_with("/64")) text.remove_suffix(3);
  const std::string copy(text.substr(0, INET6_ADDRSTRLEN + 1));
  Source address{};
  if (inet_pton(AF_INET6, copy.c_str(), address.data()) == 1) return source_of(address);
  std::copy(v4_prefix.begin(), v4_prefix.end(), address.begin());
  if (inet_pton(AF_INET, copy.c_str(), address.data() + v4_prefix.size()) == 1) return address;
  return std::nullopt;
}

bool same_site(const std::array<std::uint8_t, 16>& left, const std::array<std::uint8_t, 16>& right) {
  const std::ptrdiff_t bytes = is_v4(left) ? 15 : 8;
  return std::equal(left.begin(), left.begin() + bytes, right.begin());
}

std::optional<Block> Enumeration::note(const Source& source, const MacAddress& mac, Instant now) {
  if (limits_.unknown_macs == 0) return std::nullopt;
  auto found = tries_.find(source);
  if (found == tries_.end()) {
    make_room();
    found = tries_.emplace(source, Tries{now, {}}).first;
    order_.push_back(source);
  } else if (found->second.since + limits_.window <= now) {
    found->second = {now, {}};
  }
  auto& macs = found->second.macs;
  const auto place = std::lower_bound(macs.begin(), macs.end(), mac);
  if (place != macs.end() && *place == mac) return std::nullopt;
  macs.insert(place, mac);
  if (macs.size() < limits_.unknown_macs) return std::nullopt;
  const Block made{now + limits_.block, static_cast<std::uint32_t>(macs.size())};
  tries_.erase(found);
  order_.erase(std::find(order_.begin(), order_.end(), source));
  block(source, made);
  return made;
}

void Enumeration::make_room() {
  while (tries_.size() >= limits_.most_sources && !order_.empty()) {
    tries_.erase(order_.front());
    order_.pop_front();
  }
}

void Enumeration::block(const Source& source, Block block) {
  if (blocks_.size() >= limits_.most_sources && !blocks_.contains(source))
    blocks_.erase(std::min_element(blocks_.begin(), blocks_.end(),
                                   [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
  blocks_.insert_or_assign(source, block);
}

bool Enumeration::unblock(const Source& source) {
  return blocks_.erase(source) > 0;
}

std::optional<Block> Enumeration::blocked(const Source& source, Instant now) const {
  const auto found = blocks_.find(source);
  if (found == blocks_.end() || found->second.until <= now) return std::nullopt;
  return found->second;
}

std::vector<std::pair<Source, Block>> Enumeration::blocks(Instant now) const {
  std::vector<std::pair<Source, Block>> out;
  for (const auto& [source, block] : blocks_)
    if (block.until > now) out.emplace_back(source, block);
  return out;
}

std::vector<Source> Enumeration::drop_expired(Instant now) {
  std::vector<Source> gone;
  std::erase_if(blocks_, [&](const auto& item) {
    if (item.second.until > now) return false;
    gone.push_back(item.first);
    return true;
  });
  return gone;
}

}  // namespace strowger::provisioning::access
