// Stands between the network and sofia-sip on the SIP thread. Debian's sofia-sip has no bound on the headers of a
// message, reads all that a connection holds at once, accepts without end, and closes no connection that says nothing.
//
// So this library defines some functions that sofia-sip exports and calls, which the dynamic linker then prefers to
// sofia-sip's own (name_guard.hpp does the same):
//
//   msg_extract     the text is scanned first (message_scan.hpp): sofia-sip sees whole messages within the limits only
//   su_getmsgsize   a connection is read 4 kB at a time, so none takes the thread from the others, and what a message
//                   is cut from stays small
//   accept          connections are limited (connections.hpp); without descriptors accepting pauses
//   su_close        a connection has ended
//
// They do what sofia-sip's own do on every thread but one that has a guard. is_effective() proves at the start that
// sofia-sip calls them.
//
// A datagram that is refused gets no answer, because its source may be forged. On a connection the answer is 513, or
// 400 for a request without a right Content-Length, and the connection is closed.
//
// Display names that sofia-sip would refuse are blanked first (display_names.hpp).
//
// It also takes `maddr` out of the topmost Via of each request: sofia-sip and we answer to where a request came from.
//
// Threads: one guard a thread, made and used there.
#pragma once

#include "adapters/sip/connections.hpp"
#include "adapters/sip/message_scan.hpp"
#include "adapters/sip/metrics.hpp"
#include "adapters/sip/sofia.hpp"

#include <functional>

namespace strowger::sip {

class StackGuard {
 public:
  StackGuard(MessageLimits messages, ConnectionLimits connections, Metrics& metrics);
  ~StackGuard();
  StackGuard(const StackGuard&) = delete;
  StackGuard& operator=(const StackGuard&) = delete;

  // False: sofia-sip does not call this library's functions, and nothing would be limited.
  bool is_effective();
  // Called when the system has no descriptor for a connection; accepting should pause.
  void on_exhausted(std::function<void()> exhausted) { exhausted_ = std::move(exhausted); }
  // Each second: ends connections whose time is over.
  void on_second();
  // The connection whose message is being delivered; null: it came by UDP.
  ConnectionHold delivering() const;
  // The descriptor that the message being delivered was read from.
  int reading() const { return reading_; }

  // What the functions that sofia-sip calls do on this thread.
  static StackGuard* of_this_thread();
  int extract(msg_t* message);
  int accept(int listener, sockaddr* address, socklen_t* size);
  ssize_t readable(int descriptor);
  void closed(int descriptor) { connections_.closed(descriptor); }

 private:
  Connection* connection_of(msg_t* message) const;
  int refuse(msg_t* message, Connection* connection, Scan why, std::string_view text);

  MessageLimits limits_;
  Connections connections_;
  Metrics& metrics_;
  std::function<void()> exhausted_;
  int reading_ = -1;  // the descriptor that sofia-sip read last
  StackGuard* before_;
};

}  // namespace strowger::sip
