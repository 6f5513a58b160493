#include "adapters/http/token.hpp"

#include "adapters/application/application.hpp"
#include "adapters/vault/sodium_vault.hpp"

namespace strowger::application {

Result<std::string> issue_token(const config::Settings& settings, const std::string& user, Role role,
                                std::chrono::seconds lifetime) {
  // The running server holds the log; the key alone is enough, and is what may be read only by its owner.
  const auto key = vault::MasterKey::load(vault::MasterKeySource::from_environment(settings.data_dir), false);
  if (!key) return key.error();
  IdSource ids;
  return http::TokenSigner([&] { return vault::derived_key(*key, "api-token"); })
      .issue(user, role, ids.next(), system_now() + lifetime);
}

}  // namespace strowger::application
