#include "adapters/http/routes/convergence_view.hpp"

#include "actors/reboot/correlation.hpp"
#include "events/json.hpp"

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

// Bindings that all could be the device, with nothing that tells which is.
std::size_t candidates(const Context& context, const DeviceRow& row) {
  const auto bindings = reboot::Phones(context.services.bindings, context.services.device_rows).of(row);
  const bool by_mac = !bindings.empty() && bindings.front()->mac == row.definition->mac;
  return by_mac ? 1 : bindings.size();
}

std::string next_step(const DeviceRow& row, ConvergenceState state, const Result<std::string>& etag) {
  using enum ConvergenceStage;
  const auto& convergence = row.activity.convergence;
  switch (state) {
    case ConvergenceState::converged:
      return "Nothing to do.";
    case ConvergenceState::waiting:
      return "Set the provisioning URL in the phone (config_url) and restart it; it has never fetched its file.";
    case ConvergenceState::unservable:
      return "It would be sent no file: " + etag.error().message;
    case ConvergenceState::stale:
      return "It is told within minutes; POST …/resync or …/reboot tells it now.";
    case ConvergenceState::failed:
    case ConvergenceState::unreachable:
      return convergence->detail + ". Then POST …/reboot tells it again.";
    case ConvergenceState::pending:
      break;
  }
  if (convergence->deferred) return "Nothing to do: the phone is in a call and is told when that has ended.";
  switch (convergence->stage) {
    case wanted:
      return "Nothing to do: its turn comes, at the pace and outside the quiet hours of provisioning.reboots, and not "
             "while "
             "it is in a call.";
    case asked:
      return "Nothing to do: the phone is being told.";
    case retrying:
      return "Nothing to do yet: it is told again at " + to_iso8601(convergence->not_before) +
             ". Last time: " + convergence->detail + ".";
    default:
      return "Nothing to do yet: the phone was told, its fetch is waited for.";
  }
}

}  // namespace

std::string_view to_text(ConvergenceState state) {
  switch (state) {
    case ConvergenceState::converged:
      return "converged";
    case ConvergenceState::pending:
      return "pending";
    case ConvergenceState::stale:
      return "stale";
    case ConvergenceState::failed:
      return "failed";
    case ConvergenceState::unreachable:
      return "unreachable";
    case ConvergenceState::waiting:
      return "waiting";
    case ConvergenceState::unservable:
      break;
  }
  return "unservable";
}

DeviceLook look_of(const Result<std::string>& etag) {
  if (!etag) return {DeviceLook::Found::nothing, {}};
  return {DeviceLook::Found::file, *etag};
}

ConvergenceState convergence_of(const DeviceRow& row, const Result<std::string>& etag) {
  return standing_of(row.activity, look_of(etag)).state;
}

bj::object convergence_view(Context& context, const DeviceRow& row, const Result<std::string>& etag) {
  const auto state = convergence_of(row, etag);
  bj::object view{
      {"state", text(to_text(state))},
      {"next_step", text(next_step(row, state, etag))},
      {"wanted_etag", etag ? bj::value(text(*etag)) : bj::value(nullptr)},
      {"served_etag", row.activity.last_etag.empty() ? bj::value(nullptr) : bj::value(text(row.activity.last_etag))},
      {"candidates", candidates(context, row)}};
  const auto& convergence = row.activity.convergence;
  if (!convergence) return view;
  view["stage"] = text(json::word(convergence->stage));
  view["reason"] = text(json::word(convergence->reason));
  view["attempts"] = convergence->attempts;
  view["since"] = iso(convergence->since);
  view["changed_at"] = iso(convergence->changed_at);
  view["returned_at"] = time_or_null(convergence->returned_at);
  view["campaign"] =
      convergence->campaign.is_nil() ? bj::value(nullptr) : bj::value(text(convergence->campaign.text()));
  view["correlation_id"] = text(convergence->correlation.text());
  return view;
}

std::string_view convergence_schema() {
  return R"({
  "type": "object",
  "description": "Whether its phone runs the configuration that it should.",
  "required": ["state", "next_step", "wanted_etag", "served_etag", "candidates"],
  "properties": {
    "state": {"enum": ["converged", "pending", "stale", "failed", "unreachable", "waiting", "unservable"],
              "description": "pending: being brought to it. stale: nobody has begun. failed: told, and it did not come to it. unreachable: cannot be told. waiting: never fetched. unservable: would be sent no file."},
    "next_step": {"type": "string"},
    "wanted_etag": {"type": ["string", "null"]},
    "served_etag": {"type": ["string", "null"]},
    "candidates": {"type": "integer", "description": "Registered phones that may be this device; where more than 1, SIP carries no MAC address and all of them are told."},
    "stage": {"type": "string"},
    "reason": {"type": "string"},
    "attempts": {"type": "integer"},
    "since": {"type": "string", "format": "date-time"},
    "changed_at": {"type": "string", "format": "date-time"},
    "returned_at": {"type": ["string", "null"], "format": "date-time", "description": "When it registered after it had fetched."},
    "campaign": {"type": ["string", "null"], "format": "uuid"},
    "correlation_id": {"type": "string", "format": "uuid"}
  }
})";
}

}  // namespace strowger::http::routes
