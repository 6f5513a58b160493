// Events that the brokers refuse for what they are (too large, mostly), whatever comes before or after them. Each is
// parked: a reference to it takes its place in the topic, so that the copy goes on, and it is told.
#pragma once

#include "events/record.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <librdkafka/rdkafka.h>

namespace strowger::kafka {

struct ParkedEvent {
  std::uint64_t position = 0;
  std::string stream;
  std::string type;
  std::string reason;  // the broker's
  Timestamp parked_at;
};
BOOST_DESCRIBE_STRUCT(ParkedEvent, (), (position, stream, type, reason, parked_at))

// Kept as state beside the log, so that a start forgets none.
struct ParkedEvents {
  static constexpr std::size_t most_listed = 20;

  std::uint64_t count = 0;
  std::vector<ParkedEvent> newest;  // first

  void add(ParkedEvent event);
};
BOOST_DESCRIBE_STRUCT(ParkedEvents, (), (count, newest))

// Whether a fault is about the one message and stays, however often it is sent.
bool is_refusal(rd_kafka_resp_err_t fault);

// What stands in the event's place: the same CloudEvent (id, type, subject, sequence, streamversion), whose data is
// null and whose `dataref` (CloudEvents extension "Dataref") says where it is read; `withheld` says why.
std::string reference_to(const Record& record, std::string_view source, const std::string& reason);

}  // namespace strowger::kafka
