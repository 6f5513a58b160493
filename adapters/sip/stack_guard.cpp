#include "adapters/sip/stack_guard.hpp"

#include "adapters/sip/display_names.hpp"
#include "adapters/sip/fields.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <sofia-sip/msg_buffer.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/msg_parser.h>
#include <sofia-sip/su.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::sip {
namespace {

thread_local StackGuard* thread_guard = nullptr;

// A connection is read in pieces of this size. sofia-sip copies what follows a message once for each message in it.
constexpr ssize_t most_of_stream = 4096;

using Extract = int (*)(msg_t*);

// sofia-sip's own msg_extract().
Extract sofia_extract() {
  static const auto own = reinterpret_cast<Extract>(::dlsym(RTLD_NEXT, "msg_extract"));
  return own;
}

bool is_stream(msg_t* message) {
  const auto* info = msg_addrinfo(message);
  return info != nullptr && info->ai_socktype == SOCK_STREAM;
}

std::string_view received_text(msg_t* message) {
  const auto* data = static_cast<const char*>(msg_buf_committed_data(message));
  return data == nullptr ? std::string_view() : std::string_view(data, msg_buf_committed(message));
}

// sofia-sip answers some requests itself, to where the topmost Via says. That may only be where they came from.
void bind_to_source(msg_t* message) {
  auto* sip = sip_object(message);
  if (sip == nullptr || sip->sip_request == nullptr || sip->sip_via == nullptr) return;
  const auto* address = msg_addr(message);
  if (address->su_family == AF_UNSPEC) return;  // it did not come by the stack: pnp.hpp has its own rules
  auto* via = sip->sip_via;
  if (via->v_maddr != nullptr)
    while (msg_header_remove_param(via->v_common, "maddr") > 0) {
    }
  if (view(sip->sip_request->rq_version) == "SIP/2.0") return;  // its Via is checked by sofia-sip
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->su_family == AF_INET)
    inet_ntop(AF_INET, &address->su_sin.sin_addr, text.data(), text.size());
  else if (address->su_family == AF_INET6)
    inet_ntop(AF_INET6, &address->su_sin6.sin6_addr, text.data(), text.size());
  if (text.front() == '\0') return;
  msg_header_replace_param(msg_home(message), via->v_common, su_sprintf(msg_home(message), "received=%s", text.data()));
}

}  // namespace

StackGuard::StackGuard(MessageLimits messages, ConnectionLimits connections, Metrics& metrics)
    : limits_(messages), connections_(connections), metrics_(metrics), before_(thread_guard) {
  thread_guard = this;
}

StackGuard::~StackGuard() {
  thread_guard = before_;
}

StackGuard* StackGuard::of_this_thread() {
  return thread_guard;
}

bool StackGuard::is_effective() {
  if (sofia_extract() == nullptr) return false;
  std::string text = "OPTIONS sip:127.0.0.1 SIP/2.0\r\n";
  for (std::size_t i = 0; i <= limits_.header_lines; ++i) text += "a:b\r\n";
  text += "\r\n";
  const auto before = metrics_.messages_refused.load(std::memory_order_relaxed);
  const Message probe(msg_make(sip_default_mclass(), 0, text.data(), static_cast<ssize_t>(text.size())));
  const bool seen = metrics_.messages_refused.load(std::memory_order_relaxed) != before;
  metrics_.messages_refused.store(before, std::memory_order_relaxed);
  return seen;
}

void StackGuard::on_second() {
  const auto over = connections_.over(Connections::Time::clock::now());
  // First: whoever sees a connection end finds it counted.
  metrics_.tcp_timed_out.fetch_add(over.size(), std::memory_order_relaxed);
  for (const auto& one : over) Connections::end(*one);
  metrics_.tcp_connections.store(connections_.size(), std::memory_order_relaxed);
}

ConnectionHold StackGuard::delivering() const {
  const auto* found = connections_.find(reading_);
  return found == nullptr ? nullptr : *found;
}

// None where the message did not come with the last read: sofia-sip closes a connection, and looks once more at what is
// left of it.
Connection* StackGuard::connection_of(msg_t* message) const {
  const auto* found = connections_.find(reading_);
  if (found == nullptr) return nullptr;
  const auto* info = msg_addrinfo(message);
  if (info->ai_addr == nullptr || !same_peer((*found)->peer, info->ai_addr, info->ai_addrlen)) return nullptr;
  return found->get();
}

