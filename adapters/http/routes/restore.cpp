#include "adapters/http/routes/restore.hpp"

#include <sodium.h>

namespace strowger::http::routes {
namespace {

constexpr int most_steps_back = 8;  // changes that can be on their way at once

Result<Restored> restore_at(Services& services, const history::History& history, const MacAddress& mac,
                            const history::Moment& moment) {
  auto past = history.read(mac, moment);
  if (!past) return past.error();
  auto password = services.vault.open(past->extension.password.value);
  if (!password && password.error().code != "secret_shredded") return password.error();
  const auto& sealed = past->device.token.value;
  auto token = sealed.empty() ? Result<std::string>(std::string()) : services.vault.open(sealed);
  if (!token && token.error().code != "secret_shredded") return token.error();
  auto values = provisioning::values_of(*past, password ? *password : std::string(provisioning::mask),
                                        token ? *token : std::string(provisioning::mask));
  auto parts = provisioning::take_apart(past->source, values);
  Restored restored{moment, std::move(*past), {}, std::move(parts)};
  if (password && token) {
    auto exact = provisioning::render_from(restored.past.source, values);
    if (!exact) return exact.error();
    restored.exact = std::move(*exact);
  } else if (password) {
    restored.note =
        "The token in the device's URL was revoked since and destroyed: the file cannot be made again as it was, byte "
        "by byte. All else in it is as it was.";
  } else {
    restored.note = "Extension " + restored.past.extension.number.text() +
                    " was deleted since, and its password was destroyed with it: the file cannot be made again as it "
                    "was, byte by byte. All else in it is as it was.";
  }
  if (password) sodium_memzero(password->data(), password->size());
  sodium_memzero(values.password.data(), values.password.size());
  return restored;
}

}  // namespace

Result<Restored> restore(Services& services, const MacAddress& mac, const provisioning::PointInTime& point) {
  const history::History history(services.log, services.vault);
  const auto moment = history.find(point, services.clock());
  if (!moment) return moment.error();
  auto restored = restore_at(services, history, mac, *moment);
  if (!restored || !restored->exact || !moment->served || moment->served->mac != mac) return restored;

  const auto& recorded = moment->served->etag;
  if (restored->exact->etag == recorded) return restored;
  auto past = restored->past;
  for (int i = 0; i < most_steps_back; ++i) {
    const auto earlier = history.before_last_change(past);
    if (!earlier) return earlier.error();
    if (!*earlier) break;
    auto candidate = restore_at(services, history, mac, **earlier);
    if (!candidate) break;  // the device was not there yet
    if (candidate->exact && candidate->exact->etag == recorded) {
      candidate->note = "The phone asked while a change was on its way: it was sent the file as it was at position " +
                        std::to_string(number((*earlier)->position)) + ".";
      candidate->moment = *moment;
      return candidate;
    }
    past = std::move(candidate->past);
  }
  restored->as_recorded = false;
  restored->note = "The phone was sent a file with the ETag " + recorded +
                   ", which cannot be made again from what the log holds; this is what it would have been sent by this "
                   "release.";
  return restored;
}

}  // namespace strowger::http::routes
