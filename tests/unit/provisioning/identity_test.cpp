#include "actors/provisioning/identity.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

DeviceDefinition registered(const std::string& vendor, const std::string& model) {
  DeviceDefinition device;
  device.mac = MacAddress::parse("001565123456").value();
  device.vendor = vendor;
  device.model = model;
  return device;
}

std::vector<Contradicted> found(std::string_view agent, const DeviceDefinition* device,
                                const std::optional<MacAddress>& requested = std::nullopt) {
  std::vector<Contradicted> out;
  for (const auto& one : contradictions(requested, parse_user_agent(agent), device, catalog())) out.push_back(one.what);
  return out;
}

}  // namespace

TEST_CASE("a phone that is who it is registered as contradicts nothing") {
  const auto device = registered("yealink", "t46s");
  CHECK(found("Yealink SIP-T46S 66.86.0.15 00:15:65:12:34:56", &device).empty());
  CHECK(found("Yealink SIP-T46S 66.86.0.15", &device).empty());
  CHECK(found("curl/7.88.1", &device).empty());
  CHECK(found("", &device).empty());
  const auto alias = registered("yealink", "t21pe2");
  CHECK(found("Yealink SIP-T21P 52.84.0.125", &alias).empty());
}

TEST_CASE("a MAC address, a vendor or a model that is another is told, each once") {
  const auto device = registered("yealink", "t46s");
  CHECK(found("Yealink SIP-T46S 66.86.0.15 00:15:65:12:34:57", &device) == std::vector{Contradicted::mac});
  CHECK(found("Yealink SIP-T48S 66.86.0.15", &device) == std::vector{Contradicted::model});
  CHECK(found("Yealink SIP-T99Z 66.86.0.15", &device) == std::vector{Contradicted::model});
  CHECK(found("Fanvil X4 2.10.2.6887 0c383e07e16c", &device) == std::vector{Contradicted::mac, Contradicted::vendor});
  const auto told = contradictions(std::nullopt, parse_user_agent("Yealink SIP-T48S 66.86.0.15"), &device, catalog());
  CHECK(told.front().text == "The phone says it is model t48s, but is registered as t46s");
}

TEST_CASE("without a device the requested MAC address counts") {
  const auto mac = MacAddress::parse("001565123456").value();
  CHECK(found("Yealink SIP-T46S 66.86.0.15 00:15:65:12:34:57", nullptr, mac) == std::vector{Contradicted::mac});
  CHECK(found("Yealink SIP-T46S 66.86.0.15 00:15:65:12:34:56", nullptr, mac).empty());
  CHECK(found("Yealink SIP-T46S 66.86.0.15 00:15:65:12:34:57", nullptr).empty());
}
