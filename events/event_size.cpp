#include "events/event_size.hpp"

#include "events/utf8.hpp"

#include <string>

namespace strowger {
namespace {

std::optional<Error> oversized_event(const StreamId& stream, const NewRecord& event) {
  const auto size = event.data.size();
  if (size <= max_event_bytes) return std::nullopt;
  return Error{ErrorKind::too_large, "event_too_large",
               "It cannot be recorded: the event " + event.type + " of " + utf8::clip(stream.text(), 128) +
                   " would have " + std::to_string(size) + " bytes, and the most is " +
                   std::to_string(max_event_bytes) + ". Change less at once, or use shorter texts."}
      .with("size", size)
      .with("most", max_event_bytes);
}

}  // namespace

std::optional<Error> oversized(const AppendRequest& request) {
  for (const auto& event : request.events)
    if (auto fault = oversized_event(request.stream, event)) return fault;
  for (const auto& fact : request.facts)
    if (auto fault = oversized_event(fact.stream, fact.event)) return fault;
  return std::nullopt;
}

}  // namespace strowger
