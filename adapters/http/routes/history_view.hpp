// The past as the API shows it.
#pragma once

#include "actors/history/history.hpp"
#include "adapters/http/routes/context.hpp"

namespace strowger::http::routes {

boost::json::object view_of(const provisioning::Origin& origin);
boost::json::object view_of(const history::Moment& moment);
boost::json::object view_of(const history::ServedFile& served);
// What the file was rendered from: extension, vendor, model, template.
boost::json::object basis_view(const provisioning::Past& past);
// What comes out of a template may be any bytes; JSON is UTF-8.
boost::json::string safe_text(std::string_view bytes);

Parameter point_parameter(std::string name, std::string description, bool required = false);

std::string_view origin_schema();
std::string_view served_schema();
std::string_view folded_schema();
std::string_view past_config_schema();

}  // namespace strowger::http::routes
