// How a phone comes to run the configuration that the log says it should: stream device/<mac>. What it is told is in
// device.hpp; this is why it has to be told, and what came of it.
#pragma once

#include "events/ids.hpp"
#include "events/time.hpp"
#include "events/types/device.hpp"
#include "events/uuid.hpp"

#include <string>

#include <boost/describe/class.hpp>

namespace strowger {

// The device's file is another one than its phone was last served: the phone has to fetch it.
struct ConfigWanted {
  static constexpr std::string_view type = "device.config_wanted";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  std::string etag;    // of the file that it would be sent now
  std::string served;  // what it was last sent
  RebootReason reason = RebootReason::config_changed;
  Position cause{};  // the event that changed the file; 0: found by looking at all devices
};
BOOST_DESCRIBE_STRUCT(ConfigWanted, (), (mac, etag, served, reason, cause))

// The phone was told, and did not fetch what is wanted, or could not be told: it is told again, not before a time.
struct RebootRetryScheduled {
  static constexpr std::string_view type = "device.reboot_retry_scheduled";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  Uuid reboot;  // the one that came to nothing
  std::uint16_t attempt = 0;
  Timestamp not_before;
  std::string code;  // as of RebootFailed
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(RebootRetryScheduled, (), (mac, reboot, attempt, not_before, code, reason))

// Nobody tries any further until something changes. A fetch of what is wanted still converges.
struct RebootFailed {
  static constexpr std::string_view type = "device.reboot_failed";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  Uuid reboot;  // the last one; nil where the phone could not be told at all
  std::uint16_t attempts = 0;
  std::string code;    // no_phone, unanswered, refused, not_fetched
  std::string reason;  // for people: what happened, and what to do
  Uuid campaign;
};
BOOST_DESCRIBE_STRUCT(RebootFailed, (), (mac, reboot, attempts, code, reason, campaign))

// The phone is in a call: it is told when that has ended.
struct RebootDeferred {
  static constexpr std::string_view type = "device.reboot_deferred";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  Uuid reboot;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(RebootDeferred, (), (mac, reboot, reason))

// The phone was served what was wanted, or what it had became what is wanted again.
struct DeviceConverged {
  static constexpr std::string_view type = "device.converged";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  std::string etag;
  Uuid reboot;  // nil: it was not told
  RebootReason reason = RebootReason::config_changed;
  Uuid campaign;
};
BOOST_DESCRIBE_STRUCT(DeviceConverged, (), (mac, etag, reboot, reason, campaign))

// The phone registered again after it had fetched: its user can be called.
struct DeviceReturned {
  static constexpr std::string_view type = "device.returned";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  Uuid reboot;
  std::string contact;
  std::string ip;
  Timestamp registered_at;
};
BOOST_DESCRIBE_STRUCT(DeviceReturned, (), (mac, reboot, contact, ip, registered_at))

}  // namespace strowger
