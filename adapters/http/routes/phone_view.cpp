#include "adapters/http/routes/phone_view.hpp"

#include "actors/provisioning/user_agent.hpp"
#include "actors/reboot/correlation.hpp"
#include "adapters/http/routes/device_view.hpp"

#include <algorithm>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

// A number that stays the same while the binding does, and fits what JavaScript counts with.
std::uint64_t id_of(const registrar::Binding& binding) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325ULL;  // FNV-1a
  const auto mix = [&hash](std::string_view part) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3ULL;
    hash = (hash ^ 0xff) * 0x100'0000'01b3ULL;
  };
  mix(binding.extension.text());
  mix(binding.instance.empty() ? binding.contact : binding.instance);
  mix(std::to_string(binding.reg_id));
  return hash >> 11;
}

}  // namespace

Identity identify(const Services& services, const registrar::Binding& binding) {
  if (binding.mac) return {binding.mac, "sip_registration", services.device_rows.find(*binding.mac)};
  Identity identity;
  // A phone with several contacts at one place has one that is told; all of them are it.
  for (auto& device : reboot::Phones(services.bindings, services.device_rows).on(binding.extension)) {
    const auto phones = reboot::Phones(services.bindings, services.device_rows).of(device);
    const bool can_be = std::any_of(phones.begin(), phones.end(), [&](const auto& phone) {
      return phone->extension == binding.extension && phone->ip == binding.ip && phone->port == binding.port;
    });
    if (!can_be) continue;
    if (identity.device) return {};  // two could be it: none is said to be
    identity = {device.definition->mac, "provisioning", std::move(device)};
  }
  return identity;
}

bj::object view_of(const provision::Present& present, const registrar::Binding& binding, const Identity& identity) {
  const auto says = provisioning::parse_sip_user_agent(binding.user_agent);
  const auto* device = identity.device ? identity.device->definition.get() : nullptr;
  bj::object view{{"id", id_of(binding)},
                  {"extension_number", text(binding.extension.text())},
                  {"ip_address", text(binding.ip)},
                  {"port", binding.port},
                  {"transport", text(binding.transport)},
                  {"mac_address", nullptr},
                  {"mac_source", text_or_null(identity.source)},
                  {"user_agent", text(binding.user_agent)},
                  {"vendor", text_or_null(device != nullptr ? device->vendor : says.vendor)},
                  {"model", text_or_null(device != nullptr ? device->model : says.model)},
                  {"config_url", nullptr},
                  {"contact_uri", text(binding.contact)},
                  {"first_registered", iso(binding.first_registered)},
                  {"last_registered", iso(binding.last_registered)},
                  {"expires_at", iso(binding.expires_at)}};
  if (identity.mac) view["mac_address"] = text(identity.mac->text());
  if (device != nullptr) view["config_url"] = text(masked_config_url(present, *device));
  return view;
}

std::string_view phone_schema() {
  return R"({
  "type": "object",
  "description": "A registered contact of an extension.",
  "required": ["id", "extension_number", "ip_address", "port", "transport", "mac_address", "mac_source", "user_agent",
               "vendor", "model", "config_url", "contact_uri", "first_registered", "last_registered", "expires_at"],
  "properties": {
    "id": {"type": "integer", "description": "Stays the same while the phone's registration does."},
    "extension_number": {"type": "string"},
    "ip_address": {"type": "string"},
    "port": {"type": "integer"},
    "transport": {"type": "string"},
    "mac_address": {"type": ["string", "null"]},
    "mac_source": {"enum": ["provisioning", "sip_registration", null]},
    "user_agent": {"type": "string"},
    "vendor": {"type": ["string", "null"]},
    "model": {"type": ["string", "null"]},
    "config_url": {"type": ["string", "null"]},
    "contact_uri": {"type": "string"},
    "first_registered": {"type": "string", "format": "date-time"},
    "last_registered": {"type": "string", "format": "date-time"},
    "expires_at": {"type": "string", "format": "date-time"}
  }
})";
}

}  // namespace strowger::http::routes
