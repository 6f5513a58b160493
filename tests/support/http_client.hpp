// The administrator's and the phone's HTTP: one request, one reply.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <boost/json/value.hpp>

namespace strowger::test {

struct HttpReply {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
  boost::json::value json() const;  // throws where the body is not JSON
};

using Headers = std::map<std::string, std::string>;

// To 127.0.0.1. Throws boost::system::system_error where nobody answers.
HttpReply http(std::uint16_t port, const std::string& method, const std::string& target, const Headers& headers = {},
               const std::string& body = {});

}  // namespace strowger::test
