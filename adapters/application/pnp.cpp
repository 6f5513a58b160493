#include "adapters/application/pnp.hpp"

#include "events/event.hpp"

#include <map>
#include <utility>

#include <spdlog/logger.h>

namespace strowger::application {
namespace {

constexpr std::size_t plenty = 4096;  // then those whose window is over leave

class Answers {
 public:
  explicit Answers(PnpWorld world) : world_(std::move(world)) {}

  std::optional<std::string> operator()(const sip::PnpAsk& ask) {
    const auto& phone = ask.request;
    const auto file = phone.mac.text() + ".cfg";
    auto agent = phone.user_agent;
    if (agent.empty() && !phone.vendor.empty()) agent = phone.vendor + " " + phone.model + " " + phone.version;
    boost::system::error_code fault;
    const auto address = http::asio::ip::make_address(ask.ip, fault);
    if (fault) return std::nullopt;
    auto url = world_.files->invite({"pnp", file, ask.ip, address, agent});
    if (!url) return std::nullopt;
    world_.logger->info("PnP: {} at {} on {} ({} {} {}) is told {}", phone.mac.colons(), ask.ip, ask.interface,
                        phone.vendor, phone.model, phone.version, *url);
    record(ask, *url);
    return std::move(*url);
  }

 private:
  void record(const sip::PnpAsk& ask, const std::string& url) {
    const auto now = world_.clock.now();
    const auto window = world_.settings()->log.repeat_window;
    const auto& phone = ask.request;
    if (told_.size() >= plenty)
      std::erase_if(told_, [&](const auto& one) { return one.second + window <= now.instant; });
    const auto [told, first] = told_.try_emplace(phone.mac, now.instant);
    if (!first && now.instant < told->second + window) return;
    told->second = now.instant;
    const PnpAnswered event{phone.mac,    url,         ask.ip,        ask.interface,
                            phone.vendor, phone.model, phone.version, phone.user_agent};
    AppendRequest request;
    request.facts.push_back({StreamId::activity_of(phone.mac),
                             encode(event, Cause{"phone:" + phone.mac.text(), {}, {}}, now.date, world_.ids)});
    world_.log.append(std::move(request), [logger = world_.logger](const Result<Receipt>& receipt) {
      if (!receipt) logger->error("That a phone was answered by PnP was not recorded: {}", receipt.error().message);
    });
  }

  PnpWorld world_;
  std::map<MacAddress, Instant> told_;  // registered devices alone are told anything
};

}  // namespace

sip::PnpInvite pnp_invite(PnpWorld world) {
  const auto answers = std::make_shared<Answers>(std::move(world));
  return [answers](const sip::PnpAsk& ask) { return (*answers)(ask); };
}

sip::PnpOptions pnp_options(const config::Settings& settings, sip::PnpInvite invite) {
  const auto& set = settings.provisioning.pnp;
  if (!set.enabled) return {};
  return {set.interfaces, std::move(invite)};
}

}  // namespace strowger::application
