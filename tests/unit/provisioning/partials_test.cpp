#include "actors/provisioning/partials.hpp"

#include "actors/provisioning/renderer.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

constexpr templates::File kFiles[] = {{"acme/codecs.partial", "a = 1\nb = {{SIP_PORT}}\n"},
                                      {"acme/all.partial", "c = 3\n{{> codecs}}\n"},
                                      {"acme/one.partial", "{{SIP_PORT}}"},
                                      {"acme/loop.partial", "{{>loop}}"},
                                      {"other/theirs.partial", "x = 1\n"}};

}  // namespace

TEST_CASE("a partial alone on its line gives way to its lines, elsewhere to its text") {
  CHECK(with_partials("acme/t.template", "first = 1\n{{> codecs}}\nlast = 2\n", kFiles).value() ==
        "first = 1\na = 1\nb = {{SIP_PORT}}\nlast = 2\n");
  CHECK(with_partials("acme/t.template", "<x>\n  {{>all}}\n</x>", kFiles).value() ==
        "<x>\n  c = 3\n  a = 1\n  b = {{SIP_PORT}}\n</x>");
  CHECK(with_partials("acme/t.template", "port = {{>one}}!{{> one }}\n", kFiles).value() ==
        "port = {{SIP_PORT}}!{{SIP_PORT}}\n");
  CHECK(with_partials("acme/t.template", "{{#A}}x = {{A}}{{/A}}\n", kFiles).value() == "{{#A}}x = {{A}}{{/A}}\n");
}

TEST_CASE("a partial that is not there, or holds itself, is refused with its line") {
  const auto missing = with_partials("acme/t.template", "a = 1\n{{> theirs}}\n", kFiles);
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message, ContainsSubstring("acme/t.template:2: there is no acme/theirs.partial"));
  const auto loop = with_partials("acme/t.template", "{{> loop}}", kFiles);
  REQUIRE_FALSE(loop);
  CHECK_THAT(loop.error().message, ContainsSubstring("hold each other"));
}

TEST_CASE("what is in force is whole, and a template of one's own may not name a partial") {
  for (const auto& source : renderer()->in_force()) {
    CAPTURE(source.name);
    CHECK(source.text.find("{{>") == std::string::npos);
  }
  const auto made = Renderer::make(
      catalog(), std::vector<CustomTemplate>{{"yealink_t46s.template", "#!version:1.0.0.1\n{{> codecs}}\n"}});
  REQUIRE(made);
  REQUIRE(made->refused.size() == 1);
  CHECK_THAT(made->refused.front().message, ContainsSubstring("partials are for the built-in templates"));
}

TEST_CASE("a built-in template with partials comes back in force as it was") {
  const auto before = renderer()->in_force();
  for (const auto* name : {"cisco", "grandstream", "mitel", "polycom"}) {
    CAPTURE(name);
    const auto* vendor = catalog().find_vendor(name);
    REQUIRE(vendor);
    const auto& model = vendor->models.front();
    const auto back = renderer()->with(*vendor, model, std::nullopt);
    REQUIRE(back);
    for (const auto& source : (*back)->in_force())
      if (source.vendor == name) CHECK(source.text.find("{{>") == std::string::npos);
    CHECK((*back)->in_force().size() == before.size());
  }
}
