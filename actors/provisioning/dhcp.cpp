#include "actors/provisioning/dhcp.hpp"

#include <array>
#include <span>
#include <vector>

#include <boost/json.hpp>

namespace strowger::provisioning {
namespace {

namespace json = boost::json;

// {base} is the folder of the phones' files without a slash at its end, {host}, {port} and {folder} are its parts.
struct Row {
  std::string_view vendor;   // as in the catalog, where it is known there
  std::string_view classes;  // what option 60 begins with; several with a bar between
  std::uint8_t code;
  std::uint8_t sub_option;  // within option 43; 0: none
  std::string_view value;
};

constexpr std::array<Row, 13> rows{{
    {"yealink", "yealink", 66, 0, "{base}/"},
    {"zultys", "", 66, 0, "{base}/"},
    {"polycom", "", 160, 0, "{base}/"},
    {"cisco", "Cisco SPA|CISCO SPA|LINKSYS SPA|Cisco Systems, Inc. IP Phone SPA", 66, 0, "{base}/spa$PSN.cfg"},
    {"grandstream", "Grandstream", 66, 0, "{base}"},
    {"fanvil", "Fanvil", 66, 0, "{base}/$mac.cfg"},
    {"snom", "snom", 66, 0, "{base}"},
    {"gigaset", "Gigaset", 114, 0, "{base}/"},
    {"mitel", "AastraIPPhone", 43, 2, "{base}"},
    {"avaya", "ccp.avaya.com", 242, 0, "HTTPSRVR={host},HTTPPORT={port},HTTPDIR={folder}"},
    {"sangoma", "digium", 66, 0, "{base}"},
    {"htek", "", 66, 0, "{base}/"},
    {"panasonic", "Panasonic", 160, 0, "{base}"},
}};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto bar = text.find('|');
    parts.push_back(text.substr(0, bar));
    text = bar == std::string_view::npos ? std::string_view() : text.substr(bar + 1);
  }
  return parts;
}

std::string hex_byte(std::uint32_t byte) {
  static constexpr std::string_view digits = "0123456789abcdef";
  return {digits[byte >> 4 & 15], digits[byte & 15]};
}
std::string prefix(std::uint32_t oui, std::string_view between) {
  return hex_byte(oui >> 16).append(between) + hex_byte(oui >> 8).append(between) + hex_byte(oui);
}

class OptionValues {
 public:
  explicit OptionValues(const UrlSettings& settings) : parts_(url_parts(config_url(settings, "mac"))) {
    const auto slash = parts_.path.find('/');
    auto authority = parts_.path.substr(0, slash);
    if (slash != std::string::npos) folder_ = parts_.path.substr(slash);
    const auto colon = authority.rfind(':');
    const bool has_port = colon != std::string::npos && authority.find(']', colon) == std::string::npos;
    port_ = has_port ? authority.substr(colon + 1) : parts_.https ? "443" : "80";
    host_ = authority.substr(0, has_port ? colon : std::string::npos);
  }
  std::string of(const Row& row) const {
    std::string value(row.value);
    if (parts_.https && value.starts_with("HTTP")) value = "TLSSRVR={host},TLSPORT={port},TLSDIR={folder}";
    const std::array<std::pair<std::string_view, const std::string&>, 4> known{
        {{"{base}", parts_.base}, {"{host}", host_}, {"{port}", port_}, {"{folder}", folder_}}};
    for (const auto& [name, text] : known)
      if (const auto at = value.find(name); at != std::string::npos) value.replace(at, name.size(), text);
    return value;
  }

 private:
  UrlParts parts_;
  std::string host_, port_, folder_;
};

std::span<const std::uint32_t> ouis_of(const Row& row, const VendorCatalog& catalog) {
  const auto* vendor = catalog.find_vendor(row.vendor);
  if (vendor == nullptr) return {};
  return vendor->ouis;
}

// "…" with what ISC's and dnsmasq's grammars take for the end of a string escaped.
std::string quoted_option(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + '"';
}

std::string isc(const OptionValues& values, const VendorCatalog& catalog) {
  std::string out =
      "# dhcpd.conf: above the subnets.\n"
      "option strowger-url-114 code 114 = text;\n"
      "option strowger-url-160 code 160 = text;\n"
      "option strowger-avaya code 242 = text;\n"
      "option space strowger-mitel;\n"
      "option strowger-mitel.server code 2 = text;\n";
  for (const auto& row : rows) {
    std::string conditions;
    const auto add = [&](const std::string& condition) {
      conditions += (conditions.empty() ? "" : "\n    or ") + condition;
    };
    for (const auto begin : split(row.classes))
      add("substring(option vendor-class-identifier, 0, " + std::to_string(begin.size()) +
          ") = " + quoted_option(begin));
    for (const auto oui : ouis_of(row, catalog)) add("substring(hardware, 1, 3) = " + prefix(oui, ":"));
    if (conditions.empty()) continue;
    const auto name = std::string(row.vendor);
    out += "\nclass \"strowger-" + name + "\" {\n  match if " + conditions + ";\n";
    const auto value = quoted_option(values.of(row));
    if (row.code == 43)
      out += "  vendor-option-space strowger-mitel;\n  option strowger-mitel.server " + value + ";\n";
    else if (row.code == 66)
      out += "  option tftp-server-name " + value + ";\n";
    else if (row.code == 242)
      out += "  option strowger-avaya " + value + ";\n";
    else
      out += "  option strowger-url-" + std::to_string(row.code) + " " + value + ";\n";
    out += "}\n";
  }
  return out;
}

