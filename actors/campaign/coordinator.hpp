// Tells a campaign's devices one after the other, at its pace. Each round looks at the projections, which say who
// waits, who was told and who is done; nothing else is remembered, so a crash changes nothing: the next start goes on
// with who still waits. A device is asked under a key of its campaign, so that it is told once however often it is
// asked.
//
// A campaign that would tell a phone which is being told already, or is in a call, comes back to it later. Who was told
// keeps its place until it has fetched or was given up, also while it waits for the next attempt: so there are never
// more in flight than allowed, whoever tells it again.
#pragma once

#include "actors/campaign/campaign.hpp"
#include "actors/convergence/pace.hpp"
#include "actors/device/device.hpp"
#include "actors/reboot/busy_phones.hpp"
#include "actors/registrar/binding.hpp"
#include "actors/router.hpp"
#include "events/drive.hpp"
#include "events/projections/campaigns.hpp"
#include "events/projections/devices.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

namespace strowger::campaign {

class Coordinator {
 public:
  struct World {
    actors::Entities<actors::Campaign>& campaigns;
    actors::Entities<actors::Device>& devices;
    const CampaignsProjection& projection;
    const DevicesProjection& device_rows;
    const registrar::Bindings& bindings;
    std::function<Result<std::string>(const DefinitionPtr&)> etag;  // as of ConvergenceReactor
    Clock clock;
    const reboot::BusyPhones& busy;
  };

  explicit Coordinator(World world, Drive drive = Drive::own_thread);
  ~Coordinator();
  Coordinator(Coordinator&&) = delete;

  // Driven by hand: one round. More where something was asked.
  Step step();

 private:
  using Key = std::pair<Uuid, MacAddress>;
  struct Shared;

  void run(const std::stop_token& stop);
  void take_declined(Instant now);
  bool begin(const Key& key);
  bool round(const CampaignRow& campaign, const Now& now);
  bool tell_next(const CampaignRow& campaign, const Now& now);
  bool tell(const CampaignRow& campaign, const CampaignDevice& device);
  bool skip(const CampaignRow& campaign, const MacAddress& mac, std::string code, std::string reason);
  void count_in_flight(const CampaignRow& campaign, convergence::Gate& gate, Instant now);
  bool end_if_due(const CampaignRow& campaign);
  void say_skipped(const CampaignRow& campaign);
  void ask_campaign(const CampaignRow& campaign, std::vector<MacAddress> of, actors::Campaign::Command command);

  World world_;
  std::shared_ptr<Shared> shared_;
  std::map<Uuid, convergence::Gate> gates_;
  std::map<Key, Instant> strayed_;      // told devices that the devices' rows know nothing of, since when
  std::map<Key, Instant> again_;        // declined: not before
  std::vector<SkippedDevice> skipped_;  // in this round of a campaign
  std::jthread thread_;
};

}  // namespace strowger::campaign
