// What happens to a campaign, which reboots a set of devices at a pace: stream campaign/<id>. What becomes of each of
// its devices is on the device's own stream, in events that name the campaign.
#pragma once

#include "events/ids.hpp"
#include "events/types/device.hpp"
#include "events/uuid.hpp"

#include <string>
#include <vector>

#include <boost/describe/class.hpp>

namespace strowger {

// How fast, and when not. Zero means no limit.
struct CampaignPace {
  std::uint32_t max_in_flight = 0;  // phones that were told and have not fetched yet
  std::uint32_t max_per_second = 0;
  std::uint32_t per_site = 0;       // in flight at one site
  std::string quiet_hours;          // 08:00-18:00, of the server's clock: nobody is told in them
  std::uint32_t abort_percent = 0;  // of the devices that have an outcome: it stops where more failed
  bool operator==(const CampaignPace&) const = default;
};
BOOST_DESCRIBE_STRUCT(CampaignPace, (), (max_in_flight, max_per_second, per_site, quiet_hours, abort_percent))

struct CampaignStarted {
  static constexpr std::string_view type = "campaign.started";
  static constexpr std::uint16_t schema = 1;
  Uuid campaign;
  std::string name;
  std::string selection;  // for people: vendor yealink, stale
  RebootVerb verb = RebootVerb::reboot;
  bool only_stale = false;  // who runs the present configuration when its turn comes is left alone
  std::uint32_t devices = 0;
  CampaignPace pace;
};
BOOST_DESCRIBE_STRUCT(CampaignStarted, (), (campaign, name, selection, verb, only_stale, devices, pace))

// Its devices, in the order in which they are told; some in each event.
struct CampaignDevicesAdded {
  static constexpr std::string_view type = "campaign.devices_added";
  static constexpr std::uint16_t schema = 1;
  Uuid campaign;
  std::vector<MacAddress> devices;
};
BOOST_DESCRIBE_STRUCT(CampaignDevicesAdded, (), (campaign, devices))

// The turn of these devices came, and there was nothing to tell them or nobody to be told; many in one event.
struct SkippedDevice {
  MacAddress mac;
  std::string code;  // converged, no_phone, unregistered, unservable, overtaken
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(SkippedDevice, (), (mac, code, reason))

struct CampaignDevicesSkipped {
  static constexpr std::string_view type = "campaign.devices_skipped";
  static constexpr std::uint16_t schema = 1;
  Uuid campaign;
  std::vector<SkippedDevice> devices;
};
BOOST_DESCRIBE_STRUCT(CampaignDevicesSkipped, (), (campaign, devices))

// The same of one device, as earlier releases recorded it. Not written any more.
struct CampaignDeviceSkipped {
  static constexpr std::string_view type = "campaign.device_skipped";
  static constexpr std::uint16_t schema = 1;
  Uuid campaign;
  MacAddress mac;
  std::string code;  // converged, no_phone, unregistered, unservable
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(CampaignDeviceSkipped, (), (campaign, mac, code, reason))

struct CampaignPaused {
  static constexpr std::string_view type = "campaign.paused";
  static constexpr std::uint16_t schema = 1;
  Uuid campaign;
};
BOOST_DESCRIBE_STRUCT(CampaignPaused, (), (campaign))

struct CampaignResumed {
  static constexpr std::string_view type = "campaign.resumed";
  static constexpr std::uint16_t schema = 1;
  Uuid campaign;
};
BOOST_DESCRIBE_STRUCT(CampaignResumed, (), (campaign))

// Those that were told already go their way; nobody else is told.
struct CampaignCancelled {
  static constexpr std::string_view type = "campaign.cancelled";
  static constexpr std::uint16_t schema = 1;
  Uuid campaign;
};
BOOST_DESCRIBE_STRUCT(CampaignCancelled, (), (campaign))

struct CampaignAborted {
  static constexpr std::string_view type = "campaign.aborted";
  static constexpr std::uint16_t schema = 1;
  Uuid campaign;
  std::uint32_t failed = 0;
  std::uint32_t finished = 0;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(CampaignAborted, (), (campaign, failed, finished, reason))

struct CampaignCompleted {
  static constexpr std::string_view type = "campaign.completed";
  static constexpr std::uint16_t schema = 1;
  Uuid campaign;
  std::uint32_t converged = 0;
  std::uint32_t failed = 0;
  std::uint32_t skipped = 0;
};
BOOST_DESCRIBE_STRUCT(CampaignCompleted, (), (campaign, converged, failed, skipped))

}  // namespace strowger
