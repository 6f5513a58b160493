#include "benchmarks/http/process.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace strowger::bench {
namespace {

// Nanoseconds on a CPU of every thread (schedstat is finer than stat's clock ticks).
std::chrono::nanoseconds threads_of(pid_t process) {
  std::chrono::nanoseconds sum{0};
  std::error_code ignored;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", ignored)) {
    std::ifstream file(thread.path() / "schedstat");
    std::int64_t running = 0;
    if (file >> running) sum += std::chrono::nanoseconds(running);
  }
  return sum;
}

std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> children;
  std::ifstream file("/proc/" + std::to_string(process) + "/task/" + std::to_string(process) + "/children");
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

Process::Process(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  if (posix_spawnp(&id_, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0)
    throw std::runtime_error("cannot start " + command.front());
}

Process::Process(Process&& other) noexcept : id_(std::exchange(other.id_, -1)) {}

Process::~Process() {
  if (id_ < 0) return;
  ::kill(id_, SIGTERM);
  ::waitpid(id_, nullptr, 0);
}

std::chrono::microseconds Process::cpu() const {
  auto sum = threads_of(id_);
  for (const auto child : children_of(id_)) sum += threads_of(child);
  return std::chrono::duration_cast<std::chrono::microseconds>(sum);
}

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

void wait_for_port(std::uint16_t port) {
  for (int i = 0; i < 1000; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto address = loopback(port);
    const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    if (connected) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("nothing listens on port " + std::to_string(port));
}

}  // namespace strowger::bench
