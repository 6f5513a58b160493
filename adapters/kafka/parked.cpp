#include "adapters/kafka/parked.hpp"

#include "events/event.hpp"
#include "events/json.hpp"

#include <utility>

namespace strowger::kafka {

void ParkedEvents::add(ParkedEvent event) {
  ++count;
  newest.insert(newest.begin(), std::move(event));
  if (newest.size() > most_listed) newest.resize(most_listed);
}

bool is_refusal(rd_kafka_resp_err_t fault) {
  switch (fault) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return true;
    default:
      return false;
  }
}

std::string reference_to(const Record& record, std::string_view source, const std::string& reason) {
  auto bare = record;
  bare.data = "null";
  auto text = to_cloud_event(bare, source);
  text.pop_back();
  text += ",\"dataref\":";
  json::write_string(text, "/api/events?after=" + std::to_string(number(record.position) - 1) + "&limit=1");
  text += ",\"withheld\":";
  json::write_string(text, reason);
  text.push_back('}');
  return text;
}

}  // namespace strowger::kafka
