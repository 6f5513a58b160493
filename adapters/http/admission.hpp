// What is said of a request before its body is read: whether there is such a route, who asks and whether they may, and
// whether the body is of a kind and size that is taken.
#pragma once

#include "adapters/http/loop.hpp"
#include "adapters/http/request_parser.hpp"

namespace strowger::http {

struct Admission {
  const Route* route = nullptr;  // none: refused
  Response refusal{};
};

// Fills the request's parameters and who asks.
Admission admit(const Common& common, const RequestParser& parser, Request& request);

// Who the request's bearer token is of, now.
Result<Principal> identify(const Options& options, const Request& request);

Response for_bad_head(const error_code& fault);
Response for_bad_body(const error_code& fault, std::size_t limit);

}  // namespace strowger::http
