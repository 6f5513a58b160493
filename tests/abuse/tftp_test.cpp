// TFTP has no handshake: whoever asks may not be there. What is asked for and never acknowledged must hold nothing.
#include "tests/abuse/victim.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/tftp_client.hpp"

#include <filesystem>
#include <fstream>
#include <memory>

using namespace strowger::test;

SCENARIO("abuse: transfers that nobody acknowledges make room for a phone that is there") {
  TemporaryFolder around;
  const auto firmware = around.path() / "firmware";
  std::filesystem::create_directories(firmware);
  std::ofstream(firmware / "T46S-66.86.0.15.rom", std::ios::binary) << std::string(200'000, 'f');
  Victim victim("provisioning: {firmware_dir: " + firmware.string() +
                ", tftp: {enabled: true, host: 127.0.0.1, port: 0}}\nserver: {external_ip: 127.0.0.1}\n");
  const auto log = victim.site.log();
  const auto port = static_cast<std::uint16_t>(std::stoul(log.substr(log.find("TFTP port: ") + 11)));
  std::vector<std::unique_ptr<TftpClient>> silent;
  for (int i = 0; i < 600; ++i) {
    silent.push_back(std::make_unique<TftpClient>(port));
    silent.back()->send(TftpClient::request("T46S-66.86.0.15.rom", {{"timeout", "255"}}));
  }
  CHECK(eventually(
      [&] {
        TftpClient phone(port);
        phone.send(TftpClient::request("T46S-66.86.0.15.rom"));
        const auto first = phone.receive(std::chrono::seconds(2));
        if (!first || first->opcode != 3) return false;
        phone.answer(TftpClient::ack(first->number));
        const auto second = phone.receive(std::chrono::seconds(2));
        return second && second->opcode == 3 && second->number == 2;
      },
      std::chrono::seconds(30)));
  silent.clear();
  victim.recovered();
}