int StackGuard::extract(msg_t* message) {
  const auto text = received_text(message);
  if (!is_stream(message)) {
    if (const auto seen = MessageScan::datagram(text, limits_); seen != Scan::whole)
      return refuse(message, nullptr, seen, text);
  } else {
    auto* connection = connection_of(message);
    MessageScan unknown;
    if (connection != nullptr && connection->message != message) {
      connection->message = message;
      connection->scan = {};
    }
    auto& scan = connection != nullptr ? connection->scan : unknown;
    const auto seen = scan.stream(text, limits_);
    if (seen == Scan::incomplete) {
      if (connection != nullptr && scan.begun() && !connection->begun)
        connection->begun = Connection::Time::clock::now();
      return 0;
    }
    if (connection != nullptr) {
      connection->message = nullptr;
      connection->begun.reset();
    }
    if (seen != Scan::whole) return refuse(message, connection, seen, text);
    if (connection != nullptr) {
      connection->heard = true;
      connection->last_message = Connection::Time::clock::now();
    }
  }
  blank_bad_names({static_cast<char*>(msg_buf_committed_data(message)), text.size()});
  const int parsed = sofia_extract()(message);
  bind_to_source(message);
  return parsed;
}

int StackGuard::refuse(msg_t* message, Connection* connection, Scan why, std::string_view text) {
  count(metrics_.messages_refused);
  if (connection != nullptr && !connection->ended) {
    const bool too_much = why == Scan::too_big || why == Scan::too_many_headers;
    const auto answer = why == Scan::not_text ? std::string()
                        : too_much            ? refusal_of(text, 513, "Message Too Large")
                                              : refusal_of(text, 400, "Content-Length Missing Or Wrong");
    if (!answer.empty()) [[maybe_unused]]
      const auto sent = ::send(connection->descriptor, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    Connections::end(*connection);
  }
  msg_mark_as_complete(message, MSG_FLG_ERROR);
  return -1;
}

int StackGuard::accept(int listener, sockaddr* address, socklen_t* size) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  const int descriptor = ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_CLOEXEC);
  if (descriptor < 0) {
    const int fault = errno;
    if (fault == EMFILE || fault == ENFILE || fault == ENOBUFS || fault == ENOMEM) {
      count(metrics_.tcp_accept_paused);
      errno = fault;
      if (exhausted_) exhausted_();
    }
    errno = fault;
    return -1;
  }
  if (connections_.admit(descriptor, peer, Connections::Time::clock::now()) != Connections::Admission::admitted) {
    count(metrics_.tcp_refused);
    ::close(descriptor);
    errno = EAGAIN;
    return -1;
  }
  count(metrics_.tcp_accepted);
  if (address != nullptr && size != nullptr) {
    std::memcpy(address, &peer, std::min<std::size_t>(*size, length));
    *size = length;
  }
  return descriptor;
}

ssize_t StackGuard::readable(int descriptor) {
  int waiting = -1;
  if (::ioctl(descriptor, FIONREAD, &waiting) < 0) return -1;
  reading_ = descriptor;
  if (connections_.find(descriptor) != nullptr) return std::min<ssize_t>(waiting, most_of_stream);
  // A datagram that is longer is cut there, and then too big.
  return std::min<ssize_t>(waiting, static_cast<ssize_t>(limits_.bytes) + 1);
}

}  // namespace strowger::sip

// The names are sofia-sip's; see the header. Of accept() the meaning is the C library's.
extern "C" {

__attribute__((visibility("default"), used)) int msg_extract(msg_t* message) {
  auto* guard = strowger::sip::StackGuard::of_this_thread();
  return guard != nullptr ? guard->extract(message) : strowger::sip::sofia_extract()(message);
}

__attribute__((visibility("default"), used)) issize_t su_getmsgsize(su_socket_t descriptor) {
  if (auto* guard = strowger::sip::StackGuard::of_this_thread()) return guard->readable(descriptor);
  int waiting = -1;
  return ::ioctl(descriptor, FIONREAD, &waiting) < 0 ? -1 : waiting;
}

__attribute__((visibility("default"), used)) int su_close(su_socket_t descriptor) {
  if (auto* guard = strowger::sip::StackGuard::of_this_thread()) guard->closed(descriptor);
  return ::close(descriptor);
}

__attribute__((visibility("default"), used)) int accept(int listener, sockaddr* address, socklen_t* size) {
  if (auto* guard = strowger::sip::StackGuard::of_this_thread()) return guard->accept(listener, address, size);
  return ::accept4(listener, address, size, 0);
}

}  // extern "C"
