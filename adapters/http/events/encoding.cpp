#include "adapters/http/events/encoding.hpp"

#include "events/event.hpp"

namespace strowger::http::events {

std::vector<BatchPtr> encode_batches(std::vector<Record> records) {
  std::vector<BatchPtr> batches;
  std::shared_ptr<Batch> batch;
  for (auto& record : records) {
    if (!batch || batch->text.size() >= batch_bytes) {
      batch = std::make_shared<Batch>();
      batches.push_back(batch);
    }
    auto& text = batch->text;
    text += "id: ";
    text += std::to_string(number(record.position));
    text += "\nevent: strowger.";
    text += record.type;
    text += ".v";
    text += std::to_string(record.schema);
    text += "\ndata: ";
    text += to_cloud_event(record, source);  // JSON: no line ends in it
    text += "\n\n";
    record.data = std::string();
    batch->items.push_back({std::move(record), text.size()});
  }
  return batches;
}

}  // namespace strowger::http::events
