#include "adapters/http/provision/downloads.hpp"

#include "tests/support/catch.hpp"

#include <vector>

using namespace strowger::http::provision;

TEST_CASE("downloads are bounded by source and in all, and a place that is left is free again") {
  Downloads::Source one{};
  Downloads::Source two{};
  two.back() = 2;
  auto downloads = std::make_unique<Downloads>(DownloadLimits{.in_all = 5, .of_source = 3});
  std::vector<std::shared_ptr<const void>> places;
  for (int i = 0; i < 3; ++i) places.push_back(downloads->enter(one));
  for (const auto& place : places) CHECK(place);
  CHECK_FALSE(downloads->enter(one));
  for (int i = 0; i < 2; ++i) places.push_back(downloads->enter(two));
  CHECK(places.back());
  CHECK_FALSE(downloads->enter(two));
  CHECK(downloads->under_way() == 5);
  places.erase(places.begin());
  CHECK(downloads->under_way() == 4);
  const auto copy = places.front();
  places.clear();
  CHECK(downloads->under_way() == 1);
  CHECK(downloads->enter(two));
  downloads.reset();  // a place may be left later
}
