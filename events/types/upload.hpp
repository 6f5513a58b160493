// What phones leave with the server: their logs, and what was changed at the phone. Stream device-activity/<mac>.
#pragma once

#include "events/ids.hpp"
#include "events/time.hpp"

#include <cstdint>
#include <string>

#include <boost/describe/class.hpp>

namespace strowger {

// A file was kept. One that comes again and again within a short time is told once, with how often it came.
struct FileUploaded {
  static constexpr std::string_view type = "device.file_uploaded";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  std::string file;    // 0004f2aabbcc-app.log
  std::string upload;  // by which it is downloaded
  std::uint64_t size = 0;
  std::string sha256;  // of its bytes, 64 hex digits
  std::string ip;
  std::string user_agent;
  std::uint64_t count = 1;  // with those since the last event of this file
  Timestamp first_seen;     // of those
};
BOOST_DESCRIBE_STRUCT(FileUploaded, (), (mac, file, upload, size, sha256, ip, user_agent, count, first_seen))

// By an administrator. (What leaves because the store is full is no event.)
struct UploadRemoved {
  static constexpr std::string_view type = "device.upload_removed";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  std::string file;
  std::string upload;
};
BOOST_DESCRIBE_STRUCT(UploadRemoved, (), (mac, file, upload))

}  // namespace strowger
