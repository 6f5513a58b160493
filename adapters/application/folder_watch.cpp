#include "adapters/application/folder_watch.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/inotify.h>

namespace strowger::application {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds calm{300};  // after the last change
constexpr std::chrono::seconds look_again{2};   // for a folder that is not there
constexpr std::uint32_t what = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

// Of the loop's thread.
class FolderWatch::Watch {
 public:
  Watch(asio::io_context& loop, std::string suffix)
      : events_(loop), calm_(loop), again_(loop), suffix_(std::move(suffix)) {}

  error_code open() {
    const int descriptor = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (descriptor < 0) return {errno, boost::system::system_category()};
    events_.assign(descriptor);
    return {};
  }

  void look_at(std::filesystem::path folder, bool first) {
    if (folder == folder_ && watched_ >= 0) return;
    leave();
    folder_ = std::move(folder);
    seek(first);
  }

  void start(std::function<void()> changed) {
    changed_ = std::move(changed);
    if (events_.is_open()) read();
  }

 private:
  void read() {
    events_.async_read_some(asio::buffer(buffer_), [this](const error_code& fault, std::size_t size) {
      if (fault) return;
      take(size);
      read();
    });
  }

  void leave() {
    if (watched_ >= 0) ::inotify_rm_watch(events_.native_handle(), watched_);
    watched_ = -1;
  }

  // What is there from the start has been read; what comes to be there later has not.
  void seek(bool known) {
    if (!events_.is_open()) return;
    watched_ = ::inotify_add_watch(events_.native_handle(), folder_.c_str(), what | IN_ONLYDIR);
    if (watched_ >= 0) {
      if (!known) tell();
      return;
    }
    again_.expires_after(look_again);
    again_.async_wait([this](const error_code& fault) {
      if (!fault && watched_ < 0) seek(false);
    });
  }

  void take(std::size_t size) {
    bool gone = false;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
      inotify_event event{};
      std::memcpy(&event, buffer_.data() + at, sizeof(event));
      const std::string_view name(event.len > 0 ? buffer_.data() + at + sizeof(event) : "");
      at += sizeof(event) + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) tell();
      if (event.wd != watched_) continue;
      if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0)
        gone = true;
      else if (name.ends_with(suffix_))
        tell();
    }
    if (!gone) return;
    leave();
    tell();
    seek(false);
  }

  void tell() {
    calm_.expires_after(calm);
    calm_.async_wait([this](const error_code& fault) {
      if (!fault) changed_();
    });
  }

  asio::posix::stream_descriptor events_;
  asio::steady_timer calm_;
  asio::steady_timer again_;
  const std::string suffix_;
  std::function<void()> changed_;
  std::filesystem::path folder_;
  int watched_ = -1;
  std::array<char, 16'384> buffer_{};
};

FolderWatch::FolderWatch(std::filesystem::path folder, std::string suffix,
                         const std::function<void(const std::string&)>& warn)
    : watch_(std::make_unique<Watch>(loop_, std::move(suffix))) {
  if (const auto fault = watch_->open())
    warn("Edits in " + folder.string() + " will not be noticed (" + fault.message() + "): send SIGHUP after them");
  watch_->look_at(std::move(folder), true);
}

void FolderWatch::start(std::function<void()> changed) {
  watch_->start(std::move(changed));
  thread_ = std::thread([this] {
    const auto busy = asio::make_work_guard(loop_);
    loop_.run();
  });
}

FolderWatch::~FolderWatch() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

void FolderWatch::look_at(std::filesystem::path folder) {
  asio::post(loop_, [this, folder = std::move(folder)]() mutable { watch_->look_at(std::move(folder), false); });
}

}  // namespace strowger::application
