#include "adapters/rocksdb/stream_run.hpp"

#include "adapters/rocksdb/record_codec.hpp"

namespace strowger::rocks {
namespace {

constexpr std::size_t position_bytes = 8;

// Calls `visit` with each position; false where the bytes are not a run.
template <class Visit>
bool walk(std::string_view stored, Visit visit) {
  if (stored.size() < position_bytes) return false;
  auto position = read_key(stored.substr(0, position_bytes));
  visit(Position{position});
  std::uint64_t distance = 0;
  unsigned shift = 0;
  for (const char byte : stored.substr(position_bytes)) {
    if (shift > 63) return false;
    distance |= (static_cast<std::uint64_t>(byte) & 0x7f) << shift;
    shift += 7;
    if ((static_cast<unsigned char>(byte) & 0x80) != 0) continue;
    if (distance == 0 || position + distance < position) return false;
    position += distance;
    visit(Position{position});
    distance = 0;
    shift = 0;
  }
  return shift == 0;
}

}  // namespace

std::optional<Run> Run::parse(StreamVersion first, std::string_view stored) {
  Run run(first);
  const bool whole = walk(stored, [&](Position position) {
    ++run.size_;
    run.end_ = position;
  });
  if (!whole) return std::nullopt;
  run.stored_ = stored;
  return run;
}

void Run::add(Position position) {
  if (empty()) {
    append_key(stored_, number(position));
  } else {
    auto distance = number(position) - number(end_);
    for (; distance > 0x7f; distance >>= 7) stored_.push_back(static_cast<char>(0x80 | (distance & 0x7f)));
    stored_.push_back(static_cast<char>(distance));
  }
  end_ = position;
  ++size_;
}

std::vector<Position> Run::positions() const {
  std::vector<Position> all;
  all.reserve(size_);
  walk(stored_, [&](Position position) { all.push_back(position); });
  return all;
}

}  // namespace strowger::rocks
