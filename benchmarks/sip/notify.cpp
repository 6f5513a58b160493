// NOTIFYs a second to one answering phone (a sofia-sip user agent on a thread of its own), paced as set: all must be
// answered. Prints the rate reached and the CPU time of one, both ends together.
#include "tests/support/eventually.hpp"
#include "tests/support/sip/agent_phone.hpp"
#include "tests/support/sip/server_fixture.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>

int main(int argc, char** argv) {
  using namespace strowger;
  const int wanted = argc > 1 ? std::atoi(argv[1]) : 10000;
  auto options = test::SipServer::default_options();
  options.notifier.per_second = argc > 2 ? static_cast<std::uint32_t>(std::atoi(argv[2])) : 2000;
  options.notifier.max_queued = static_cast<std::size_t>(wanted);
  test::SipServer house(std::make_shared<test::MemoryLog>(), options);
  test::AgentPhone phone([](std::size_t, const test::SeenNotify&) { return 200; });
  auto binding = std::make_shared<registrar::Binding>();
  binding->extension = ExtensionNumber::parse("1001").value();
  binding->ip = "127.0.0.1";
  binding->port = phone.port();
  binding->contact = "sip:1001@127.0.0.1:" + std::to_string(phone.port());
  binding->transport = "udp";

  std::atomic<int> answered{0}, failed{0};
  const auto start = std::chrono::steady_clock::now();
  const auto cpu = std::clock();
  for (int i = 0; i < wanted; ++i)
    house.server->notifier().notify(
        {binding, "check-sync;reboot=true", "", ""},
        [&](const reboot::NoticeOutcome& outcome) { ++(outcome.status == 200 ? answered : failed); });
  const bool all = test::eventually([&] { return answered + failed == wanted; }, std::chrono::minutes(5));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%d of %d NOTIFYs answered with 200, %d failed, %.0f/s (paced at %u/s), %.1f us CPU each, both ends\n",
              answered.load(), wanted, failed.load(), wanted / took.count(), options.notifier.per_second,
              1e6 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / wanted);
  return all && failed == 0 ? 0 : 1;
}
