// What happens to a device: stream device/<mac>; what its phone was served: stream device-activity/<mac> (in logs of
// earlier releases device/<mac>).
#pragma once

#include "events/ids.hpp"
#include "events/time.hpp"
#include "events/uuid.hpp"

#include <string>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace strowger {

struct DeviceRegistered {
  static constexpr std::string_view type = "device.registered";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  ExtensionNumber extension;
  std::string vendor;
  std::string model;
  bool replaced = false;  // the MAC was registered before; this took its place
};
BOOST_DESCRIBE_STRUCT(DeviceRegistered, (), (mac, extension, vendor, model, replaced))

// The whole definition after the change.
struct DeviceChanged {
  static constexpr std::string_view type = "device.changed";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  ExtensionNumber extension;
  std::string vendor;
  std::string model;
};
BOOST_DESCRIBE_STRUCT(DeviceChanged, (), (mac, extension, vendor, model))

struct DeviceUnregistered {
  static constexpr std::string_view type = "device.unregistered";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  ExtensionNumber extension;
};
BOOST_DESCRIBE_STRUCT(DeviceUnregistered, (), (mac, extension))

// What the phone is told: restart, or fetch again and apply what needs no restart.
enum class RebootVerb : std::uint8_t { reboot, resync };
BOOST_DESCRIBE_ENUM(RebootVerb, reboot, resync)

// Why it is told.
enum class RebootReason : std::uint8_t {
  device_registered,
  manual,
  name_synced,
  template_changed,
  settings_changed,
  extension_changed,
  device_changed,
  config_changed,  // its file was found to be another one; by which event is not known
  campaign,
};
BOOST_DESCRIBE_ENUM(RebootReason, device_registered, manual, name_synced, template_changed, settings_changed,
                    extension_changed, device_changed, config_changed, campaign)

// Version 1 had fewer reasons, and neither etag, attempt nor campaign.
struct RebootRequested {
  static constexpr std::string_view type = "device.reboot_requested";
  static constexpr std::uint16_t schema = 2;
  MacAddress mac;
  Uuid reboot;  // names this reboot in all that follows
  ExtensionNumber extension;
  std::string vendor;
  RebootVerb verb = RebootVerb::reboot;
  RebootReason reason = RebootReason::manual;
  std::string etag;           // what the phone is to fetch; empty: nobody waits for its fetch
  std::uint16_t attempt = 1;  // of telling it to fetch that
  Uuid campaign;              // nil: of none
};
BOOST_DESCRIBE_STRUCT(RebootRequested, (), (mac, reboot, extension, vendor, verb, reason, etag, attempt, campaign))

// The phone answered the NOTIFY with a 2xx: it was told, which does not prove that it rebooted.
struct RebootAccepted {
  static constexpr std::string_view type = "device.reboot_accepted";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  Uuid reboot;
  std::string contact;
  std::uint16_t status = 0;
};
BOOST_DESCRIBE_STRUCT(RebootAccepted, (), (mac, reboot, contact, status))

struct RebootRefused {
  static constexpr std::string_view type = "device.reboot_refused";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  Uuid reboot;
  std::string contact;
  std::uint16_t status = 0;
  std::string phrase;
};
BOOST_DESCRIBE_STRUCT(RebootRefused, (), (mac, reboot, contact, status, phrase))

// No final answer came, or there was no binding left to ask.
struct RebootUnanswered {
  static constexpr std::string_view type = "device.reboot_unanswered";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  Uuid reboot;
  std::string contact;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(RebootUnanswered, (), (mac, reboot, contact, reason))

// A phone was given its file (status 200) or told that what it has is current (304).
struct ConfigServed {
  static constexpr std::string_view type = "device.config_served";
  static constexpr std::uint16_t schema = 2;  // 2: tls_identity
  MacAddress mac;
  ExtensionNumber extension;
  std::string vendor;
  std::string model;
  std::string path;  // as requested
  std::string etag;
  std::uint32_t size = 0;
  std::uint16_t status = 200;
  std::string ip;
  std::string user_agent;
  std::string tls_identity{};  // the name in the certificate that the phone proved itself with; empty: none
};
BOOST_DESCRIBE_STRUCT(ConfigServed, (),
                      (mac, extension, vendor, model, path, etag, size, status, ip, user_agent, tls_identity))

// After a ConfigServed: the same phone fetched the same bytes again within a short time. None of these fetches was
// waited for: one after a change or a request to reboot is a ConfigServed at once.
struct ConfigServedRepeated {
  static constexpr std::string_view type = "device.config_served_repeated";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  ExtensionNumber extension;
  std::string vendor;
  std::string model;
  std::string path;  // of the last request, as all that follows
  std::string etag;
  std::uint32_t size = 0;
  std::uint16_t status = 200;
  std::string ip;
  std::string user_agent;
  std::string tls_identity{};
  std::uint64_t count = 0;  // fetches, without the first
  Timestamp first_seen;     // of those that are counted here
  Timestamp last_seen;
};
BOOST_DESCRIBE_STRUCT(ConfigServedRepeated, (),
                      (mac, extension, vendor, model, path, etag, size, status, ip, user_agent, tls_identity, count,
                       first_seen, last_seen))

// Its last fetch.
inline ConfigServed last_of(const ConfigServedRepeated& e) {
  return {e.mac, e.extension, e.vendor, e.model, e.path, e.etag, e.size, e.status, e.ip, e.user_agent, e.tls_identity};
}

// Whether events of the type tell of phone files that were served.
inline bool is_served(std::string_view type) {
  return type == ConfigServed::type || type == ConfigServedRepeated::type;
}

}  // namespace strowger
