// /api/registered-phones and /api/phone-lookup: who is registered, and which device that is.
#include "actors/reboot/correlation.hpp"
#include "adapters/http/routes/device_view.hpp"
#include "adapters/http/routes/phone_view.hpp"

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;
using registrar::BindingPtr;

constexpr std::string_view lookup_schema = R"({
  "type": "object",
  "required": ["identifier", "type", "registered_phone", "provisioned_device", "correlation"],
  "properties": {
    "identifier": {"type": "string", "description": "As it was understood: 12 hex digits, or an address."},
    "type": {"enum": ["mac", "ip"]},
    "registered_phone": {"oneOf": [{"$ref": "#/components/schemas/RegisteredPhone"}, {"type": "null"}]},
    "provisioned_device": {"oneOf": [{"$ref": "#/components/schemas/Device"}, {"type": "null"}]},
    "correlation": {
      "type": "object",
      "required": ["matched", "extension", "mac_address", "ip_address", "vendor", "model"],
      "properties": {
        "matched": {"type": "boolean", "description": "The registered phone is the provisioned device."},
        "extension": {"type": ["string", "null"]},
        "mac_address": {"type": ["string", "null"]},
        "ip_address": {"type": ["string", "null"]},
        "vendor": {"type": ["string", "null"]},
        "model": {"type": ["string", "null"]}
      }
    }
  }
})";

Response phones_response(Context& context, const std::vector<BindingPtr>& bindings, bool only_with_mac) {
  const auto present = context.files.present();
  bj::array list;
  for (const auto& binding : bindings) {
    const auto identity = identify(context.services, *binding);
    if (only_with_mac && !identity.mac) continue;
    list.push_back(view_of(*present, *binding, identity));
  }
  const auto total = std::to_string(list.size());
  auto response = json_response(list);
  response.set("X-Total-Count", total);
  return response;
}

Result<Response> of_extension(Context& context, const Request& request) {
  const auto extension = extension_parameter(request);
  if (!extension) return extension.error();
  if (!context.services.extension_rows.find(*extension))
    return not_found("extension_not_found", "Extension " + extension->text() + " does not exist.");
  return phones_response(context, context.services.bindings.of(*extension), false);
}

struct FoundPhone {
  BindingPtr phone;
  std::optional<DeviceRow> device;
};

FoundPhone by_mac(const Services& services, const MacAddress& mac) {
  FoundPhone found{nullptr, services.device_rows.find(mac)};
  if (found.device) {
    const auto phones = reboot::bindings_of(*found.device, services.bindings.of(found.device->definition->extension));
    if (!phones.empty()) found.phone = phones.front();
  }
  if (found.phone) return found;
  // Not where it belongs; perhaps it is registered somewhere else.
  for (const auto& binding : services.bindings.all())
    if (binding->mac == mac) found.phone = binding;
  return found;
}

FoundPhone by_ip(const Services& services, const asio::ip::address& address) {
  FoundPhone found;
  for (const auto& binding : services.bindings.all()) {
    error_code fault;
    if (asio::ip::make_address(binding->ip, fault) != address || fault) continue;
    auto identity = identify(services, *binding);
    const bool better = !found.phone || (!found.device && identity.device);
    if (better) found = {binding, std::move(identity.device)};
    if (found.device) return found;
  }
  if (found.phone) return found;
  // Nobody is registered from there; perhaps a phone fetched its file from there.
  const auto text = address.to_string();
  std::optional<MacAddress> after;
  for (;;) {
    const auto rows = services.device_rows.list(after, 1000);
    for (const auto& row : rows)
      if (row.activity.last_ip == text) {
        found.device = row;
        return found;
      }
    if (rows.size() < 1000) return found;
    after = rows.back().definition->mac;
  }
}

