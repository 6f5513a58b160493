#include "adapters/http/provision/upload_seats.hpp"

#include "tests/support/catch.hpp"

#include <vector>

using namespace strowger;
using namespace strowger::http::provision;

namespace {

MacAddress phone(unsigned number) {
  return MacAddress::from_bits(0x0004f2000000 + number);
}

}  // namespace

TEST_CASE("slow uploads of one address or one device leave seats to the others") {
  UploadSeats seats({.all = 8, .of_source = 4, .of_device = 2});
  std::vector<UploadSeats::Seat> taken;
  const auto take = [&](const std::string& source, unsigned device) {
    std::string_view full;
    auto seat = seats.take(source, phone(device), full);
    CHECK(seat.has_value() == full.empty());
    if (seat) taken.push_back(std::move(*seat));
    return std::string(full);
  };
  CHECK(take("192.0.2.1", 1).empty());
  CHECK(take("192.0.2.1", 1).empty());
  CHECK(take("192.0.2.1", 1) == "of this device");
  CHECK(take("192.0.2.2", 1) == "of this device");
  CHECK(take("192.0.2.1", 2).empty());
  CHECK(take("192.0.2.1", 3).empty());
  CHECK(take("192.0.2.1", 4) == "from this address");
  CHECK(take("192.0.2.2", 4).empty());
  CHECK(take("192.0.2.2", 5).empty());
  CHECK(take("192.0.2.3", 6).empty());
  CHECK(take("192.0.2.3", 7).empty());
  CHECK(take("192.0.2.4", 8) == "in all");
  taken.clear();
  CHECK(take("192.0.2.1", 1).empty());
  CHECK(take("192.0.2.1", 1).empty());
}
