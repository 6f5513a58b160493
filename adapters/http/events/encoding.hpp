// How events leave by HTTP.
#pragma once

#include <string_view>

namespace strowger::http::events {

inline constexpr std::string_view source = "urn:strowger";  // of every CloudEvent of this server

}  // namespace strowger::http::events
