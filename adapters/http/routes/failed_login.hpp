// What is recorded of a login that failed.
#pragma once

#include "adapters/http/provision/services.hpp"

#include <string>
#include <string_view>

namespace strowger::http::routes {

// The name is kept where it is that of a user or an extension; else only its length, for it may be a password that was
// typed into the wrong box. Any thread.
LoginFailed failed_login(const Services& services, const std::string& name, std::string_view address);

}  // namespace strowger::http::routes
