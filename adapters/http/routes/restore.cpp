#include "adapters/http/routes/restore.hpp"

#include <sodium.h>

namespace strowger::http::routes {

Result<Restored> restore(Services& services, const MacAddress& mac, const provisioning::PointInTime& point) {
  const history::History history(services.log, services.vault);
  const auto moment = history.find(point, services.clock());
  if (!moment) return moment.error();
  auto past = history.read(mac, *moment);
  if (!past) return past.error();

  auto password = services.vault.open(past->extension.password.value);
  if (!password && password.error().code != "secret_shredded") return password.error();
  auto values = provisioning::values_of(*past, password ? *password : std::string(provisioning::mask));
  auto parts = provisioning::take_apart(past->source, values);
  Restored restored{*moment, std::move(*past), {}, std::move(parts)};
  if (password) {
    auto exact = provisioning::render_from(restored.past.source, values);
    if (!exact) return exact.error();
    restored.exact = std::move(*exact);
    sodium_memzero(password->data(), password->size());
  }
  sodium_memzero(values.password.data(), values.password.size());
  return restored;
}

std::string destroyed_note(const provisioning::Past& past) {
  return "Extension " + past.extension.number.text() +
         " was deleted since, and its password was destroyed with it: the file cannot be made again as it was, byte by "
         "byte. All else in it is as it was.";
}

}  // namespace strowger::http::routes
