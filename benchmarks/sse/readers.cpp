#include "benchmarks/sse/readers.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace strowger::bench {

struct Readers::Shared {
  std::atomic<std::uint64_t> events = 0;
  std::atomic<unsigned> ready = 0;
};

namespace {

constexpr std::string_view mark = "\nevent: ";  // one in each event

struct Reader {
  int socket = -1;
  bool has_head = false;
  std::string tail;  // what may be the beginning of a mark
};

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::_exit(2);
  return socket;
}

std::uint64_t count_marks(Reader& reader, std::string_view bytes) {
  std::string joined = reader.tail;
  joined += bytes.substr(0, mark.size() - 1);
  std::uint64_t found = 0;
  if (joined.find(mark) != std::string::npos) ++found;
  for (auto at = bytes.find(mark); at != std::string_view::npos; at = bytes.find(mark, at + mark.size())) ++found;
  const auto keep = mark.size() - 1;
  reader.tail += bytes.size() > keep ? bytes.substr(bytes.size() - keep) : bytes;
  if (reader.tail.size() > keep) reader.tail.erase(0, reader.tail.size() - keep);
  return found;
}

[[noreturn]] void run(int commands, unsigned count, std::atomic<std::uint64_t>& events, std::atomic<unsigned>& ready) {
  std::uint16_t port = 0;
  char target[256]{};
  if (::read(commands, &port, sizeof port) != sizeof port || ::read(commands, target, sizeof target) <= 0) ::_exit(2);
  const auto request = "GET " + std::string(target) + " HTTP/1.1\r\nHost: bench\r\n\r\n";
  const int poll = ::epoll_create1(0);
  std::vector<Reader> readers(count);
  for (auto& reader : readers) {
    reader.socket = connect_to(port);
    if (::write(reader.socket, request.data(), request.size()) < 0) ::_exit(2);
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.ptr = &reader;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, reader.socket, &wanted);
  }
  std::vector<char> buffer(256 * 1024);
  std::vector<epoll_event> found(count);
  for (;;) {
    const int number = ::epoll_wait(poll, found.data(), static_cast<int>(found.size()), -1);
    for (int i = 0; i < number; ++i) {
      auto& reader = *static_cast<Reader*>(found[static_cast<std::size_t>(i)].data.ptr);
      const auto got = ::recv(reader.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got == 0) ::_exit(0);  // the server ended
      if (got < 0) continue;
      std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
      if (!reader.has_head) {
        reader.has_head = true;  // it comes whole: it is short
        if (!bytes.starts_with("HTTP/1.1 200")) ::_exit(3);
        ready.fetch_add(1);
      }
      events.fetch_add(count_marks(reader, bytes), std::memory_order_relaxed);
    }
  }
}

}  // namespace

Readers::Readers(unsigned count) : count_(count) {
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no shared memory");
  shared_ = new (memory) Shared;
  int pipe[2];
  if (::pipe(pipe) != 0) throw std::runtime_error("no pipe");
  child_ = ::fork();
  if (child_ == 0) {
    ::close(pipe[1]);
    run(pipe[0], count, shared_->events, shared_->ready);
  }
  ::close(pipe[0]);
  to_child_ = pipe[1];
}

Readers::~Readers() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  ::close(to_child_);
  ::munmap(shared_, sizeof(Shared));
}

void Readers::connect(std::uint16_t port, const std::string& target) {
  char text[256]{};
  std::strncpy(text, target.c_str(), sizeof text - 1);
  if (::write(to_child_, &port, sizeof port) < 0 || ::write(to_child_, text, sizeof text) < 0)
    throw std::runtime_error("the readers are gone");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (shared_->ready < count_) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the readers could not all connect");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

std::uint64_t Readers::events() const {
  return shared_->events;
}

bool Readers::wait_for(std::uint64_t events, std::chrono::seconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (shared_->events < events) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  return true;
}

}  // namespace strowger::bench
