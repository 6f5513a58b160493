// Prometheus' text format, version 0.0.4.
#pragma once

#include "adapters/http/routes/context.hpp"

#include <string>

namespace strowger::http::routes {

std::string metrics_text(Context& context);

}  // namespace strowger::http::routes