Result<Response> lookup(Context& context, const Request& request) {
  const auto& identifier = request.parameter(0);
  const auto& services = context.services;
  bj::object answer{
      {"identifier", nullptr}, {"type", nullptr}, {"registered_phone", nullptr}, {"provisioned_device", nullptr}};
  FoundPhone found;
  const auto mac = MacAddress::parse(identifier);
  if (mac) {
    answer["identifier"] = text(mac->text());
    answer["type"] = "mac";
    found = by_mac(services, *mac);
  } else {
    error_code fault;
    const bool bracketed = identifier.size() > 2 && identifier.front() == '[' && identifier.back() == ']';
    const auto plain = bracketed ? identifier.substr(1, identifier.size() - 2) : identifier;
    auto address = asio::ip::make_address(plain, fault);
    if (fault)
      return malformed(
          "bad_identifier",
          "'" + identifier.substr(0, 64) + "' is neither a MAC address (such as 00:15:65:12:34:56) nor an IP address.");
    if (address.is_v6() && address.to_v6().is_v4_mapped())
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    answer["identifier"] = text(address.to_string());
    answer["type"] = "ip";
    found = by_ip(services, address);
  }

  const auto present = context.files.present();
  bj::object correlation{{"matched", found.phone != nullptr && found.device.has_value()},
                         {"extension", nullptr},
                         {"mac_address", nullptr},
                         {"ip_address", nullptr},
                         {"vendor", nullptr},
                         {"model", nullptr}};
  if (found.phone) {
    auto identity = identify(services, *found.phone);
    // Asked for by its MAC, it is that device, even where several could be it.
    if (mac && found.device && !identity.mac) identity = {*mac, "provisioning", found.device};
    auto view = view_of(*present, *found.phone, identity);
    correlation["extension"] = text(found.phone->extension.text());
    correlation["ip_address"] = text(found.phone->ip);
    correlation["mac_address"] = view["mac_address"];
    correlation["vendor"] = view["vendor"];
    correlation["model"] = view["model"];
    answer["registered_phone"] = std::move(view);
  }
  if (found.device) {
    const auto& device = *found.device->definition;
    if (!found.phone) correlation["extension"] = text(device.extension.text());
    correlation["mac_address"] = text(device.mac.text());
    correlation["vendor"] = text(device.vendor);
    correlation["model"] = text(device.model);
    answer["provisioned_device"] = view_of(context, present, *found.device);
  }
  answer["correlation"] = std::move(correlation);
  return json_response(answer);
}

}  // namespace

void add_phones(Router& router, const ContextPtr& context) {
  router.add_schema("RegisteredPhone", std::string(phone_schema()));
  router.add_schema("PhoneLookup", std::string(lookup_schema));
  const std::string list_schema = R"({"type":"array","items":{"$ref":"#/components/schemas/RegisteredPhone"}})";
  router.add(
      {.method = Method::get,
       .pattern = "/api/registered-phones",
       .id = "listRegisteredPhones",
       .tag = "phones",
       .summary = "List the registered phones, one row a binding",
       .replies = {{.status = 200, .description = "By extension", .schema = list_schema, .headers = {"X-Total-Count"}}},
       .handler = Handler([context](const Request&) -> Result<Response> {
         return phones_response(*context, context->services.bindings.all(), false);
       })});
  router.add(
      {.method = Method::get,
       .pattern = "/api/registered-phones/with-mac",
       .id = "listRegisteredPhonesWithMac",
       .tag = "phones",
       .summary = "List the registered phones whose MAC address is known",
       .replies = {{.status = 200, .description = "By extension", .schema = list_schema, .headers = {"X-Total-Count"}}},
       .handler = Handler([context](const Request&) -> Result<Response> {
         return phones_response(*context, context->services.bindings.all(), true);
       })});
  router.add(
      {.method = Method::get,
       .pattern = "/api/registered-phones/extension/{number}",
       .id = "listRegisteredPhonesOfExtension",
       .tag = "phones",
       .summary = "List the phones registered on one extension",
       .replies = {{.status = 200, .description = "Its bindings", .schema = list_schema, .headers = {"X-Total-Count"}}},
       .errors = {400, 404},
       .handler = Handler([context](const Request& request) { return of_extension(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/phone-lookup/{identifier}",
              .id = "lookUpPhone",
              .tag = "phones",
              .summary = "Find a phone by its MAC or IP address",
              .description = "By MAC address it finds the phone registered on the device's extension even where SIP "
                             "carried no MAC address.",
              .parameters = {{.name = "identifier",
                              .description = "A MAC address in any form, or an IPv4 or IPv6 address.",
                              .in = Parameter::In::path}},
              .replies = {{.status = 200, .description = "What is known", .schema = "#PhoneLookup"}},
              .errors = {400},
              .handler = Handler([context](const Request& request) { return lookup(*context, request); })});
}

}  // namespace strowger::http::routes
