// What came again and again within a short time. The first sighting is an event of its own at once; those that follow
// within the window become one closing event with their count, and what differs too much is told only as so many
// others: a flood cannot fill the disk. Streams provisioning/refused and login/failed.
#pragma once

#include "events/ids.hpp"
#include "events/time.hpp"
#include "events/types/provisioning.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <boost/describe/class.hpp>

namespace strowger {

// After a ConfigRefused: the same source asked for the same again.
struct ConfigRefusedRepeated {
  static constexpr std::string_view type = "provisioning.config_refused_repeated";
  static constexpr std::uint16_t schema = 1;
  std::string path;  // of the last request, as all that follows
  std::string mac_address;
  std::optional<MacAddress> normalized_mac;
  std::string ip;
  std::string user_agent;
  std::uint16_t status = 404;
  std::string code;
  std::string error;
  std::string vendor;
  std::string model;
  ExtensionNumber extension;
  std::uint64_t count = 0;  // requests, without the first
  Timestamp first_seen;     // of those that are counted here
  Timestamp last_seen;
};
BOOST_DESCRIBE_STRUCT(ConfigRefusedRepeated, (),
                      (path, mac_address, normalized_mac, ip, user_agent, status, code, error, vendor, model, extension,
                       count, first_seen, last_seen))

// Refused requests that were too many different ones to tell one by one.
struct OthersRefused {
  static constexpr std::string_view type = "provisioning.others_refused";
  static constexpr std::uint16_t schema = 1;
  std::string ip;                              // empty: of many sources
  std::uint64_t count = 0;                     // requests
  std::uint64_t different = 0;                 // how many different ones, about
  std::map<std::string, std::uint64_t> codes;  // requests by the code of their refusal
  Timestamp first_seen;
  Timestamp last_seen;
};
BOOST_DESCRIBE_STRUCT(OthersRefused, (), (ip, count, different, codes, first_seen, last_seen))

// Somebody gave a name and a password that do not belong together. The name is kept where it is that of a user or an
// extension; anything else may be a password in the wrong box, and only its length is kept.
//
// Version 1 has the name as it was typed. It is read without it (decode).
struct LoginFailed {
  static constexpr std::string_view type = "login.failed";
  static constexpr std::uint16_t schema = 2;
  std::string name;  // empty: of no account
  std::string ip;
  std::uint32_t name_length = 0;  // bytes of what was typed, where it is no account's
};
BOOST_DESCRIBE_STRUCT(LoginFailed, (), (name, ip, name_length))

// After a LoginFailed: the same name from the same source again.
struct LoginFailedRepeated {
  static constexpr std::string_view type = "login.failed_repeated";
  static constexpr std::uint16_t schema = 2;  // 2: as of LoginFailed
  std::string name;
  std::string ip;
  std::uint64_t count = 0;  // without the first
  Timestamp first_seen;     // of those that are counted here
  Timestamp last_seen;
  std::uint32_t name_length = 0;
};
BOOST_DESCRIBE_STRUCT(LoginFailedRepeated, (), (name, ip, count, first_seen, last_seen, name_length))

// Failed logins of too many different names to tell one by one.
struct OtherLoginsFailed {
  static constexpr std::string_view type = "login.others_failed";
  static constexpr std::uint16_t schema = 1;
  std::string ip;  // empty: of many sources
  std::uint64_t count = 0;
  std::uint64_t different = 0;  // names, about
  Timestamp first_seen;
  Timestamp last_seen;
};
BOOST_DESCRIBE_STRUCT(OtherLoginsFailed, (), (ip, count, different, first_seen, last_seen))

// Whether events of the type tell of refused requests for phone files.
inline bool is_refusal(std::string_view type) {
  return type == ConfigRefused::type || type == ConfigRefusedRepeated::type || type == OthersRefused::type;
}

}  // namespace strowger
