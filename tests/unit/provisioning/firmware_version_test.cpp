#include "actors/provisioning/firmware_version.hpp"

#include "tests/support/catch.hpp"

using namespace strowger::provisioning;

TEST_CASE("firmware versions are compared number by number") {
  using enum FirmwareState;
  struct Row {
    const char* running;
    const char* wanted;
    FirmwareState state;
  };
  for (const auto& [running, wanted, state] : {
           Row{"66.86.0.15", "66.86.0.15", current},
           Row{"66.85.0.5", "66.86.0.15", behind},
           Row{"66.86.0.160", "66.86.0.15", ahead},
           Row{"66.9.0.1", "66.10.0.1", behind},
           Row{"5.9.6.2327", "5.9", ahead},
           Row{"2.1", "2.1.0", current},
           Row{"V2.12.1", "2.12.1", current},
           Row{"sip68x.12-0-1", "sip68x.12-0-2", behind},
           Row{"SPA1", "spa1", current},
           Row{"", "1.0", unknown},
           Row{"1.0", "", not_wanted},
           Row{"1.", "1.0", behind},
           Row{"99999999999999999999999", "1", behind},
       }) {
    CAPTURE(running, wanted);
    CHECK(compare_firmware(running, wanted) == state);
  }
}
