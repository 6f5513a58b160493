// What a phone says of itself: never a crash, nothing invented.
#include "actors/provisioning/user_agent.hpp"

#include "actors/provisioning/vendor_catalog.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace strowger::provisioning;

void fuzz(std::string_view input) {
  static const auto catalog = VendorCatalog::built_in();
  static_cast<void>(parse_sip_user_agent(input));
  const auto agent = parse_user_agent(input);
  if (agent.vendor.empty()) {
    FUZZ_CHECK(agent.model.empty() && agent.firmware.empty() && !agent.mac);
    return;
  }
  FUZZ_CHECK(input.find(agent.firmware) != std::string_view::npos);
  FUZZ_CHECK(squeezed(agent.model) == agent.model);
  // Not every vendor whose phones are recognised can be provisioned.
  const auto* vendor = catalog.find_vendor(agent.vendor);
  if (vendor == nullptr) return;
  if (const auto* model = VendorCatalog::find_model(*vendor, agent.model)) FUZZ_CHECK(!model->model.empty());
}
