// How a fault is said over HTTP: one shape (API.md), the right status, nothing of the inside.
#pragma once

#include "adapters/http/message.hpp"
#include "events/error.hpp"

namespace strowger::http {

std::uint16_t status_of(ErrorKind kind);
// Adds Retry-After to what is shed (429, 503) and WWW-Authenticate to 401.
Response error_response(const Error& error);
// For what only HTTP knows: 405, 408, 415, 431 and the like.
Response error_response(std::uint16_t status, std::string_view code, std::string_view message);

}  // namespace strowger::http
