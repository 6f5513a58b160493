// Whether the client of a request is still there, for threads that work for it.
//
// Threads: gone() may be called on any thread; leave() only on the connection's own.
#pragma once

#include <mutex>

namespace strowger::http {

class Asker {
 public:
  // `socket` stays open until leave().
  explicit Asker(int socket) : socket_(socket) {}

  // The client closed the connection, or its half of it, or the connection was cut. One poll(), without waiting. A
  // client that only closes its half (shutdown) counts as gone too: it cannot be told from one that closed.
  bool gone() const;
  // Before the socket is closed, and when the handler has ended.
  void leave();

 private:
  mutable std::mutex mutex_;
  int socket_;  // -1 after leave()
};

}  // namespace strowger::http
