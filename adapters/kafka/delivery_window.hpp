// What was handed to the producer and is not known to be delivered yet. Deliveries are reported in any order; how far
// the log is delivered without a gap is what a checkpoint may say.
#pragma once

#include "events/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace strowger::kafka {

class DeliveryWindow {
 public:
  explicit DeliveryWindow(Position from) : reached_(from) {}

  // In the order of the log. The number names it in delivered().
  std::uint64_t add(Position position, std::size_t bytes) {
    entries_.push_back({position, bytes, false});
    bytes_ += bytes;
    return first_ + entries_.size() - 1;
  }
  // Takes back what was added last.
  void take_back() {
    bytes_ -= entries_.back().bytes;
    entries_.pop_back();
  }
  void delivered(std::uint64_t number) {
    if (number < first_ || number - first_ >= entries_.size()) return;
    entries_[number - first_].delivered = true;
    while (!entries_.empty() && entries_.front().delivered) {
      reached_ = entries_.front().position;
      bytes_ -= entries_.front().bytes;
      entries_.pop_front();
      ++first_;
    }
  }

  Position reached() const { return reached_; }  // everything up to here is delivered
  Position at(std::uint64_t number) const { return entries_.at(number - first_).position; }
  std::size_t events() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    Position position;
    std::size_t bytes;
    bool delivered;
  };
  Position reached_;
  std::uint64_t first_ = 1;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace strowger::kafka
