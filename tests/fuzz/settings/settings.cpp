// A settings file: never a crash; what loads keeps its promises, what does not says where.
#include "config/checks.hpp"
#include "config/loader.hpp"
#include "config/network.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace strowger::config;

void fuzz(std::string_view input) {
  const Environment environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "HOME") return "/root";
    return std::nullopt;
  };
  const auto settings = load_text(input, "fuzz.yml", environment);
  if (!settings) {
    const auto error = settings.error();
    FUZZ_CHECK(error.code == "bad_settings");
    FUZZ_CHECK(error.message.starts_with("fuzz.yml"));
    FUZZ_CHECK(!error.details.at("faults").as_array().empty());
    return;
  }
  FUZZ_CHECK(settings->api.require_authentication || is_loopback(settings->api.host));
  FUZZ_CHECK(check_url_format(settings->provisioning.url_format).empty());
  for (const auto& network : settings->provisioning.access.allowed_networks)
    FUZZ_CHECK(Network::parse(network).has_value());
  for (const auto& device : settings->provisioning.devices)
    FUZZ_CHECK(check_mac(device.mac).empty() && !device.vendor.empty());
  for (const auto& extension : settings->extensions) FUZZ_CHECK(check_extension(extension.number).empty());
}
