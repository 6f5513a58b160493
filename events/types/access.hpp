// Who may fetch a device's file: credentials, token and the opening of its enrolment on device/<mac>, where it enrolled
// from on device-activity/<mac>; sources that were blocked on provisioning/access.
#pragma once

#include "events/ids.hpp"
#include "events/secret.hpp"
#include "events/time.hpp"

#include <optional>
#include <string>

#include <boost/describe/class.hpp>

namespace strowger {

// What the phone answers HTTP Basic and Digest with, set or replaced.
struct DeviceCredentialsSet {
  static constexpr std::string_view type = "device.credentials_set";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  std::string username;
  SealedSecret password;
};
BOOST_DESCRIBE_STRUCT(DeviceCredentialsSet, (), (mac, username, password))

struct DeviceCredentialsRemoved {
  static constexpr std::string_view type = "device.credentials_removed";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  SealedSecret password;  // whose data key is to be shredded
};
BOOST_DESCRIBE_STRUCT(DeviceCredentialsRemoved, (), (mac, password))

// The token in the path of the device's URL, made or rotated.
struct DeviceTokenIssued {
  static constexpr std::string_view type = "device.token_issued";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  SealedSecret token;
  std::string sha256;                       // of the token, 64 hex digits: what a request's is compared with
  std::optional<Timestamp> previous_until;  // how long the one before is still taken; none: not any more
};
BOOST_DESCRIBE_STRUCT(DeviceTokenIssued, (), (mac, token, sha256, previous_until))

struct DeviceTokenRevoked {
  static constexpr std::string_view type = "device.token_revoked";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  SealedSecret token;  // whose data key is to be shredded
};
BOOST_DESCRIBE_STRUCT(DeviceTokenRevoked, (), (mac, token))

// Its enrolment window was opened anew. (Its registration opens the first.)
struct DeviceEnrolmentOpened {
  static constexpr std::string_view type = "device.enrolment_opened";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
};
BOOST_DESCRIBE_STRUCT(DeviceEnrolmentOpened, (), (mac))

// The address that the enrolment that was opened at `opened_at` is bound to: of the first fetch since then. Recorded
// once, beside that fetch, and never folded: it is asked for as long as the device is registered.
struct DeviceEnrolled {
  static constexpr std::string_view type = "device.enrolled";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  std::string ip;
  Timestamp opened_at;
};
BOOST_DESCRIBE_STRUCT(DeviceEnrolled, (), (mac, ip, opened_at))

// Too many MAC addresses that nobody registered were asked for from there.
struct SourceBlocked {
  static constexpr std::string_view type = "provisioning.source_blocked";
  static constexpr std::uint16_t schema = 1;
  std::string source;  // an IPv4 address, or the /64 of an IPv6 one
  std::uint32_t unknown_macs = 0;
  std::string last_user_agent;
  Timestamp until;
};
BOOST_DESCRIBE_STRUCT(SourceBlocked, (), (source, unknown_macs, last_user_agent, until))

// By an administrator, before its time.
struct SourceUnblocked {
  static constexpr std::string_view type = "provisioning.source_unblocked";
  static constexpr std::uint16_t schema = 1;
  std::string source;
};
BOOST_DESCRIBE_STRUCT(SourceUnblocked, (), (source))

}  // namespace strowger
