#include "actors/provisioning/dhcp.hpp"

#include "adapters/cli/commands.hpp"
#include "config/external_address.hpp"

#include <iostream>

namespace strowger::cli {

int dhcp_snippet(const DhcpOptions& options) {
  const auto settings = settings_of(options.config);
  if (!settings) return fail(settings.error());
  const auto server = provisioning::dhcp_server(options.server);
  if (!server)
    return fail(unacceptable("unknown_dhcp_server",
                             "'" + options.server + "' is no DHCP server known here; name isc, kea or dnsmasq"));
  auto ip = settings->server.external_ip;
  if (ip.empty()) {
    const auto found = config::external_address();
    ip = found.ip;
    std::cerr << "server.external_ip is not set: phones are told " << found.ip << " (" << found.reason << ")\n";
  }
  const provisioning::UrlSettings url{settings->provisioning.url_format, ip, settings->api.port};
  std::cout << provisioning::dhcp_snippet(*server, url, provisioning::VendorCatalog::built_in());
  return 0;
}

}  // namespace strowger::cli
