// What a DHCP server has to tell phones, so that they find their files: the option that each vendor's phones read, and
// the value that they take it in (what vendors publish, and what other provisioning systems' generated values prove to
// work). Written as configuration of a DHCP server that people run.
#pragma once

#include "actors/provisioning/config_url.hpp"
#include "actors/provisioning/vendor_catalog.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::provisioning {

enum class DhcpServer : std::uint8_t { isc, kea, dnsmasq };
std::optional<DhcpServer> dhcp_server(std::string_view name);

// Ready to be put into dhcpd.conf, into the "Dhcp4" of kea-dhcp4.conf, or into dnsmasq.conf. A phone is known by the
// vendor class that it sends (option 60) or by the maker's address prefixes, as `catalog` knows them.
std::string dhcp_snippet(DhcpServer server, const UrlSettings& url, const VendorCatalog& catalog);

}  // namespace strowger::provisioning
