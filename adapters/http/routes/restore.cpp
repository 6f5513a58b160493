#include "adapters/http/routes/restore.hpp"

namespace strowger::http::routes {
namespace {

constexpr int most_steps_back = 8;  // changes that can be on their way at once

Result<Restored> restore_at(Services& services, const history::History& history, const MacAddress& mac,
                            const history::Moment& moment, const std::stop_token& stop) {
  auto past = history.read(mac, moment);
  if (!past) return past.error();
  bool destroyed = false;        // some secret of it…
  bool token_destroyed = false;  // …which is only the token in its URL
  auto values = provisioning::values_of(*past, [&](const SealedSecret& secret) -> Result<std::string> {
    auto clear = services.vault.open(secret);
    if (clear || clear.error().code != "secret_shredded") return clear;
    (secret == past->device.token.value ? token_destroyed : destroyed) = true;
    return std::string(provisioning::mask);
  });
  if (!values) return values.error();
  auto parts = provisioning::take_apart(past->source, *values, stop);
  Restored restored{moment, std::move(*past), {}, std::move(parts)};
  if (!destroyed && !token_destroyed) {
    auto exact = provisioning::render_from(restored.past.source, *values, stop);
    if (!exact) return exact.error();
    restored.exact = std::move(*exact);
  } else if (!destroyed) {
    restored.note =
        "The token in the device's URL was revoked since and destroyed: the file cannot be made again as it was, byte "
        "by byte. All else in it is as it was.";
  } else {
    restored.note = "Extension " + restored.past.extension.number.text() +
                    " or another of its lines was deleted since, and its password was destroyed with it: the file "
                    "cannot be made again as it was, byte by byte. All else in it is as it was.";
  }
  values->wipe();
  return restored;
}

}  // namespace

Result<Restored> restore(Services& services, const MacAddress& mac, const provisioning::PointInTime& point,
                         const std::stop_token& stop) {
  const history::History history(services.log, services.vault);
  const auto moment = history.find(point, services.clock());
  if (!moment) return moment.error();
  auto restored = restore_at(services, history, mac, *moment, stop);
  if (!restored || !restored->exact || !moment->served || moment->served->mac != mac) return restored;

  const auto& recorded = moment->served->etag;
  if (restored->exact->etag == recorded) return restored;
  auto past = restored->past;
  for (int i = 0; i < most_steps_back; ++i) {
    const auto earlier = history.before_last_change(past);
    if (!earlier) return earlier.error();
    if (!*earlier) break;
    auto candidate = restore_at(services, history, mac, **earlier, stop);
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
