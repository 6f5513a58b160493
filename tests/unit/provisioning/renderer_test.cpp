#include "actors/provisioning/renderer.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

TEST_CASE("every built-in model renders with its user's name and number") {
  const auto all = renderer();
  for (const auto& sample : samples()) {
    CAPTURE(sample.model);
    const auto file = all->render(sample.vendor, sample.model, device(sample));
    REQUIRE(file);
    CHECK_THAT(file->bytes, ContainsSubstring("John Smith"));
    CHECK_THAT(file->bytes, ContainsSubstring("1001"));
    CHECK_THAT(file->bytes, ContainsSubstring("s3cret-Pass"));
    CHECK(file->bytes.find("{{") == std::string::npos);
  }
}
