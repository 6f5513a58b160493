#include "tests/abuse/victim.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/phone.hpp"

#include <filesystem>
#include <fstream>

namespace strowger::test {
namespace {

std::string options_request(const Wire& wire) {
  static int count = 0;
  const auto id = std::to_string(++count);
  return "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:" + std::to_string(wire.port()) +
         ";rport;branch=z9hG4bKalive" + id + "\r\nMax-Forwards: 70\r\nFrom: <sip:probe@127.0.0.1>;tag=p" + id +
         "\r\nTo: <sip:127.0.0.1>\r\nCall-ID: probe" + id + "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
}

// A phone repeats a request over UDP after half a second; so does this one, six times in all.
std::optional<SipText> ask_like_a_phone(Wire& wire, const std::string& request) {
  for (int tries = 0; tries < 6; ++tries)
    if (auto answer = wire.ask(request, std::chrono::milliseconds(1'000))) return answer;
  return std::nullopt;
}

}  // namespace

Victim::Victim(const std::string& settings, unsigned limit) : site(settings, limit) {
  site.create_extension(number, "Ann Example", password);
  REQUIRE(site.register_device(mac, number, "yealink", "t46s").status == 201);
  serves();  // so that what is made at first use is there before the measure
  memory_before_ = memory();
  descriptors_before_ = descriptors();
}

std::size_t Victim::memory() const {
  std::ifstream file("/proc/" + std::to_string(site.pid()) + "/statm");
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * 4096;
}

std::size_t Victim::descriptors() const {
  std::size_t count = 0;
  std::error_code ignored;
  for (auto at = std::filesystem::directory_iterator("/proc/" + std::to_string(site.pid()) + "/fd", ignored);
       at != std::filesystem::directory_iterator(); at.increment(ignored))
    ++count;
  return count;
}

bool Victim::lets_go(std::chrono::milliseconds deadline) const {
  return eventually([&] { return descriptors() <= descriptors_before_ + 16; }, deadline);
}

void Victim::serves() const {
  Wire wire(Wire::Kind::udp, site.sip_port());
  const auto options = ask_like_a_phone(wire, options_request(wire));
  REQUIRE(options);
  CHECK(options->status() == 200);

  Phone phone(Wire::Kind::udp, site.sip_port(), number, password);
  const auto registered = phone.register_as(phone.contact());
  CAPTURE(registered.text);
  CHECK(registered.status() == 200);

  const auto config = site.fetch(config_file);
  CHECK(config.status == 200);
  CHECK(config.body.find(password) != std::string::npos);

  const auto login = http(site.api_port(), "POST", "/api/auth/login", {{"Content-Type", "application/json"}},
                          R"({"extension":"1001","password":"a-long-secret"})");
  CAPTURE(login.body);
  CHECK(login.status == 200);

  const auto ready = site.get("/readyz");
  CAPTURE(ready.body);
  CHECK(ready.status == 200);
}

void Victim::recovered(std::size_t extra_memory) {
  serves();
  CAPTURE(descriptors_before_, memory_before_);
  CHECK(lets_go(std::chrono::seconds(60)));
  CHECK(eventually([&] { return memory() <= memory_before_ + extra_memory; }, std::chrono::seconds(30)));
  CAPTURE(descriptors(), memory());
  starts_again();
}

void Victim::starts_again() {
  const auto code = site.stop_within(std::chrono::seconds(10));
  REQUIRE(code);
  CHECK(*code == 0);
  site.start();
  serves();
}

}  // namespace strowger::test
