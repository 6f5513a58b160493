// The TFTP server over real sockets, with a phone made by hand: lost, doubled and late packets, and those who mean no
// good. What is served comes from a table; the house behind it is in tests/integration/http/tftp_test.cpp.
#include "adapters/tftp/server.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/tftp_client.hpp"

#include <map>
#include <random>
#include <sstream>
#include <thread>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

using namespace strowger;
using namespace std::chrono_literals;
using strowger::test::eventually;
using strowger::test::TftpClient;
using Packet = TftpClient::Packet;
using Fate = TftpClient::Fate;

namespace {

struct Site {
  std::map<std::string, std::string, std::less<>> files;
  tftp::Options options{.host = "127.0.0.1", .port = 0};
  std::atomic<int> asked = 0;
  std::atomic<int> arrived = 0;
  std::atomic<bool> arrival_fails = false;
  std::ostringstream lines;
  spdlog::logger logger{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines)};
  std::unique_ptr<tftp::Server> server;

  Site() {
    options.limits.patience = 10s;  // tests that wait for a repetition set their own
    std::string text;
    for (int i = 0; text.size() < 100'000; ++i) text += std::to_string(i) + "\n";
    files["long"] = text;
    files["short"] = "hello\n";
  }
  void start() {
    auto started = tftp::Server::start(
        options,
        [this](const http::provision::PlainRequest& request) {
          ++asked;
          http::provision::Delivery delivery;
          const auto found = files.find(request.file);
          if (found == files.end()) return http::provision::Delivery{.status = 404, .message = "Not found"};
          delivery.bytes = found->second;
          delivery.arrived = [this] {
            if (arrival_fails) throw std::runtime_error("no room for the event");
            ++arrived;
          };
          return delivery;
        },
        logger);
    REQUIRE(started);
    server = std::move(*started);
  }
  std::uint16_t port() const { return server->port(); }
  const tftp::Counters& counters() const { return server->counters(); }
};

}  // namespace

