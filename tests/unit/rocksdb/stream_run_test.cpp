#include "adapters/rocksdb/stream_run.hpp"

#include "adapters/rocksdb/record_codec.hpp"
#include "tests/support/catch.hpp"

#include <limits>

using namespace strowger;
using namespace strowger::rocks;

namespace {

std::vector<Position> at(std::initializer_list<std::uint64_t> numbers) {
  std::vector<Position> all;
  for (const auto n : numbers) all.push_back(Position{n});
  return all;
}

}  // namespace

TEST_CASE("a run holds its positions, near ones and far ones") {
  const auto all = at({1, 2, 129, 257, 100'000, std::numeric_limits<std::uint64_t>::max()});
  Run run(StreamVersion{7});
  CHECK(run.empty());
  for (const auto position : all) run.add(position);
  CHECK(run.size() == 6);
  CHECK(run.first() == StreamVersion{7});
  CHECK(run.last() == StreamVersion{12});
  CHECK(run.positions() == all);
  const auto parsed = Run::parse(StreamVersion{7}, run.stored());
  REQUIRE(parsed);
  CHECK(parsed->positions() == all);
  CHECK(parsed->last() == StreamVersion{12});
}

TEST_CASE("what the first releases stored for one event is a run of one") {
  std::string stored;
  append_key(stored, 4'711);
  const auto run = Run::parse(StreamVersion{3}, stored);
  REQUIRE(run);
  CHECK(run->positions() == at({4'711}));
  CHECK(run->last() == StreamVersion{3});
}

TEST_CASE("bytes that are no run are none") {
  std::string start;
  append_key(start, 5);
  for (const auto& bad : {std::string(), start.substr(1), start + '\0', start + "\x80", start + std::string(9, '\xff'),
                          start + std::string(8, '\xff') + '\x7f' + std::string(8, '\xff') + '\x7f'})
    CHECK_FALSE(Run::parse(StreamVersion{1}, bad));
}
