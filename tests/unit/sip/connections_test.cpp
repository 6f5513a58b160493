#include "adapters/sip/connections.hpp"

#include "tests/support/catch.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace strowger::sip;
using namespace std::chrono_literals;

namespace {

using Admission = Connections::Admission;

sockaddr_storage peer_at(const char* ip, std::uint16_t port = 5060) {
  sockaddr_storage peer{};
  auto& four = reinterpret_cast<sockaddr_in&>(peer);
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  REQUIRE(inet_pton(AF_INET, ip, &four.sin_addr) == 1);
  return peer;
}

// A connection's two ends.
struct Pair {
  Pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0); }
  ~Pair() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  int ours() const { return ends[0]; }
  bool ended() const {
    pollfd look{ends[1], POLLIN, 0};
    char byte = 0;
    return ::poll(&look, 1, 0) > 0 && ::recv(ends[1], &byte, 1, MSG_DONTWAIT) == 0;
  }
  int ends[2]{};
};

struct Book {
  Connections::Time now{1h};
  Connections connections;
  explicit Book(ConnectionLimits limits = {}) : connections(limits) {}
  Admission admit(const Pair& pair, const char* ip) { return connections.admit(pair.ours(), peer_at(ip), now); }
  std::size_t end_over() {
    const auto over = connections.over(now);
    for (const auto& one : over) Connections::end(*one);
    return over.size();
  }
};

}  // namespace

TEST_CASE("a connection that says nothing, or half a message, ends after 30 s") {
  Book book;
  const Pair silent, half, whole;
  REQUIRE(book.admit(silent, "192.0.2.1") == Admission::admitted);
  REQUIRE(book.admit(half, "192.0.2.1") == Admission::admitted);
  REQUIRE(book.admit(whole, "192.0.2.1") == Admission::admitted);
  for (const auto* one : {&half, &whole}) {
    auto& connection = **book.connections.find(one->ours());
    connection.heard = true;
    connection.last_message = book.now;
  }
  (*book.connections.find(half.ours()))->begun = book.now;
  book.now += 29s;
  CHECK(book.end_over() == 0);
  book.now += 2s;
  CHECK(book.end_over() == 2);
  CHECK(silent.ended());
  CHECK(half.ended());
  CHECK(!whole.ended());
  CHECK(book.end_over() == 0);  // once is enough
}

TEST_CASE("without a registration a silent connection ends after two minutes, with one it stays") {
  Book book;
  const Pair idle, registered;
  REQUIRE(book.admit(idle, "192.0.2.1") == Admission::admitted);
  REQUIRE(book.admit(registered, "192.0.2.1") == Admission::admitted);
  for (const auto* one : {&idle, &registered}) (*book.connections.find(one->ours()))->heard = true;
  auto hold = *book.connections.find(registered.ours());
  CHECK(book.connections.registered() == 1);
  book.now += 121s;
  CHECK(book.end_over() == 1);
  CHECK(idle.ended());
  CHECK(!registered.ended());
  hold.reset();
  CHECK(book.end_over() == 1);
  CHECK(registered.ended());
}

TEST_CASE("a source has so many connections that are not registered, others are not kept out") {
  ConnectionLimits limits;
  limits.per_source = 2;
  Book book(limits);
  const Pair one, two, three, other;
  REQUIRE(book.admit(one, "192.0.2.1") == Admission::admitted);
  REQUIRE(book.admit(two, "192.0.2.1") == Admission::admitted);
  CHECK(book.admit(three, "192.0.2.1") == Admission::source_full);
  CHECK(book.admit(other, "192.0.2.2") == Admission::admitted);
  const auto hold = *book.connections.find(one.ours());  // it registers
  CHECK(book.admit(three, "192.0.2.1") == Admission::admitted);
  CHECK(book.connections.size() == 4);
  book.connections.closed(three.ours());
  CHECK(book.connections.size() == 3);
}

TEST_CASE("where all are too many, the oldest that is not registered makes room") {
  ConnectionLimits limits;
  limits.in_all = 2;
  Book book(limits);
  const Pair registered, stranger, newcomer;
  REQUIRE(book.admit(registered, "192.0.2.1") == Admission::admitted);
  auto hold = *book.connections.find(registered.ours());
  book.now += 1s;
  REQUIRE(book.admit(stranger, "192.0.2.2") == Admission::admitted);
  book.now += 1s;
  CHECK(book.admit(newcomer, "192.0.2.3") == Admission::admitted);
  CHECK(stranger.ended());
  CHECK(!registered.ended());
  CHECK(!newcomer.ended());
}

TEST_CASE("an IPv6 source is its /64") {
  const auto source = [](const char* ip) {
    sockaddr_storage peer{};
    auto& six = reinterpret_cast<sockaddr_in6&>(peer);
    six.sin6_family = AF_INET6;
    REQUIRE(inet_pton(AF_INET6, ip, &six.sin6_addr) == 1);
    return source_of(peer);
  };
  CHECK(source("2001:db8:1:2:3:4:5:6") == source("2001:db8:1:2::1"));
  CHECK(source("2001:db8:1:2::1") != source("2001:db8:1:3::1"));
  CHECK(source_of(peer_at("192.0.2.1", 1)) == source_of(peer_at("192.0.2.1", 2)));
}
