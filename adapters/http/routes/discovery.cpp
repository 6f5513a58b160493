// GET /api/provisioning/discovered: phones that were seen and are not registered. (Each is registered by the POST below
// it, which is beside that of devices.)
#include "adapters/http/routes/discovery.hpp"

#include "actors/provisioning/user_agent.hpp"

#include <algorithm>
#include <map>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view discovery_path = "/api/provisioning/discovered";

constexpr std::string_view discovered_phone_schema = R"({
  "type": "object",
  "required": ["mac_address", "vendor", "model", "ip_address", "first_seen", "last_seen", "requests", "registrations", "register"],
  "properties": {
    "mac_address": {"type": "string", "pattern": "^[0-9a-f]{12}$"},
    "vendor": {"type": ["string", "null"], "description": "By its User-Agent, else by its MAC address."},
    "model": {"type": ["string", "null"], "description": "As it is registered, where that is known."},
    "seen_model": {"type": ["string", "null"], "description": "As it said."},
    "firmware": {"type": ["string", "null"]},
    "ip_address": {"type": "string"},
    "user_agent": {"type": ["string", "null"]},
    "seen_by": {"type": "array", "items": {"enum": ["http", "sip"]}},
    "extension_number": {"type": ["string", "null"], "description": "That it registered as by SIP."},
    "first_seen": {"type": "string", "format": "date-time"},
    "last_seen": {"type": "string", "format": "date-time"},
    "requests": {"type": "integer", "description": "For its file."},
    "registrations": {"type": "integer", "description": "By SIP, without refreshes."},
    "last_path": {"type": ["string", "null"]},
    "refused_by": {"type": ["string", "null"], "description": "The rule of provisioning.access that refused it; null: it was only not registered."},
    "register": {
      "type": "object",
      "description": "The call that registers it; what is null is still to be given.",
      "required": ["method", "path", "body"],
      "properties": {
        "method": {"const": "POST"},
        "path": {"type": "string"},
        "body": {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
      }
    }
  }
})";
constexpr std::string_view phones_schema = R"({
  "type": "object",
  "required": ["total", "limit", "kept", "evicted", "phones"],
  "properties": {
    "total": {"type": "integer"},
    "limit": {"type": "integer"},
    "kept": {"type": "integer", "description": "How many are kept at most. Those leave first that access rules refused, then those of the address that most come from, then those that were not seen for longest."},
    "evicted": {"type": "integer", "description": "How many had to leave for that, in the last 30 days."},
    "phones": {"type": "array", "items": {"$ref": "#/components/schemas/DiscoveredPhone"}}
  }
})";

// One that has asked for no file was seen by SIP only.
provisioning::UserAgent said_by(const DiscoveredRow& row) {
  return row.requests > 0 ? provisioning::parse_user_agent(row.user_agent)
                          : provisioning::parse_sip_user_agent(row.user_agent);
}

bj::object view(const Services& services, const DiscoveredRow& row) {
  const auto kind = seen_kind(services, row);
  const auto says = said_by(row);
  bj::array seen_by;
  if (row.requests > 0) seen_by.emplace_back("http");
  if (row.registrations > 0) seen_by.emplace_back("sip");
  bj::object body;
  body["extension_number"] = text_or_null(row.extension.text());
  if (kind.vendor.empty()) body["vendor"] = nullptr;
  if (kind.model.empty()) body["model"] = nullptr;
  return {{"mac_address", text(row.mac.text())},
          {"vendor", text_or_null(kind.vendor)},
          {"model", text_or_null(kind.model)},
          {"seen_model", text_or_null(says.model)},
          {"firmware", text_or_null(says.firmware)},
          {"ip_address", text(row.ip)},
          {"user_agent", text_or_null(row.user_agent)},
          {"seen_by", std::move(seen_by)},
          {"extension_number", text_or_null(row.extension.text())},
          {"first_seen", iso(row.first_seen)},
          {"last_seen", iso(row.last_seen)},
          {"requests", row.requests},
          {"registrations", row.registrations},
          {"last_path", text_or_null(row.path)},
          {"refused_by", row.denied ? bj::value(text(row.code)) : bj::value(nullptr)},
          {"register", bj::object{{"method", "POST"},
                                  {"path", text(std::string(discovery_path) + "/" + row.mac.text() + "/register")},
                                  {"body", std::move(body)}}}};
}

