#include "adapters/http/asker.hpp"

#include <poll.h>

namespace strowger::http {

bool Asker::gone() const {
  const std::lock_guard lock(mutex_);
  if (socket_ < 0) return true;
  pollfd look{socket_, POLLRDHUP, 0};
  return ::poll(&look, 1, 0) > 0;  // POLLERR and POLLHUP are always looked for
}

void Asker::leave() {
  const std::lock_guard lock(mutex_);
  socket_ = -1;
}

}  // namespace strowger::http
