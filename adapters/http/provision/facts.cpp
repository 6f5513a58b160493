#include "adapters/http/provision/facts.hpp"

namespace strowger::http::provision {

void Facts::served(ConfigServed event, const Uuid& correlation, const Uuid& causation) {
  auto stream = StreamId::of(event.mac);
  Cause cause{"phone:" + event.mac.text(), correlation, causation};
  append(std::move(stream), Event(std::move(event)), cause);
}

void Facts::refused(ConfigRefused event) {
  Cause cause{event.normalized_mac ? "phone:" + event.normalized_mac->text() : "phone:" + event.ip, {}, {}};
  append(StreamId("provisioning", "refused"), Event(std::move(event)), cause);
}

void Facts::append(StreamId stream, const Event& event, const Cause& cause) {
  AppendRequest request;
  request.stream = std::move(stream);
  request.events.push_back(encode(event, cause, clock_(), ids_));
  log_.append(std::move(request), [counts = counts_](const Result<Receipt>& receipt) {
    if (receipt) return;
    auto& counter = receipt.error().kind == ErrorKind::overloaded ? counts->dropped : counts->failed;
    counter.fetch_add(1, std::memory_order_relaxed);
  });
}

}  // namespace strowger::http::provision
