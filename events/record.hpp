// An event as the log keeps it: the envelope in the clear, the data as JSON text. Log engines know only this.
#pragma once

#include "events/ids.hpp"
#include "events/time.hpp"
#include "events/uuid.hpp"

#include <cstdint>
#include <string>

namespace strowger {

struct NewRecord {
  Uuid id;
  std::string type;          // device.registered
  std::uint16_t schema = 1;  // version of the type
  Timestamp time;
  std::string by;
  Uuid correlation;
  Uuid causation;
  std::string data;  // a JSON object

  bool operator==(const NewRecord&) const = default;
};

struct Record : NewRecord {
  StreamId stream;
  StreamVersion version{};
  Position position{};

  bool operator==(const Record&) const = default;
};

}  // namespace strowger
