#include "adapters/http/routes/failed_login.hpp"

namespace strowger::http::routes {

LoginFailed failed_login(const Services& services, const std::string& name, std::string_view address) {
  const auto number = ExtensionNumber::parse(name);
  const bool account = services.user_rows.find(name) || (number && services.extension_rows.find(*number));
  if (account) return {name, std::string(address), 0};
  return {{}, std::string(address), static_cast<std::uint32_t>(name.size())};
}

}  // namespace strowger::http::routes
