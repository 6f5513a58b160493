// What is said of a request before its body is read: whether there is such a route, who asks and whether they may, and
// whether the body is of a kind and size that is taken.
#pragma once

#include "adapters/http/loop.hpp"
#include "adapters/http/request_parser.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::http {

// A refusal that HTTP itself is the reason for, not a route.
struct Refused {
  std::uint16_t status = 400;
  std::string code;
  std::string reason;
  Response response() const;
};

struct Admission {
  const Route* route = nullptr;  // none: refused
  Response refusal{};
  std::optional<Refused> unread{};  // where no route was found, or the head alone was enough to refuse it
};

// Fills the request's parameters and who asks.
Admission admit(const Common& common, const RequestParser& parser, Request& request);

// Who the request's bearer token is of, now.
Result<Principal> identify(const Options& options, const Request& request);

// `line` is the request line, or what stands in its place.
Refused for_bad_head(const error_code& fault, std::string_view line);
Response for_bad_body(const error_code& fault, std::size_t limit);

}  // namespace strowger::http
