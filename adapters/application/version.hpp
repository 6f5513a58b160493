// What this program calls itself.
#pragma once

#include <string_view>

namespace strowger::application {

inline constexpr std::string_view version = STROWGER_VERSION;  // of the CMake project

}  // namespace strowger::application
