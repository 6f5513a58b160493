// How events leave by HTTP: CloudEvents, masked, here laid out as Server-Sent Events.
#pragma once

#include "events/record.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::http::events {

inline constexpr std::string_view source = "urn:strowger";  // of every CloudEvent of this server

// Some events that follow each other, encoded once for all who read them. Immutable and shared.
struct Batch {
  struct Item {
    Record record;        // without its data: for filters
    std::size_t end = 0;  // of its text, which starts where the one before ends
  };
  std::vector<Item> items;
  std::string text;

  Position last() const { return items.back().record.position; }
};
using BatchPtr = std::shared_ptr<const Batch>;

inline constexpr std::size_t batch_bytes = 64 * 1024;  // about as much as a batch holds

// id: the position; event: the CloudEvents type; data: the CloudEvent. At least one batch where there is a record.
std::vector<BatchPtr> encode_batches(std::vector<Record> records);

}  // namespace strowger::http::events