// Kea takes a comma for the end of a field.
std::string kea_data(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ',') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string kea(const OptionValues& values, const VendorCatalog& catalog) {
  const auto definition = [](std::string_view name, int code, std::string_view space) {
    return json::object{{"name", name}, {"code", code}, {"type", "string"}, {"space", space}};
  };
  // 114 is Kea's own already.
  json::array definitions{definition("strowger-url-160", 160, "dhcp4"), definition("strowger-avaya", 242, "dhcp4"),
                          definition("server", 2, "strowger-mitel")};
  json::array classes;
  for (const auto& row : rows) {
    std::string test;
    const auto add = [&](const std::string& condition) { test += (test.empty() ? "" : " or ") + condition; };
    for (const auto begin : split(row.classes))
      add("(substring(option[60].hex,0," + std::to_string(begin.size()) + ") == '" + std::string(begin) + "')");
    for (const auto oui : ouis_of(row, catalog)) add("(substring(pkt4.mac,0,3) == 0x" + prefix(oui, "") + ")");
    if (test.empty()) continue;
    json::object entry{{"name", "strowger-" + std::string(row.vendor)}, {"test", test}};
    const auto data = kea_data(values.of(row));
    if (row.code == 43) {
      entry["option-def"] = json::array{json::object{
          {"name", "vendor-encapsulated-options"}, {"code", 43}, {"type", "empty"}, {"encapsulate", "strowger-mitel"}}};
      entry["option-data"] = json::array{json::object{{"name", "vendor-encapsulated-options"}},
                                         json::object{{"name", "server"}, {"space", "strowger-mitel"}, {"data", data}}};
    } else {
      entry["option-data"] = json::array{json::object{{"code", row.code}, {"data", data}}};
    }
    classes.emplace_back(std::move(entry));
  }
  // A line an entry, for people.
  std::string out = "\"option-def\": [\n";
  const auto lines = [&](const json::array& all) {
    for (std::size_t i = 0; i < all.size(); ++i)
      out += "  " + json::serialize(all[i]) + (i + 1 < all.size() ? ",\n" : "\n");
  };
  lines(definitions);
  out += "],\n\"client-classes\": [\n";
  lines(classes);
  return out + "]\n";
}

std::string dnsmasq(const OptionValues& values, const VendorCatalog& catalog) {
  std::string out = "# dnsmasq.conf\n";
  for (const auto& row : rows) {
    const auto ouis = ouis_of(row, catalog);
    if (row.classes.empty() && ouis.empty()) continue;
    const auto tag = "strowger-" + std::string(row.vendor);
    // An option within option 43 goes by the vendor class alone, which dnsmasq matches anywhere in it.
    if (row.code == 43) {
      for (const auto begin : split(row.classes))
        out += "dhcp-option=vendor:" + std::string(begin) + "," + std::to_string(row.sub_option) + "," +
               quoted_option(values.of(row)) + "\n";
      continue;
    }
    for (const auto begin : split(row.classes))
      out += "dhcp-vendorclass=set:" + tag + "," + quoted_option(begin) + "\n";
    for (const auto oui : ouis) out += "dhcp-mac=set:" + tag + "," + prefix(oui, ":") + ":*:*:*\n";
    out += "dhcp-option=tag:" + tag + "," + std::to_string(row.code) + "," + quoted_option(values.of(row)) + "\n";
  }
  return out;
}

}  // namespace

std::optional<DhcpServer> dhcp_server(std::string_view name) {
  if (name == "isc") return DhcpServer::isc;
  if (name == "kea") return DhcpServer::kea;
  if (name == "dnsmasq") return DhcpServer::dnsmasq;
  return std::nullopt;
}

std::string dhcp_snippet(DhcpServer server, const UrlSettings& url, const VendorCatalog& catalog) {
  const OptionValues values(url);
  switch (server) {
    case DhcpServer::isc:
      return isc(values, catalog);
    case DhcpServer::kea:
      return kea(values, catalog);
    case DhcpServer::dnsmasq:
      break;
  }
  return dnsmasq(values, catalog);
}

}  // namespace strowger::provisioning