TEST_CASE_METHOD(Site, "tftp: files of every length around a block's arrive whole") {
  for (const std::size_t size : {0, 1, 511, 512, 513, 1024, 100'000})
    files["f" + std::to_string(size)] = files["long"].substr(0, size);
  start();
  for (const auto& [name, bytes] : files) {
    CAPTURE(name);
    TftpClient phone(port());
    const auto got = phone.get(name);
    CHECK(got.complete);
    CHECK(got.bytes == bytes);
    CHECK(got.data_packets == bytes.size() / 512 + 1);
    CHECK(phone.peer.port() != port());  // a port of the transfer's own
  }
  CHECK(eventually([&] { return arrived == static_cast<int>(files.size()); }));
  CHECK(eventually([&] { return counters().active == 0; }));
  CHECK(counters().completed == files.size());
}

TEST_CASE_METHOD(Site, "tftp: options are confirmed as far as they are understood, and blocks fit a packet") {
  start();
  auto got = TftpClient(port()).get("long", {{"blksize", "1024"}, {"tsize", "0"}, {"timeout", "3"}, {"utimeout", "9"}});
  CHECK(got.bytes == files["long"]);
  const auto size = std::to_string(files["long"].size());
  CHECK(got.options == TftpClient::OptionMap{{"blksize", "1024"}, {"tsize", size}, {"timeout", "3"}});
  got = TftpClient(port()).get("long", {{"blksize", "65464"}});
  CHECK(got.options == TftpClient::OptionMap{{"blksize", "1468"}});
  CHECK(got.bytes == files["long"]);
  got = TftpClient(port()).get("long", {{"windowsize", "8"}});  // none is understood: the first block comes at once
  CHECK(got.options.empty());
  CHECK(got.bytes == files["long"]);
}

TEST_CASE_METHOD(Site, "tftp: netascii has its line ends, and no size that it does not know") {
  start();
  const auto got = TftpClient(port()).get("short", {{"tsize", "0"}, {"blksize", "600"}}, "netascii");
  CHECK(got.bytes == "hello\r\n");
  CHECK(got.options == TftpClient::OptionMap{{"blksize", "600"}});
}

TEST_CASE_METHOD(Site, "tftp: a phone that does not like the options goes in peace") {
  start();
  TftpClient phone(port());
  phone.send(TftpClient::request("long", {{"blksize", "1024"}}));
  CHECK(phone.receive()->opcode == 6);
  phone.answer(TftpClient::number(5) + TftpClient::number(8) + "no such option" + '\0');
  CHECK(eventually([&] { return counters().aborted == 1 && counters().active == 0; }));
  CHECK(arrived == 0);
}

TEST_CASE_METHOD(Site, "tftp: on a network that loses, doubles and delays, the file arrives as it is") {
  options.limits.patience = 20ms;
  start();
  for (const unsigned seed : {1u, 2u, 3u}) {
    CAPTURE(seed);
    std::minstd_rand random(seed);
    const auto got = TftpClient(port()).get("long", {{"blksize", "1000"}, {"tsize", "0"}}, "octet", [&](bool) -> Fate {
      const auto drawn = random() % 100;
      return drawn < 8 ? Fate::lost : drawn < 25 ? Fate::doubled : Fate::arrives;
    });
    CHECK(got.complete);
    CHECK(got.bytes == files["long"]);
  }
  CHECK(counters().blocks_repeated > 0);
}

TEST_CASE_METHOD(Site, "tftp: acknowledgements that come twice do not make blocks come twice") {
  start();
  const auto got =
      TftpClient(port()).get("long", {}, "octet", [](bool out) { return out ? Fate::doubled : Fate::arrives; });
  CHECK(got.bytes == files["long"]);
  CHECK(got.data_packets == files["long"].size() / 512 + 1);
  CHECK(counters().blocks_repeated == 0);
  CHECK(asked == 1);  // the request came twice too
}

TEST_CASE_METHOD(Site, "tftp: old acknowledgements and those of the future change nothing") {
  start();
  TftpClient phone(port());
  phone.send(TftpClient::request("long"));
  REQUIRE(phone.receive()->number == 1);
  phone.answer(TftpClient::ack(0));
  phone.answer(TftpClient::ack(7));
  phone.answer(TftpClient::ack(1));
  REQUIRE(phone.receive()->number == 2);
  phone.answer(TftpClient::ack(1));
  phone.answer(TftpClient::number(3) + TftpClient::number(2) + "junk");
  phone.answer(TftpClient::ack(2));
  CHECK(phone.receive()->number == 3);
  phone.answer(TftpClient::number(5) + TftpClient::number(0) + '\0');
  CHECK(eventually([&] { return counters().aborted == 1; }));
}

TEST_CASE_METHOD(Site, "tftp: block numbers go on behind 65535") {
  std::string large;
  while (large.size() < 8 * 65'540) large += std::to_string(large.size()) + ";";
  files["large"] = large;
  start();
  const auto got = TftpClient(port()).get("large", {{"blksize", "8"}});
  CHECK(got.complete);
  CHECK(got.bytes == large);
}

TEST_CASE_METHOD(Site, "tftp: a stranger who speaks to a transfer's port is sent away, and does no harm") {
  start();
  TftpClient phone(port());
  phone.send(TftpClient::request("long"));
  REQUIRE(phone.receive()->number == 1);
  TftpClient stranger(port());
  stranger.send(TftpClient::ack(1), phone.peer);
  const auto told = stranger.receive();
  REQUIRE(told);
  CHECK(told->opcode == 5);
  CHECK(told->number == 5);
  stranger.send(TftpClient::number(5) + TftpClient::number(0) + "die" + '\0', phone.peer);
  CHECK_FALSE(stranger.receive(50ms));  // nobody answers an error
  phone.answer(TftpClient::ack(1));
  CHECK(phone.receive()->number == 2);
}

TEST_CASE_METHOD(Site, "tftp: what cannot be is refused in clear words, and noise is not answered") {
  start();
  const auto told = [&](const std::string& packet) {
    TftpClient client(port());
    client.send(packet);
    const auto answer = client.receive();
    REQUIRE(answer);
    CHECK(answer->opcode == 5);
    CHECK_FALSE(answer->rest.empty());
    return answer->number;
  };
  CHECK(told(TftpClient::request("none")) == 1);
  CHECK(told(TftpClient::request("short", {}, "octet", 2)) == 2);
  CHECK(told(TftpClient::request("short", {}, "mail")) == 4);
  CHECK(told(TftpClient::number(1) + "short") == 4);
  CHECK(told(TftpClient::number(1) + "short" + '\0' + "octet") == 4);
  for (const auto& noise :
       {TftpClient::ack(1), TftpClient::number(3) + TftpClient::number(1) + "data",
        TftpClient::number(5) + TftpClient::number(1) + "bad" + '\0', std::string("x"), std::string(60'000, '\xff')}) {
    TftpClient client(port());
    client.send(noise);
    CHECK_FALSE(client.receive(20ms));
  }
  CHECK(counters().noise == 5);
  CHECK(counters().active == 0);
}

TEST_CASE_METHOD(Site, "tftp: whoever never answers is soon left alone, whoever did is waited for longer") {
  options.limits.patience = 5ms;
  start();
  TftpClient silent(port());
  silent.send(TftpClient::request("long"));
  std::size_t blocks = 0;
  for (; silent.receive(500ms); ++blocks) continue;
  CHECK(blocks == 1 + options.limits.first_repeats);
  TftpClient fading(port());
  fading.send(TftpClient::request("long"));
  REQUIRE(fading.receive());
  fading.answer(TftpClient::ack(1));
  for (blocks = 0; fading.receive(1s); ++blocks) continue;
  CHECK(blocks >= 1 + options.limits.repeats);  // the first block may have come again
  CHECK(eventually([&] { return counters().timed_out == 2 && counters().active == 0; }));
  CHECK(arrived == 0);
}

TEST_CASE_METHOD(Site, "tftp: the time between repetitions is the phone's where it names one") {
  options.limits.second = 1ms;  // a second's name for tests; 10 s is the time without the option
  start();
  TftpClient phone(port());
  phone.send(TftpClient::request("long", {{"timeout", "7"}}));
  REQUIRE(phone.receive()->opcode == 6);
  CHECK(phone.receive(5s)->opcode == 6);
}

TEST_CASE_METHOD(Site, "tftp: limits on transfers hold, and who asks again later is served") {
  options.limits.transfers = 3;
  options.limits.transfers_per_address = 2;
  start();
  TftpClient first(port());
  TftpClient second(port());
  TftpClient third(port());
  for (auto* phone : {&first, &second}) {
    phone->send(TftpClient::request("long"));
    REQUIRE(phone->receive()->number == 1);
    phone->answer(TftpClient::ack(1));
    REQUIRE(phone->receive()->number == 2);
  }
  third.send(TftpClient::request("short"));
  CHECK_FALSE(third.receive(50ms));
  CHECK(counters().shed == 1);
  CHECK(asked == 2);
  first.answer(TftpClient::number(5) + TftpClient::number(0) + '\0');
  CHECK(eventually([&] { return counters().active == 1; }));
  third.send(TftpClient::request("short"));
  CHECK(third.receive()->rest == "hello\n");
}

TEST_CASE_METHOD(Site,
                 "tftp: before an acknowledgement the phone's timeout option holds nothing longer than the limit") {
  options.limits.first_patience = 5ms;
  options.limits.second = 100s;  // a second's name for tests: the option below would be 30 of these
  start();
  TftpClient silent(port());
  silent.send(TftpClient::request("long", {{"timeout", "30"}}));
  std::size_t packets = 0;
  for (; silent.receive(500ms); ++packets) continue;
  CHECK(packets == 1 + options.limits.first_repeats);
  CHECK(eventually([&] { return counters().timed_out == 1 && counters().active == 0; }));
}

TEST_CASE_METHOD(Site, "tftp: a timeout option above the limit is not confirmed, and does not count") {
  options.limits.first_patience = options.limits.patience = 5ms;
  options.limits.second = 100s;
  start();
  TftpClient phone(port());
  phone.send(TftpClient::request("long", {{"timeout", "31"}}));
  CHECK(phone.receive()->opcode == 3);  // none is confirmed: the first block comes at once
  CHECK(phone.receive()->number == 1);  // and again, long before 31 of those seconds
  const auto got = TftpClient(port()).get("short", {{"timeout", "255"}, {"blksize", "600"}});
  CHECK(got.options == TftpClient::OptionMap{{"blksize", "600"}});
}

TEST_CASE_METHOD(Site, "tftp: requests that nobody acknowledges do not keep a phone from its file") {
  options.limits.transfers = 8;
  options.limits.transfers_per_address = 4;
  start();
  std::vector<std::unique_ptr<TftpClient>> forged;
  for (const char* from : {"127.0.0.1", "127.0.0.2", "127.0.0.3"}) {
    for (int i = 0; i < 4; ++i) {
      forged.push_back(std::make_unique<TftpClient>(port(), "127.0.0.1", from));
      forged.back()->send(TftpClient::request("long", {{"timeout", "30"}}));
    }
  }
  CHECK(eventually([&] { return counters().active == 8 && counters().displaced == 4; }));
  const auto other = TftpClient(port(), "127.0.0.1", "127.0.0.9").get("long");
  CHECK(other.bytes == files["long"]);
  // Nor where it is behind the same address as they are.
  CHECK(TftpClient(port(), "127.0.0.1", "127.0.0.3").get("long").bytes == files["long"]);
  CHECK(counters().shed == 0);
}

TEST_CASE_METHOD(Site, "tftp: what an address that never asked is sent in a second is bounded") {
  options.limits.transfers_per_address = 4;
  options.limits.starts_per_address = 10;
  options.limits.second = 1h;  // a second's name for tests
  start();
  std::vector<std::unique_ptr<TftpClient>> forged;
  for (int i = 0; i < 30; ++i) {
    forged.push_back(std::make_unique<TftpClient>(port()));
    forged.back()->send(TftpClient::request("long"));
  }
  CHECK(eventually([&] { return counters().shed == 20; }));
  CHECK(counters().read_requests == 10);
  CHECK(counters().active == 4);
  TftpClient elsewhere(port(), "127.0.0.1", "127.0.0.2");
  elsewhere.send(TftpClient::request("short"));
  CHECK(elsewhere.receive()->rest == "hello\n");
}

TEST_CASE_METHOD(Site, "tftp: a fault in one transfer is told, gives its place back and ends no other") {
  arrival_fails = true;
  start();
  CHECK(TftpClient(port()).get("short").complete);
  CHECK(eventually([&] { return counters().failed == 1 && counters().active == 0; }));
  arrival_fails = false;
  CHECK(TftpClient(port()).get("short").complete);
  CHECK(eventually([&] { return arrived == 1; }));
  server.reset();
  CHECK_THAT(lines.str(), ContainsSubstring("no room for the event"));
}

TEST_CASE_METHOD(Site, "tftp: a phone that begins anew from the same port gets a transfer from the start") {
  options.limits.patience = 30ms;
  options.limits.most_patience = 30ms;
  options.limits.repeats = 1000;
  start();
  TftpClient phone(port());
  phone.send(TftpClient::request("long"));
  REQUIRE(phone.receive()->number == 1);
  const auto old = phone.peer;
  phone.answer(TftpClient::ack(1));
  // It restarts: block 2 comes again and again, until it asks anew.
  REQUIRE(eventually([&] { return counters().blocks_repeated >= 2; }));
  phone.send(TftpClient::request("long"));
  REQUIRE(eventually([&] {
    const auto packet = phone.receive();
    return packet && phone.peer != old && packet->number == 1;
  }));
  // Another file, while the one before is well under way.
  const auto before = phone.peer;
  phone.send(TftpClient::request("short"));
  REQUIRE(eventually([&] {
    const auto packet = phone.receive();
    return packet && phone.peer != before && packet->rest == "hello\n";
  }));
  phone.answer(TftpClient::ack(1));
  CHECK(eventually([&] { return counters().active == 0; }));
  CHECK(counters().completed == 1);
}

TEST_CASE_METHOD(Site, "tftp: answers come from the address that was asked") {
  options.host = "0.0.0.0";
  start();
  TftpClient phone(port(), "127.0.0.5");
  phone.send(TftpClient::request("short"));
  REQUIRE(phone.receive());
  CHECK(phone.peer.address().to_string() == "127.0.0.5");
  phone.answer(TftpClient::ack(1));
  phone.send(TftpClient::request("none"));
  REQUIRE(phone.receive()->opcode == 5);
  CHECK(phone.peer.address().to_string() == "127.0.0.5");
}

TEST_CASE_METHOD(Site, "tftp: IPv6, and IPv4 beside it") {
  options.host = "::";
  start();
  CHECK(TftpClient(port(), "::1").get("long", {{"blksize", "9000"}}).bytes == files["long"]);
  CHECK(TftpClient(port(), "127.0.0.1").get("long", {{"blksize", "9000"}}).bytes == files["long"]);
}

TEST_CASE_METHOD(Site, "tftp: many phones at once") {
  start();
  std::vector<std::thread> phones;
  std::atomic<int> whole = 0;
  for (int i = 0; i < 20; ++i)
    phones.emplace_back([&] { whole += TftpClient(port()).get("long", {{"blksize", "1468"}}).bytes == files["long"]; });
  for (auto& phone : phones) phone.join();
  CHECK(whole == 20);
}

TEST_CASE_METHOD(Site, "tftp: a server that ends leaves nothing behind") {
  start();
  TftpClient phone(port());
  phone.send(TftpClient::request("long"));
  REQUIRE(phone.receive());
  server.reset();
  CHECK(arrived == 0);
}

TEST_CASE_METHOD(Site, "tftp: a port that is taken says so, and what to do") {
  start();
  auto again = options;
  again.port = port();
  const auto second = tftp::Server::start(again, {}, logger);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == "tftp_listen_failed");
  CHECK_THAT(second.error().message,
             ContainsSubstring(std::to_string(port())) && ContainsSubstring("provisioning.tftp.port"));
  again.host = "192.0.2.77";
  CHECK_THAT(tftp::Server::start(again, {}, logger).error().message, ContainsSubstring("192.0.2.77"));
}
