// A phone as a test writes one: it registers with a digest over a Wire, and remembers what a phone remembers.
#pragma once

#include "adapters/sip/digest.hpp"
#include "tests/support/sip/wire.hpp"

#include <string>

namespace strowger::test {

class Phone {
 public:
  Phone(Wire::Kind kind, std::uint16_t server_port, std::string extension, std::string password = "secret",
        std::string ip = "127.0.0.1", const std::string& server = "127.0.0.1");

  struct Register {
    std::string contact;          // whole header values, comma separated; empty: none
    std::string expires = "600";  // empty: no header
    std::string extra;            // more header lines, each with its CRLF
    sip::Algorithm algorithm = sip::Algorithm::md5;
  };
  // Asks, answers the challenge, and returns the final answer.
  SipText register_with(const Register& what);
  SipText register_as(const std::string& contact, const std::string& expires = "600");

  // The pieces, for tests that do it wrong on purpose.
  std::string text(const Register& what, const std::string& authorization = "");
  std::string authorization(const SipText& challenge, sip::Algorithm algorithm, const std::string& nc = "00000001");
  std::string contact(const std::string& parameters = "") const;  // <sip:1001@ip:port>…

  std::string ip;
  Wire wire;
  std::string extension;
  std::string user;  // the digest's; the extension unless a test says otherwise
  std::string password;
  std::string call_id;
  std::uint32_t cseq = 0;  // of the last request

 private:
  sip::Hasher hasher_;
};

}  // namespace strowger::test
