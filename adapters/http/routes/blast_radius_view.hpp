// What a change would do, as the API shows it, and ?dry_run=true, which asks for nothing more.
#pragma once

#include "adapters/http/provision/blast_radius.hpp"
#include "adapters/http/routes/context.hpp"

namespace strowger::http::routes {

boost::json::object view_of(const provision::BlastRadius& radius);
std::string_view blast_radius_schema();
Parameter dry_run_parameter();
Result<bool> dry_run_of(const Request& request);

}  // namespace strowger::http::routes
