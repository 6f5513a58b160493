#include "tests/e2e/own_network.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

#include <fstream>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace strowger::test {
namespace {

int here() {
  return ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

}  // namespace

OwnNetwork::OwnNetwork() {
  missing = make();
}

OwnNetwork::~OwnNetwork() {
  if (before_ >= 0) enter(before_);
  for (const int one : {before_, phones_, server_})
    if (one >= 0) ::close(one);
}

void OwnNetwork::cable(const std::string& name, int n) {
  const auto far = "far" + std::to_string(n);
  const auto phones = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(phones_);
  ip({"link", "add", name, "type", "veth", "peer", "name", far});
  ip({"link", "set", far, "netns", phones});
  ip({"addr", "add", near_address(n) + "/24", "dev", name});
  ip({"link", "set", name, "up"});
  among_phones([&] {
    ip({"addr", "add", far_address(n) + "/24", "dev", far});
    ip({"link", "set", far, "up"});
  });
}

void OwnNetwork::enter(int network) {
  if (::setns(network, CLONE_NEWNET) != 0) FAIL("a network namespace cannot be entered");
}

void OwnNetwork::ip(const std::vector<std::string>& arguments) {
  Process program("ip", arguments, folder_.path() / "ip");
  const bool done = program.wait() == 0;
  CAPTURE(program.output());
  REQUIRE(done);
}

std::optional<std::string> OwnNetwork::make() {
  if (boost::process::search_path("ip").empty()) return "there is no program ip (iproute2)";
  const auto uid = ::getuid(), gid = ::getgid();
  const bool root = ::geteuid() == 0;
  before_ = root ? here() : -1;
  if (::unshare(root ? CLONE_NEWNET : CLONE_NEWNET | CLONE_NEWUSER) != 0) return "no network namespace of its own";
  if (!root) {
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
    std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
  }
  phones_ = here();
  if (::unshare(CLONE_NEWNET) != 0) return "no second network namespace";
  server_ = here();
  Process probe("ip", {"link", "add", "probe0", "type", "veth", "peer", "name", "probe1"}, folder_.path() / "probe");
  if (probe.wait() != 0) return "no veth interfaces: " + probe.output();
  ip({"link", "set", "lo", "up"});
  return std::nullopt;
}

}  // namespace strowger::test
