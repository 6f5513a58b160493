#include "config/loader.hpp"
#include "config/schema.hpp"
#include "tests/support/catch.hpp"

#include <fstream>
#include <iterator>
#include <set>

using namespace strowger::config;

namespace {

const Environment nothing_set = [](std::string_view) { return std::nullopt; };

// Every value as YAML shows it, key by key.
std::vector<std::string> shown(const Settings& settings) {
  std::vector<std::string> out;
  for (const auto& key : keys()) out.push_back(std::string(key.path) + " = " + key.show(settings));
  return out;
}

}  // namespace

TEST_CASE("the sample sets every key, to its default") {
  const auto loaded = load_text(sample(), "sample.yml", nothing_set);
  REQUIRE(loaded);
  CHECK(shown(*loaded) == shown(Settings{}));
  for (const auto& key : keys()) {
    const auto last = std::string(key.path.substr(key.path.rfind('.') + 1));
    CHECK_THAT(sample(), ContainsSubstring(last + ": "));
  }
}

TEST_CASE("config/strowger.yml is the sample") {
  std::ifstream file(STROWGER_SAMPLE);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CHECK(text == sample());
}

TEST_CASE("the examples of the sample load when their # is taken away") {
  auto text = sample();
  for (const auto& key : keys()) {
    if (key.example.empty()) continue;
    const auto name = std::string(key.path.substr(key.path.rfind('.') + 1));
    for (const std::string empty : {": []\n", ": {}\n"})
      if (const auto at = text.find(name + empty); at != std::string::npos) text.replace(at + name.size(), 4, ":");
    const auto at = text.find("# " + std::string(key.example));
    REQUIRE(at != std::string::npos);
    text.erase(at, 2);
  }
  const Environment environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "ANN_SIP_PASSWORD") return "s3cret";
    return std::nullopt;
  };
  const auto loaded = load_text(text, "sample.yml", environment);
  REQUIRE(loaded);
  REQUIRE(loaded->extensions.size() == 1);
  CHECK(loaded->extensions[0].password == "s3cret");
  REQUIRE(loaded->provisioning.devices.size() == 1);
  CHECK(loaded->provisioning.devices[0].mac == "001565123456");
  CHECK(loaded->active_directory.group_roles ==
        std::vector<std::pair<std::string, std::string>>{{"Phone Admins", "admin"}});
}
