// strowger campaign: through the running server's API.
#include "adapters/cli/api_call.hpp"
#include "adapters/cli/commands.hpp"
#include "adapters/cli/progress_bar.hpp"
#include "events/json.hpp"

#include <iostream>
#include <thread>

#include <boost/json.hpp>

namespace strowger::cli {
namespace {

namespace bj = boost::json;

constexpr std::string_view campaigns_path = "/api/provisioning/campaigns";
constexpr auto look_every = std::chrono::milliseconds(500);

struct Counts {
  std::uint64_t total = 0, waiting = 0, told = 0, converged = 0, failed = 0, skipped = 0;
};
BOOST_DESCRIBE_STRUCT(Counts, (), (total, waiting, told, converged, failed, skipped))

struct Shown {
  std::string id, name, selection, state, started_at;
  std::optional<std::string> reason;
  Counts counts;
  std::uint64_t finished() const { return counts.converged + counts.failed + counts.skipped; }
  bool over() const { return state != "running" && state != "paused"; }
};
BOOST_DESCRIBE_STRUCT(Shown, (), (id, name, selection, state, started_at, reason, counts))

void print(const Shown& campaign) {
  const auto& counts = campaign.counts;
  std::cout << campaign.id << "  " << campaign.state << "  " << campaign.finished() << " of " << counts.total
            << " devices: " << counts.converged << " converged, " << counts.failed << " failed, " << counts.skipped
            << " skipped, " << counts.told << " told, " << counts.waiting << " waiting  "
            << (campaign.name.empty() ? campaign.selection : campaign.name) << '\n';
  if (campaign.reason && !campaign.reason->empty()) std::cout << "  " << *campaign.reason << '\n';
}

int watch(const config::Settings& settings, const std::string& id) {
  const auto target = std::string(campaigns_path) + "/" + id + "?limit=1";
  Shown last;
  {
    ProgressBar bar("Rebooting");
    for (;;) {
      const auto answer = get(settings, target);
      if (!answer) return fail(answer.error());
      const auto shown = json::from_string<Shown>(*answer);
      if (!shown) return fail(shown.error());
      last = *shown;
      bar.show(last.finished(), last.counts.total);
      if (last.over()) break;
      std::this_thread::sleep_for(look_every);
    }
  }
  print(last);
  return last.state == "completed" && last.counts.failed == 0 ? 0 : 1;
}

}  // namespace

int campaign_start(const CampaignStartOptions& options) {
  const auto settings = settings_of(options.server);
  if (!settings) return fail(settings.error());
  bj::object body{{"verb", options.verb}};
  if (options.all) body["all"] = true;
  if (options.stale) body["stale"] = true;
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) body[key] = value;
  };
  put("name", options.name);
  put("vendor", options.vendor);
  put("model", options.model);
  put("site", options.site);
  if (!options.extensions.empty()) body["extensions"] = bj::value_from(options.extensions);
  if (!options.devices.empty()) body["devices"] = bj::value_from(options.devices);
  const auto put_number = [&](const char* key, const std::optional<unsigned>& value) {
    if (value) body[key] = *value;
  };
  put_number("max_in_flight", options.max_in_flight);
  put_number("max_per_second", options.max_per_second);
  put_number("per_site", options.per_site);
  put_number("abort_percent", options.abort_percent);
  if (options.quiet_hours) body["quiet_hours"] = *options.quiet_hours;
  const auto answer = post(*settings, std::string(campaigns_path), bj::serialize(body));
  if (!answer) return fail(answer.error());
  const auto started = json::from_string<Shown>(*answer);
  if (!started) return fail(started.error());
  print(*started);
  return options.watch ? watch(*settings, started->id) : 0;
}

int campaign_list(const ServerOptions& options) {
  const auto settings = settings_of(options);
  if (!settings) return fail(settings.error());
  const auto answer = get(*settings, std::string(campaigns_path));
  if (!answer) return fail(answer.error());
  const auto all = json::from_string<std::vector<Shown>>(*answer);
  if (!all) return fail(all.error());
  for (const auto& campaign : *all) print(campaign);
  if (all->empty()) std::cerr << "There was no campaign yet.\n";
  return 0;
}

int campaign_watch(const CampaignOptions& options) {
  const auto settings = settings_of(options.server);
  if (!settings) return fail(settings.error());
  return watch(*settings, options.id);
}

int campaign_command(const CampaignOptions& options, const std::string& what) {
  const auto settings = settings_of(options.server);
  if (!settings) return fail(settings.error());
  const auto answer = post(*settings, std::string(campaigns_path) + "/" + options.id + "/" + what, "{}");
  if (!answer) return fail(answer.error());
  const auto shown = json::from_string<Shown>(*answer);
  if (!shown) return fail(shown.error());
  print(*shown);
  return 0;
}

}  // namespace strowger::cli