// With what was counted since and is not in the log yet.
std::vector<DiscoveredRow> rows_now(const Context& context) {
  const auto& services = context.services;
  auto rows = services.discovered_rows->list();
  // The devices of this moment may be ahead of these rows.
  std::erase_if(rows, [&](const DiscoveredRow& row) { return services.device_rows.find(row.mac).has_value(); });
  std::map<MacAddress, DiscoveredRow*> by_mac;
  for (auto& row : rows) by_mac.emplace(row.mac, &row);
  for (const auto& open : context.sightings.open_rows()) {
    if (!open.normalized_mac || open.code == "probe") continue;
    const auto found = by_mac.find(*open.normalized_mac);
    if (found == by_mac.end()) continue;
    found->second->requests += open.count;
    found->second->last_seen = std::max(found->second->last_seen, open.time);
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.last_seen > b.last_seen; });
  return rows;
}

Result<Response> list(const Context& context, const Request& request) {
  const auto page = page_of(request, DiscoveredProjection::kept);
  if (!page) return page.error();
  const auto rows = rows_now(context);
  bj::array phones;
  for (std::size_t i = 0; i < std::min(rows.size(), page->limit); ++i)
    phones.push_back(view(context.services, rows[i]));
  return json_response(bj::object{{"total", rows.size()},
                                  {"limit", page->limit},
                                  {"kept", DiscoveredProjection::kept},
                                  {"evicted", context.services.discovered_rows->evicted()},
                                  {"phones", std::move(phones)}});
}

Result<Response> read(const Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) return mac.error();
  for (const auto& row : rows_now(context))
    if (row.mac == *mac) return json_response(view(context.services, row));
  return discovered(context.services, *mac).error();
}

}  // namespace

PhoneKind seen_kind(const Services& services, const DiscoveredRow& row) {
  const auto says = said_by(row);
  const auto* vendor = services.vendors.find_vendor(says.vendor);
  if (vendor == nullptr) vendor = services.vendors.vendor_of(row.mac);
  if (vendor == nullptr) return {};
  const auto* model = says.model.empty() ? nullptr : provisioning::VendorCatalog::find_model(*vendor, says.model);
  return {vendor->vendor, model == nullptr ? std::string() : model->model};
}

Result<DiscoveredRow> discovered(const Services& services, const MacAddress& mac) {
  if (services.device_rows.find(mac))
    return conflict("device_registered", "Device " + mac.text() +
                                             " is registered already; change it with PATCH "
                                             "/api/provisioning/devices/" +
                                             mac.text());
  const auto row =
      services.discovered_rows == nullptr ? std::optional<DiscoveredRow>() : services.discovered_rows->find(mac);
  if (row) return *row;
  return not_found("not_discovered", "No phone of " + mac.colons() +
                                         " was seen. Register it with POST /api/provisioning/devices, which asks for "
                                         "vendor and model too.");
}

void add_discovery(Router& router, const ContextPtr& context) {
  if (context->services.discovered_rows == nullptr) return;
  router.add_schema("DiscoveredPhone", std::string(discovered_phone_schema));
  router.add_schema("DiscoveredPhones", std::string(phones_schema));
  router.add({.method = Method::get,
              .pattern = std::string(discovery_path),
              .id = "listDiscoveredPhones",
              .tag = "discovery",
              .summary = "List phones that were seen and are not registered",
              .description = "They asked for their file, or registered by SIP under their MAC address. A phone that is "
                             "registered as a device leaves the list.",
              .parameters = {limit_parameter()},
              .replies = {{.status = 200, .description = "The last seen first", .schema = "#DiscoveredPhones"}},
              .errors = {400},
              .handler = Handler([context](const Request& request) { return list(*context, request); })});
  router.add({.method = Method::get,
              .pattern = std::string(discovery_path) + "/{mac}",
              .id = "getDiscoveredPhone",
              .tag = "discovery",
              .summary = "What is known of a phone that is not registered",
              .parameters = {mac_path_parameter()},
              .replies = {{.status = 200, .description = "The phone", .schema = "#DiscoveredPhone"}},
              .errors = {400, 404, 409},
              .handler = Handler([context](const Request& request) { return read(*context, request); })});
}

}  // namespace strowger::http::routes
