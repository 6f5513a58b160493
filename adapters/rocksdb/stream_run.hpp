// A part of the index of a stream: where the events are that follow one another in it.
//
// Stored under the stream and the version of the first (stream_key()). The value is the position of the first, 8 bytes,
// big-endian; then for each further event its distance from the one before, in LEB128. The first releases stored each
// event by itself, which is a run of one.
#pragma once

#include "events/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::rocks {

class Run {
 public:
  // Empty; its first event will have that version.
  explicit Run(StreamVersion first) : first_(first) {}
  // None where the bytes are not a run.
  static std::optional<Run> parse(StreamVersion first, std::string_view stored);

  void add(Position position);  // above all that are in it

  bool empty() const { return size_ == 0; }
  std::uint64_t size() const { return size_; }
  StreamVersion first() const { return first_; }
  StreamVersion last() const { return StreamVersion{number(first_) + size_ - 1}; }  // of one that is not empty
  const std::string& stored() const { return stored_; }
  // Of all its events, in order.
  std::vector<Position> positions() const;

 private:
  StreamVersion first_;
  std::uint64_t size_ = 0;
  Position end_{};
  std::string stored_;
};

}  // namespace strowger::rocks
