#include "adapters/http/provision/upload_seats.hpp"

#include <utility>

namespace strowger::http::provision {
namespace {

template <class Counts, class Key>
unsigned seats_of(const Counts& counts, const Key& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

template <class Counts, class Key>
void leave_seat(Counts& counts, const Key& key) {
  const auto found = counts.find(key);
  if (found != counts.end() && --found->second == 0) counts.erase(found);
}

}  // namespace

UploadSeats::Seat::Seat(UploadSeats& seats, std::string source, MacAddress device)
    : seats_(&seats), source_(std::move(source)), device_(device) {}

UploadSeats::Seat::Seat(Seat&& other) noexcept
    : seats_(std::exchange(other.seats_, nullptr)), source_(std::move(other.source_)), device_(other.device_) {}

UploadSeats::Seat::~Seat() {
  if (seats_ != nullptr) seats_->leave(*this);
}

std::optional<UploadSeats::Seat> UploadSeats::take(std::string source, const MacAddress& device,
                                                   std::string_view& full) {
  const std::lock_guard lock(mutex_);
  if (seats_of(of_device_, device) >= limits_.of_device)
    full = "of this device";
  else if (seats_of(of_source_, source) >= limits_.of_source)
    full = "from this address";
  else if (taken_ >= limits_.all)
    full = "in all";
  if (!full.empty()) return std::nullopt;
  ++taken_;
  ++of_source_[source];
  ++of_device_[device];
  return Seat(*this, std::move(source), device);
}

void UploadSeats::leave(const Seat& seat) {
  const std::lock_guard lock(mutex_);
  --taken_;
  leave_seat(of_source_, seat.source_);
  leave_seat(of_device_, seat.device_);
}

}  // namespace strowger::http::provision
