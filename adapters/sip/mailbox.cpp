#include "adapters/sip/mailbox.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace strowger::sip {

Mailbox::Mailbox() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd for the SIP thread");
}

Mailbox::~Mailbox() {
  ::close(event_);
}

bool Mailbox::post(Task task) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    tasks_.push_back(std::move(task));
    if (tasks_.size() > 1) return true;
  }
  const std::uint64_t one = 1;
  // Cannot fail: the counter is read before it could overflow.
  [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);
  return true;
}

void Mailbox::attach(su_root_t* root) {
  root_ = root;
  su_wait_create(wait_, event_, SU_WAIT_IN);
  registration_ = su_root_register(root, wait_, &Mailbox::on_ready, this, 0);
  if (registration_ < 0) throw std::system_error(errno, std::generic_category(), "register the SIP thread's mailbox");
}

void Mailbox::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  run();
  if (root_ && registration_ >= 0) {
    su_root_deregister(root_, registration_);
    registration_ = -1;
  }
}

int Mailbox::on_ready(su_root_magic_t*, su_wait_t*, void* self) {
  static_cast<Mailbox*>(self)->run();
  return 0;
}

void Mailbox::run() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(event_, &count, sizeof count);
  {
    std::lock_guard lock(mutex_);
    running_.swap(tasks_);
  }
  for (auto& task : running_) task();
  running_.clear();
}

}  // namespace strowger::sip
