#include "actors/convergence/overdue.hpp"

#include "actors/reboot/phone_notifier.hpp"

#include <algorithm>
#include <charconv>

namespace strowger::convergence {
namespace {

// The status that a refusal begins with; 0: none.
unsigned status_of_refusal(const std::string& detail) {
  unsigned status = 0;
  std::from_chars(detail.data(), detail.data() + detail.size(), status);
  return status;
}

std::chrono::seconds backoff(const Policy& policy, std::uint16_t attempt) {
  auto wait = policy.first_backoff;
  for (std::uint16_t i = 1; i < attempt && wait < policy.longest_backoff; ++i) wait *= 2;
  return std::min(wait, policy.longest_backoff);
}

struct Failure {
  std::string code;
  std::string reason;
};

Failure failure_of(const Convergence& state, bool fetched_older) {
  if (state.stage == ConvergenceStage::refused)
    return {"refused", "the phone refused with " + state.detail +
                           ": check that it allows remote reboots (check-sync), or restart it by hand"};
  if (state.stage == ConvergenceStage::unanswered) {
    if (state.detail.starts_with("no phone"))
      return {"no_phone", state.detail + "; it fetches its configuration when it is switched on"};
    return {"unanswered", "the phone is registered but did not answer (" + state.detail +
                              "): check that it is switched on and in the network; it fetches its configuration when "
                              "it starts"};
  }
  if (fetched_older)
    return {"not_fetched", "the phone was told while its configuration changed, and fetched the older one"};
  return {"not_fetched",
          "the phone agreed to fetch its configuration and did not do so: check the provisioning URL that is set in "
          "the phone, and that it reaches this server"};
}

}  // namespace

actors::ReportOverdue overdue(const Convergence& state, bool fetched_older, const Policy& policy) {
  auto [code, reason] = failure_of(state, fetched_older);
  actors::ReportOverdue command{state.reboot, std::move(code), std::move(reason), std::nullopt};
  const bool nobody = command.code == "no_phone";  // trying again finds nobody again; its registration is waited for
  // A phone that does not know the method or the event will not know it next time.
  const bool for_good = command.code == "refused" && reboot::refused_for_good(status_of_refusal(state.detail));
  if (!nobody && !for_good && state.attempts <= policy.retries) {
    auto wait = backoff(policy, state.attempts);
    if (const auto asked = reboot::retry_after_of(state.detail)) wait = std::max(wait, *asked);
    command.retry_in = wait;
  }
  return command;
}

}  // namespace strowger::convergence
