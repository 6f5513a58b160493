// The name of a requested file: never a crash, and what is resolved is what was asked.
#include "actors/provisioning/resolver.hpp"

#include "actors/provisioning/misplaced.hpp"
#include "actors/provisioning/percent.hpp"
#include "actors/provisioning/placeholder.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

using namespace strowger::provisioning;

void fuzz(std::string_view input) {
  const auto file = resolve(input);
  // Only where a row of the table says so: logs/<mac>-app.log.
  FUZZ_CHECK(file.name.find('/') == std::string::npos || file.role != FileRole::unknown);
  FUZZ_CHECK(file.name.find("../") == std::string::npos);
  FUZZ_CHECK(file.name.find('\\') == std::string::npos);
  FUZZ_CHECK(
      std::none_of(file.name.begin(), file.name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  FUZZ_CHECK(file.name.find(file.mac_text) != std::string::npos);
  FUZZ_CHECK(static_cast<int>(file.mac.has_value()) + static_cast<int>(file.placeholder) +
                 static_cast<int>(file.mac_fault.has_value()) <=
             1);
  if (file.mac) FUZZ_CHECK(strowger::MacAddress::parse(file.mac_text).value() == *file.mac);
  if (file.placeholder) FUZZ_CHECK(placeholder_size(file.mac_text) == file.mac_text.size());
  if (file.mac_fault) FUZZ_CHECK(file.role == FileRole::per_mac);
  // A name that means something means the same in the other place.
  if (file.role != FileRole::unknown && input.substr(0, 1) != "/") {
    const auto rooted = resolve("/" + std::string(input));
    FUZZ_CHECK(rooted.role == file.role || input.starts_with("provision/"));
  }
  // Whatever is a file where it stands is one below folders too.
  const auto meant = misplaced_file(input);
  if (file.role != FileRole::unknown) FUZZ_CHECK(meant && meant->role == file.role);
  if (meant) FUZZ_CHECK(meant->role != FileRole::unknown || meant->mac);
  if (meant && meant->mac) FUZZ_CHECK(strowger::MacAddress::parse(meant->mac_text).value() == *meant->mac);
  if (const auto decoded = percent_decode(input)) FUZZ_CHECK(decoded->size() <= input.size());
}
