#include "benchmarks/http/storm.hpp"

#include "benchmarks/http/site.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::bench {
namespace {

using Clock = std::chrono::steady_clock;

// One phone from its first request to its last.
class Phone {
 public:
  Phone(std::uint16_t port, const PhoneBoot& boot) : boot_(boot) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect");
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // No TIME_WAIT for each of thousands of phones.
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ~Phone() { ::close(fd_); }
  Phone(const Phone&) = delete;
  Phone& operator=(const Phone&) = delete;

  int fd() const { return fd_; }
  bool is_up() const { return next_ == boot_.size(); }

  bool ask() {
    const auto request =
        "GET " + boot_[next_].path + " HTTP/1.1\r\nHost: pbx.example\r\nUser-Agent: Phone/1.0\r\nAccept: */*\r\n\r\n";
    filled_ = 0;
    asked_ = Clock::now();
    return ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
  }
  // What came; true when the reply is whole. Negative: the connection broke.
  int read() {
    const auto got = ::recv(fd_, buffer_.data() + filled_, buffer_.size() - filled_, MSG_DONTWAIT);
    if (got <= 0) return -1;
    filled_ += static_cast<std::size_t>(got);
    const std::string_view reply(buffer_.data(), filled_);
    const auto end = reply.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    constexpr std::string_view name = "Content-Length: ";
    const auto length = reply.find(name);
    std::size_t size = 0;
    if (length < end) std::from_chars(reply.data() + length + name.size(), reply.data() + end, size);
    return filled_ >= end + 4 + size ? 1 : 0;
  }
  // Takes the whole reply; whether it is as expected.
  bool take() {
    const std::string_view reply(buffer_.data(), filled_);
    return reply.starts_with(boot_[next_++].there ? "HTTP/1.1 200" : "HTTP/1.1 404");
  }
  Clock::time_point asked() const { return asked_; }

 private:
  const PhoneBoot& boot_;
  std::size_t next_ = 0;
  int fd_ = -1;
  Clock::time_point asked_;
  std::size_t filled_ = 0;
  std::array<char, 32 * 1024> buffer_;
};

}  // namespace

const char* vendor_of(unsigned device) {
  return std::array{"yealink", "polycom", "cisco", "grandstream"}.at(device % 4);
}

const char* model_of(unsigned device) {
  return std::array{"t46s", "vvx450", "spa504g", "gxp2170"}.at(device % 4);
}

PhoneBoot boot_of(unsigned device) {
  const auto own = file_name(device);
  const auto mac = own.substr(0, 12);
  const std::string at = "/provision/";
  switch (device % 4) {
    case 0:
      return {{at + mac + ".boot", false}, {at + "y000000000000.boot", false}, {at + "y000000000066.cfg"}, {at + own}};
    case 1:
      return {{at + own},
              {at + mac + "-phone.cfg", false},
              {at + mac + "-web.cfg", false},
              {at + mac + "-license.cfg", false},
              {at + "000000000000-license.cfg", false},
              {at + mac + "-directory.xml", false}};
    case 2:
      return {{at + "spa504G.cfg"}, {at + own}};
    default:
      return {{at + "cfg" + mac, false}, {at + "cfg" + mac + ".xml"}};
  }
}

StormResult run_storm(std::uint16_t port, unsigned at_once, const std::vector<PhoneBoot>& phones) {
  const int poll = ::epoll_create1(0);
  std::vector<std::unique_ptr<Phone>> up(at_once);
  std::size_t next = 0, booting = 0;
  StormResult result;
  std::vector<std::chrono::microseconds> times;
  const auto power_on = [&](std::size_t place) {
    up[place].reset();
    if (next == phones.size()) return;
    up[place] = std::make_unique<Phone>(port, phones[next++]);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = place}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, up[place]->fd(), &event);
    ++booting;
    if (!up[place]->ask()) ++result.failures;
  };
  const auto begun = Clock::now();
  for (std::size_t place = 0; place < at_once; ++place) power_on(place);
  std::array<epoll_event, 64> events{};
  while (booting > 0) {
    const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 5'000);
    if (ready <= 0) throw std::runtime_error("the phones wait in vain");
    for (int i = 0; i < ready; ++i) {
      const auto place = static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64);
      auto& phone = *up[place];
      const int whole = phone.read();
      if (whole == 0) continue;
      bool on = whole > 0;
      if (on) {
        ++result.requests;
        times.push_back(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - phone.asked()));
        if (!phone.take()) ++result.failures;
        on = !phone.is_up();
        if (on && !phone.ask()) on = false, ++result.failures;
      } else {
        ++result.failures;
      }
      if (on) continue;
      --booting;
      power_on(place);
    }
  }
  result.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun);
  ::close(poll);
  std::sort(times.begin(), times.end());
  if (!times.empty()) {
    result.p50 = times[times.size() / 2];
    result.p99 = times[times.size() * 99 / 100];
  }
  return result;
}

}  // namespace strowger::bench
