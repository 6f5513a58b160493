// A real Apache Kafka broker (KRaft: broker and controller in one) on free loopback ports, in a temporary folder.
#pragma once

#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <fstream>
#include <stdexcept>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::test {

inline std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool done = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!done) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

class Broker {
 public:
  static constexpr int partitions = 4;

  explicit Broker(std::string class_path) : class_path_(std::move(class_path)) {
    const auto controller = std::to_string(free_port());
    std::ofstream(properties()) << "process.roles=broker,controller\nnode.id=1\n"
                                << "controller.quorum.voters=1@127.0.0.1:" << controller << "\n"
                                << "listeners=PLAINTEXT://" << address() << ",CONTROLLER://127.0.0.1:" << controller
                                << "\nadvertised.listeners=PLAINTEXT://" << address()
                                << "\ncontroller.listener.names=CONTROLLER\nlog.dirs="
                                << (folder_.path() / "data").string() << "\nnum.partitions=" << partitions
                                << "\noffsets.topic.replication.factor=1\nauto.create.topics.enable=true\n";
    Process format(
        "java",
        {"-cp", class_path_, "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", properties()},
        folder_.path() / "format.log");
    if (format.wait() != 0) throw std::runtime_error("the broker's storage: " + format.output());
    start();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void start() {
    process_ =
        std::make_unique<Process>("java",
                                  std::vector<std::string>{"-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                                                           "-cp", class_path_, "kafka.Kafka", properties()},
                                  folder_.path() / ("broker" + std::to_string(starts_++) + ".log"));
    const auto started = [this] { return process_->output().find("Kafka Server started") != std::string::npos; };
    const bool up =
        eventually([&] { return started() || !process_->running(); }, std::chrono::seconds(60)) && started();
    if (!up) throw std::runtime_error("the broker did not start: " + process_->output());
  }

  void kill_hard() { process_->kill_hard(); }

 private:
  std::string properties() const { return (folder_.path() / "server.properties").string(); }

  TemporaryFolder folder_;
  std::string class_path_;
  std::uint16_t port_ = free_port();
  int starts_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace strowger::test
