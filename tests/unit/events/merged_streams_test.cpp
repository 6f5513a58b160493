#include "events/merged_streams.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/memory_log.hpp"
#include "tests/support/sample_events.hpp"

using namespace strowger;
using namespace strowger::test;

TEST_CASE("streams are read as one, in the log's order") {
  MemoryLog log;
  IdSource ids;
  const std::vector<StreamId> streams{StreamId::of(sample_mac(1)), StreamId::activity_of(sample_mac(1)),
                                      StreamId("no", "events")};
  std::vector<Position> expected;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    auto append = sample_append(1, ids);
    append.stream = i % 3 == 0 ? streams[0] : i % 7 < 5 ? streams[1] : StreamId("other", "one");
    if (append.stream.category() != "other") expected.push_back(Position{i});
    REQUIRE(append_and_wait(log, std::move(append)));
  }
  MergedStreams merged(log, {{streams[0], {}}, {streams[1], {}}, {streams[2], {}}}, 7);
  std::vector<Position> found;
  while (const auto record = merged.next().value()) found.push_back(record->position);
  CHECK(found == expected);
  for (const std::size_t most : {1, 10, 100, 1'000}) {
    CAPTURE(most);
    found.clear();
    for (const auto& record : newest_of(log, streams, most).value()) found.push_back(record.position);
    const auto count = std::min(most, expected.size());
    CHECK(found == std::vector(expected.end() - static_cast<std::ptrdiff_t>(count), expected.end()));
  }
}
