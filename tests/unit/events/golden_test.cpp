// One record of each event type and schema version ever released lies in tests/golden/events. A type that changes
// without a new version makes this fail; so does a released record that can no longer be read.
//
// To release a new type or version: write its record with STROWGER_WRITE_GOLDEN=1, look at it, commit it. Never change
// one that is there.

#include "events/event.hpp"
#include "events/json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_values.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace strowger;

namespace {

std::filesystem::path golden(std::string_view type, std::uint16_t schema) {
  return std::filesystem::path(STROWGER_GOLDEN_EVENTS) / (std::string(type) + ".v" + std::to_string(schema) + ".json");
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  auto out = text.str();
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace

TEST_CASE("every event type is written as it was released") {
  boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Event>>([](auto identity) {
    using T = typename decltype(identity)::type;
    T event;
    test::fill(event);
    const auto path = golden(T::type, T::schema);
    const auto present = json::to_string(event);
    if (std::getenv("STROWGER_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(path))
      std::ofstream(path, std::ios::binary) << present << '\n';
    CAPTURE(path.filename().string());
    REQUIRE(std::filesystem::exists(path));
    CHECK(present == read(path));
  });
}

TEST_CASE("every record ever released can be read") {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(STROWGER_GOLDEN_EVENTS)) {
    const auto name = entry.path().stem().string();  // device.registered.v1
    const auto version = name.rfind(".v");
    CAPTURE(name);
    REQUIRE(version != std::string::npos);
    Record record;
    record.type = name.substr(0, version);
    record.schema = static_cast<std::uint16_t>(std::stoi(name.substr(version + 2)));
    record.data = read(entry.path());
    CHECK(decode(record));
    ++files;
  }
  CHECK(files >= std::variant_size_v<Event>);
}
