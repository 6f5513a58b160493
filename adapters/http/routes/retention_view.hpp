// What the API says of retention: who it waits for, and who lost events because it waited no longer.
#pragma once

#include "actors/history/retention.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace strowger::http::routes {

std::string_view retention_schema();
boost::json::object retention_view(const history::RetentionStatus& status);

// A line for each thing that a person should do something about. Lost events are told for 30 days.
std::vector<std::string> retention_warnings(const history::RetentionStatus& status, Timestamp now);

}  // namespace strowger::http::routes
