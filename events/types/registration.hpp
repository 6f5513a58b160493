// What happens to an extension's bindings: stream extension/<number>. Refreshes are not events (ARCHITECTURE 4).
#pragma once

#include "events/ids.hpp"
#include "events/time.hpp"

#include <optional>
#include <string>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace strowger {

struct PhoneRegistered {
  static constexpr std::string_view type = "phone.registered";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber extension;
  std::string contact;   // the Contact URI as the phone gave it
  std::string instance;  // +sip.instance, without the angle brackets; may be empty
  std::string ip;        // where the REGISTER came from
  std::uint16_t port = 0;
  std::string transport;  // udp, tcp, tls, ws, wss
  std::string user_agent;
  std::optional<MacAddress> mac;  // where SIP carried one
  Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(PhoneRegistered, (),
                      (extension, contact, instance, ip, port, transport, user_agent, mac, expires_at))

// The same phone (contact or instance) now comes from another address.
struct PhoneMoved {
  static constexpr std::string_view type = "phone.moved";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber extension;
  std::string contact;
  std::string instance;
  std::string from_ip;
  std::uint16_t from_port = 0;
  std::string ip;
  std::uint16_t port = 0;
  std::string transport;
  std::string user_agent;
  std::optional<MacAddress> mac;
  Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(PhoneMoved, (),
                      (extension, contact, instance, from_ip, from_port, ip, port, transport, user_agent, mac,
                       expires_at))

// made_room: the extension had as many bindings as it may, and another phone registered.
enum class UnregisterReason : std::uint8_t { phone_asked, extension_deleted, extension_disabled, replaced, made_room };
BOOST_DESCRIBE_ENUM(UnregisterReason, phone_asked, extension_deleted, extension_disabled, replaced, made_room)

// Version 1 had no made_room.
struct PhoneUnregistered {
  static constexpr std::string_view type = "phone.unregistered";
  static constexpr std::uint16_t schema = 2;
  ExtensionNumber extension;
  std::string contact;
  std::string ip;
  std::uint16_t port = 0;
  UnregisterReason reason = UnregisterReason::phone_asked;
};
BOOST_DESCRIBE_STRUCT(PhoneUnregistered, (), (extension, contact, ip, port, reason))

struct RegistrationExpired {
  static constexpr std::string_view type = "phone.registration_expired";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber extension;
  std::string contact;
  std::string ip;
  std::uint16_t port = 0;
  Timestamp expired_at;
};
BOOST_DESCRIBE_STRUCT(RegistrationExpired, (), (extension, contact, ip, port, expired_at))

}  // namespace strowger
