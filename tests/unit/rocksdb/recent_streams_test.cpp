#include "adapters/rocksdb/recent_streams.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::rocks;

namespace {

struct Fixture {
  RecentStreams recent{4};
  std::uint64_t position = 0;

  void add(const char* key, std::uint64_t version) {
    Record record;
    record.stream = StreamId("device", key);
    record.version = StreamVersion{version};
    record.position = Position{++position};
    recent.add(record);
  }
  std::vector<Position> positions(const char* key) const {
    std::vector<Position> all;
    for (const auto& run : recent.runs_of(StreamId("device", key)))
      for (const auto found : run.positions()) all.push_back(found);
    return all;
  }
};

std::vector<Position> at(std::initializer_list<std::uint64_t> numbers) {
  std::vector<Position> all;
  for (const auto n : numbers) all.push_back(Position{n});
  return all;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "rows are due when there is plenty, by key, each once, and stay readable until stored") {
  add("b", 5);
  add("a", 1);
  add("b", 6);
  CHECK(recent.next(10).rows.empty());
  add("c", 1);
  const auto first = recent.next(2);
  REQUIRE(first.rows.size() == 2);
  CHECK(first.rows[0].stream->key() == "a");
  CHECK(first.rows[1].stream->key() == "b");
  CHECK(first.rows[1].run->first() == StreamVersion{5});
  CHECK(first.rows[1].run->positions() == at({1, 3}));
  CHECK_FALSE(first.indexed);

  add("b", 7);  // goes on meanwhile
  const auto last = recent.next(2);
  REQUIRE(last.rows.size() == 1);
  CHECK(last.rows[0].stream->key() == "c");
  CHECK(last.indexed == Position{4});
  CHECK(recent.next(2).rows.empty());
  CHECK(positions("b") == at({1, 3, 5}));
  CHECK(recent.version_of(StreamId("device", "b")) == StreamVersion{7});

  recent.stored();
  CHECK(positions("b") == at({5}));
  CHECK(positions("a").empty());
  CHECK_FALSE(recent.version_of(StreamId("device", "a")));
  CHECK(recent.next(2).rows.empty());
  CHECK(recent.next(2, true).indexed == Position{5});
}

TEST_CASE_METHOD(Fixture, "after a batch that failed all rows are due again") {
  for (std::uint64_t version = 1; version <= 4; ++version) add(version % 2 == 0 ? "a" : "b", (version + 1) / 2);
  CHECK(recent.next(1).rows.size() == 1);
  CHECK(recent.next(1).indexed);
  recent.restart();
  const auto again = recent.next(10);
  CHECK(again.rows.size() == 2);
  CHECK(again.indexed == Position{4});
}

TEST_CASE_METHOD(Fixture, "rows come by key in portions of any size, and from the first again after a failed batch") {
  for (const char* key : {"d", "a", "f", "c", "e", "b"}) add(key, 1);
  std::string keys;
  const auto take = [&](std::size_t most) {
    const auto rows = recent.next(most);
    for (const auto& row : rows.rows) keys += row.stream->key();
    return rows.indexed.has_value();
  };
  CHECK_FALSE(take(1));
  CHECK_FALSE(take(2));
  CHECK(keys == "abc");
  recent.restart();
  keys.clear();
  CHECK_FALSE(take(2));
  CHECK_FALSE(take(3));
  CHECK(take(5));
  CHECK(keys == "abcdef");
  CHECK_FALSE(take(5));
  CHECK(keys == "abcdef");
}
