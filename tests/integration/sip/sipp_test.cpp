// sipp as the phones: a second opinion on what a phone sends and expects.
#include "tests/support/catch.hpp"
#include "tests/support/sip/server_fixture.hpp"
#include "tests/support/sip/wire.hpp"
#include "tests/support/temporary_folder.hpp"

#include <array>
#include <fstream>
#include <iterator>

#include <spawn.h>
#include <sys/wait.h>

using namespace strowger;
using test::SipServer;
using test::Wire;

namespace {

int run_sipp(std::uint16_t port, const std::string& scenario, const std::string& extension, const std::string& password,
             bool tcp, const std::filesystem::path& errors) {
  // A port that was free a moment ago; of UDP for both: a TCP port that was just used cannot be bound again.
  const auto local = std::to_string(Wire(Wire::Kind::udp, port).port());
  std::vector<std::string> words{"sipp",         "127.0.0.1:" + std::to_string(port),
                                 "-sf",          std::string(STROWGER_SIPP_DIR) + "/" + scenario + ".xml",
                                 "-m",           "1",
                                 "-i",           "127.0.0.1",
                                 "-p",           local,
                                 "-t",           tcp ? "t1" : "u1",
                                 "-s",           extension,
                                 "-au",          extension,
                                 "-ap",          password,
                                 "-nostdin",     "-timeout",
                                 "20",           "-timeout_error",
                                 "-trace_err",   "-error_file",
                                 errors.string()};
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
  pid_t process = 0;
  const int spawned = posix_spawnp(&process, "sipp", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (spawned != 0) return -1;
  int status = 0;
  waitpid(process, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
}

}  // namespace

TEST_CASE("sipp's phones get what their scenarios expect") {
  struct Case {
    const char* scenario;
    const char* password;
    std::vector<std::string> events;
  };
  const std::string in = "phone.registered";
  const std::string out = "phone.unregistered";
  const auto c =
      GENERATE_COPY(Case{"register", "secret", {in}}, Case{"register_refresh_unregister", "secret", {in, out}},
                    Case{"register_two_contacts", "secret", {in, in, out, out}}, Case{"register_denied", "wrong", {}},
                    Case{"register_too_brief", "secret", {}}, Case{"register_bad_star", "secret", {}});
  const bool tcp = GENERATE(false, true);
  auto options = SipServer::default_options();
  options.authentication.algorithms = {sip::Algorithm::md5};  // all that sipp speaks
  SipServer house(std::make_shared<test::MemoryLog>(), options);
  test::TemporaryFolder folder;
  const auto errors = folder.path() / "sipp.err";
  INFO(c.scenario << (tcp ? " over TCP" : " over UDP"));
  int result = 0;
  std::string said;
  // sipp takes no port 0, so its port may be taken by somebody else meanwhile.
  for (int attempt = 0; attempt < 5; ++attempt) {
    std::filesystem::remove(errors);
    result = run_sipp(house.port(), c.scenario, "1001", c.password, tcp, errors);
    std::ifstream file(errors);
    said.assign(std::istreambuf_iterator<char>(file), {});
    if (said.find("Unable to bind") == std::string::npos) break;
  }
  INFO(said);
  CHECK(result == 0);
  CHECK(house.events_of("1001") == c.events);
  CHECK(house.bindings_of("1001").size() == (c.events.size() == 1 ? 1 : 0));
  if (c.events.size() == 1) CHECK(house.bindings_of("1001").at(0)->mac == MacAddress::parse("001565aabbcc").value());
}
