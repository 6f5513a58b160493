// Networks that only one test sees: the server's, and one of phones, joined by cables.
#pragma once

#include "tests/support/temporary_folder.hpp"

#include <optional>
#include <string>
#include <vector>

namespace strowger::test {

// The network that this thread, and what it starts, sees; gone with it.
class OwnNetwork {
 public:
  OwnNetwork();
  ~OwnNetwork();
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

  // Why there is none on this machine.
  std::optional<std::string> missing;

  // A cable: `name` at the server with 10.9.n.1, far<n> at its other end, in the phones' network, with 10.9.n.2.
  void cable(const std::string& name, int n);
  static std::string near_address(int n) { return "10.9." + std::to_string(n) + ".1"; }
  static std::string far_address(int n) { return "10.9." + std::to_string(n) + ".2"; }
  // A socket that is made there stays there.
  template <class Do>
  auto among_phones(Do action) {
    struct Back {
      int to;
      ~Back() { enter(to); }
    };
    enter(phones_);
    const Back back{server_};
    return action();
  }

 private:
  static void enter(int network);
  void ip(const std::vector<std::string>& arguments);
  std::optional<std::string> make();

  TemporaryFolder folder_;
  int before_ = -1;
  int phones_ = -1;
  int server_ = -1;
};

}  // namespace strowger::test
