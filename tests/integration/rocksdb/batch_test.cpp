// A batch that is made while the one before is still on its way into the database.
#include "adapters/rocksdb/batch.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;

namespace {

struct Fixture {
  TemporaryFolder folder;
  IdSource ids;
  std::unique_ptr<Database> database = opened();
  RecentStreams recent{100};
  VersionCache versions{100};
  Hasher hasher;
  ReceiptAges ages{std::chrono::hours(1), system_now};
  Batch before{*database, recent, versions, ages, hasher, ChainEnd{}, nullptr};

  std::unique_ptr<Database> opened() {
    std::unique_ptr<Database> made;
    const DatabaseOptions options{folder.path() / "log", rocksdb::Env::Default(), 4U << 20, 1U << 20};
    REQUIRE(Database::open(options, Access::read_write, made).ok());
    return made;
  }
  AppendRequest request(ExpectedVersion expected, std::string key) {
    auto request = sample_append(1, ids, expected);
    request.idempotency_key = std::move(key);
    return request;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a batch judges by what the one before, not written yet, will have changed") {
  auto first = request(ExpectedVersion::no_stream(), "order-1");
  const auto receipt = before.add(first).value();
  Batch next(*database, recent, versions, ages, hasher, before.end(), &before);

  auto again = request(ExpectedVersion::no_stream(), "order-1");
  const auto known = next.add(again).value();
  CHECK(known.repeated);
  CHECK(known.position == receipt.position);

  auto late = request(ExpectedVersion::no_stream(), "order-2");
  CHECK(next.add(late).error().code == "version_conflict");
  auto second = request(ExpectedVersion::exactly(StreamVersion{1}), "order-3");
  const auto added = next.add(second).value();
  CHECK(added.version == StreamVersion{2});
  CHECK(number(added.position) == number(receipt.position) + 1);
  CHECK(next.records()->size() == 1);
}
