// How other threads reach the su_root thread: they post a task, the thread runs it. Many tasks, one wake-up: only the
// first post into an empty box writes to the event descriptor.
#pragma once

#include "adapters/sip/sofia.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace strowger::sip {

class Mailbox {
 public:
  using Task = std::function<void()>;

  Mailbox();  // throws std::system_error when the system has no descriptor left
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Any thread. False when the box is closed; the task is dropped then.
  bool post(Task task);
  // The loop's thread: tasks run on it until close().
  void attach(su_root_t* root);
  // The loop's thread: runs what is in the box, then takes no more.
  void close();

 private:
  static int on_ready(su_root_magic_t*, su_wait_t*, void* self);
  void run();

  int event_ = -1;
  su_root_t* root_ = nullptr;
  int registration_ = -1;
  su_wait_t wait_[1] = {SU_WAIT_INIT};
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool closed_ = false;
  std::vector<Task> running_;  // the loop's own, kept for its capacity
};

}  // namespace strowger::sip
