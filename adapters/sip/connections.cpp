#include "adapters/sip/connections.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <sys/socket.h>

namespace strowger::sip {

std::string source_of(const sockaddr_storage& peer) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (peer.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(peer);
    inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
  } else if (peer.ss_family == AF_INET6) {
    auto six = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
    if (!IN6_IS_ADDR_V4MAPPED(&six)) std::memset(&six.s6_addr[8], 0, 8);
    inet_ntop(AF_INET6, &six, text.data(), text.size());
  }
  return text.data();
}

bool same_peer(const sockaddr_storage& left, const void* right, std::size_t size) {
  sockaddr_storage other{};
  std::memcpy(&other, right, std::min(size, sizeof other));
  if (left.ss_family != other.ss_family) return false;
  if (left.ss_family == AF_INET) {
    const auto& one = reinterpret_cast<const sockaddr_in&>(left);
    const auto& two = reinterpret_cast<const sockaddr_in&>(other);
    return one.sin_port == two.sin_port && one.sin_addr.s_addr == two.sin_addr.s_addr;
  }
  if (left.ss_family != AF_INET6) return false;
  const auto& one = reinterpret_cast<const sockaddr_in6&>(left);
  const auto& two = reinterpret_cast<const sockaddr_in6&>(other);
  return one.sin6_port == two.sin6_port && std::memcmp(&one.sin6_addr, &two.sin6_addr, sizeof one.sin6_addr) == 0;
}

Connections::Admission Connections::admit(int descriptor, const sockaddr_storage& peer, Time now) {
  auto source = source_of(peer);
  std::size_t of_source = 0;
  Connection* oldest = nullptr;
  for (const auto& [number, one] : open_) {
    if (is_registered(one) || one->ended) continue;
    if (one->source == source) ++of_source;
    if (oldest == nullptr || one->accepted < oldest->accepted) oldest = one.get();
  }
  if (of_source >= limits_.per_source) return Admission::source_full;
  if (open_.size() >= limits_.in_all) {
    if (oldest == nullptr || open_.size() >= limits_.in_all + spare) return Admission::full;
    end(*oldest);
  }
  auto added = std::make_shared<Connection>();
  added->descriptor = descriptor;
  added->source = std::move(source);
  added->peer = peer;
  added->accepted = added->last_message = now;
  open_.insert_or_assign(descriptor, std::move(added));
  return Admission::admitted;
}

const ConnectionHold* Connections::find(int descriptor) const {
  const auto found = open_.find(descriptor);
  return found == open_.end() ? nullptr : &found->second;
}

void Connections::closed(int descriptor) {
  const auto found = open_.find(descriptor);
  if (found == open_.end()) return;
  found->second->open = false;
  open_.erase(found);
}

bool Connections::is_over(const ConnectionHold& one, Time now) const {
  if (one->begun && now - *one->begun > limits_.message) return true;
  if (!one->heard && now - one->accepted > limits_.message) return true;
  return !is_registered(one) && now - one->last_message > limits_.idle;
}

std::vector<ConnectionHold> Connections::over(Time now) const {
  std::vector<ConnectionHold> over;
  for (const auto& [number, one] : open_)
    if (!one->ended && is_over(one, now)) over.push_back(one);
  return over;
}

void Connections::end(Connection& connection) {
  connection.ended = true;
  ::shutdown(connection.descriptor, SHUT_RDWR);
}

std::size_t Connections::registered() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(open_, [](const auto& one) { return is_registered(one.second); }));
}

}  // namespace strowger::sip
