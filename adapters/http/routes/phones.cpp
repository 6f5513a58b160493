// /api/registered-phones and /api/phone-lookup: who is registered, and which device that is.
#include "actors/reboot/correlation.hpp"
#include "adapters/http/routes/device_view.hpp"
#include "adapters/http/routes/listed.hpp"
#include "adapters/http/routes/phone_view.hpp"
#include "events/utf8.hpp"

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

constexpr std::size_t most_at_address = 64;  // bindings looked at, where many phones share an address

bj::array phone_views(Context& context, const std::vector<BindingPtr>& bindings, bool only_with_mac) {
  const auto present = context.files.present();
  bj::array list;
  for (const auto& binding : bindings) {
    const auto identity = identify(context.services, *binding);
    if (only_with_mac && !identity.mac) continue;
    list.push_back(view_of(*present, *binding, identity));
  }
  return list;
}

// O(limit).
ListedPage phone_page(Context& context, const std::optional<ExtensionNumber>& after, std::size_t limit,
                      bool only_with_mac) {
  std::optional<ExtensionNumber> next;
  const auto bindings = context.services.bindings.page(after, limit, next);
  const auto list = phone_views(context, bindings, only_with_mac);
  return {bj::serialize(list), next ? next->text() : std::string(), list.size()};
}

Awaitable<Result<Response>> list_phones(Context& context, const Request& request, bool only_with_mac) {
  // The lane ends before the context it belongs to does.
  const auto read = [&context, only_with_mac](const auto& after, std::size_t limit, const std::stop_token&) {
    return phone_page(context, after, limit, only_with_mac);
  };
  auto found = co_await list_page<ExtensionNumber>(context, request, read);
  if (!found) co_return found.error();
  // Where all are on one page they are counted as they are shown.
  auto response = page_response(request, std::move(found->page.body),
                                found->whole ? found->page.shown : context.services.bindings.size(), found->page.next);
  // How many have a MAC is only known when all were looked at.
  if (only_with_mac && !found->whole)
    std::erase_if(response.headers, [](const auto& header) { return header.first == "X-Total-Count"; });
  co_return response;
}

Result<Response> of_extension(Context& context, const Request& request) {
  const auto extension = extension_parameter(request);
  if (!extension) return extension.error();
  if (!context.services.extension_rows.find(*extension))
    return not_found("extension_not_found", "Extension " + extension->text() + " does not exist.");
  const auto list = phone_views(context, context.services.bindings.of(*extension), false);
  auto response = json_response(list);
  response.set("X-Total-Count", std::to_string(list.size()));
  return response;
}

struct FoundPhone {
  BindingPtr phone;
  std::optional<DeviceRow> device;
};

FoundPhone by_mac(const Services& services, const MacAddress& mac) {
  FoundPhone found{nullptr, services.device_rows.find(mac)};
  if (found.device) {
    const auto phones = reboot::Phones(services.bindings, services.device_rows).of(*found.device);
    if (!phones.empty()) found.phone = phones.front();
  }
  if (found.phone) return found;
  // Not where it belongs; perhaps it is registered somewhere else.
  const auto elsewhere = services.bindings.with_mac(mac);
  if (!elsewhere.empty()) found.phone = elsewhere.back();
  return found;
}

FoundPhone by_ip(const Services& services, const asio::ip::address& address) {
  FoundPhone found;
  for (const auto& binding : services.bindings.at_ip(address.to_string(), most_at_address)) {
    auto identity = identify(services, *binding);
    const bool better = !found.phone || (!found.device && identity.device);
    if (better) found = {binding, std::move(identity.device)};
    if (found.device) return found;
  }
  // Nobody is registered from there; perhaps a phone fetched its file from there.
  if (!found.phone) found.device = services.device_rows.served_at(address.to_string());
  return found;
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
      return malformed("bad_identifier",
                       "'" + utf8::clip(identifier, 64) +
                           "' is neither a MAC address (such as 00:15:65:12:34:56) nor an IP address.");
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
       .description =
           "A page ends with the last binding of an extension, so that it may hold a few more than its limit.",
       .parameters = {limit_parameter(), cursor_parameter()},
       .replies = {{.status = 200,
                    .description = "By extension",
                    .schema = list_schema,
                    .headers = {"Link", "X-Total-Count"}}},
       .errors = {400},
       .handler = AsyncHandler([context](const Request& request) { return list_phones(*context, request, false); })});
  router.add(
      {.method = Method::get,
       .pattern = "/api/registered-phones/with-mac",
       .id = "listRegisteredPhonesWithMac",
       .tag = "phones",
       .summary = "List the registered phones whose MAC address is known",
       .description = "A page may hold fewer than its limit, as it is made of those that have one. X-Total-Count is "
                      "there where one page "
                      "holds all.",
       .parameters = {limit_parameter(), cursor_parameter()},
       .replies = {{.status = 200,
                    .description = "By extension",
                    .schema = list_schema,
                    .headers = {"Link", "X-Total-Count"}}},
       .errors = {400},
       .handler = AsyncHandler([context](const Request& request) { return list_phones(*context, request, true); })});
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
