// The OpenAPI 3.1 document of a route table. It is made from what the server routes by, so it cannot disagree with it.
#pragma once

#include "adapters/http/router.hpp"

#include <string>
#include <string_view>

namespace strowger::http {

// Throws std::logic_error where a route names a schema that was not added, or a schema is not JSON: a mistake in the
// table, found when the server starts.
std::string openapi_document(const Router& router, std::string_view version, bool require_authentication);

}  // namespace strowger::http
