#include "actors/provisioning/past.hpp"

#include "actors/provisioning/config_url.hpp"
#include "actors/provisioning/recorded.hpp"
#include "events/json.hpp"
#include "events/overloaded.hpp"

#include <algorithm>

namespace strowger::provisioning {
namespace {

// What stays the same came from where it came from.
template <class T>
void set(Sourced<T>& member, const T& value, const Envelope& envelope) {
  if (member.origin.position != Position{} && member.value == value) return;
  member = {value, origin_of(envelope)};
}

}  // namespace

Origin origin_of(const Envelope& envelope) {
  return {envelope.position, envelope.time,       envelope.by, std::string(type_of(envelope.event)),
          envelope.stream,   envelope.correlation};
}

bool PastDevice::concerns(std::string_view type) {
  return type == DeviceRegistered::type || type == DeviceChanged::type || type == DeviceUnregistered::type ||
         type == DeviceTokenIssued::type || type == DeviceTokenRevoked::type;
}

void PastDevice::apply(const Envelope& envelope) {
  const auto define = [&](const auto& e) {
    set(extension, e.extension, envelope);
    set(vendor, e.vendor, envelope);
    set(model, e.model, envelope);
  };
  std::visit(Overloaded{
                 [&](const DeviceRegistered& e) {
                   if (!registered) {
                     PastDevice fresh;
                     fresh.registered = true;
                     fresh.mac = e.mac;
                     fresh.registration = origin_of(envelope);
                     fresh.unregistration = std::move(unregistration);
                     *this = std::move(fresh);
                   }
                   define(e);
                 },
                 [&](const DeviceChanged& e) {
                   if (registered) define(e);
                 },
                 [&](const DeviceUnregistered&) {
                   registered = false;
                   unregistration = origin_of(envelope);
                 },
                 [&](const DeviceTokenIssued& e) {
                   if (registered) set(token, e.token, envelope);
                 },
                 [&](const DeviceTokenRevoked&) {
                   if (registered) set(token, SealedSecret{}, envelope);
                 },
                 [](const auto&) {},
             },
             envelope.event);
}

bool PastExtension::concerns(std::string_view type) {
  return type == ExtensionCreated::type || type == ExtensionChanged::type || type == ExtensionPasswordChanged::type ||
         type == ExtensionDeleted::type;
}

void PastExtension::apply(const Envelope& envelope) {
  std::visit(Overloaded{
                 [&](const ExtensionCreated& e) {
                   const auto origin = origin_of(envelope);
                   *this = {true, e.number, origin, std::move(deletion), {e.name, origin}, {e.password, origin}};
                 },
                 [&](const ExtensionChanged& e) {
                   if (e.name) set(name, *e.name, envelope);
                 },
                 [&](const ExtensionPasswordChanged& e) { set(password, e.password, envelope); },
                 [&](const ExtensionDeleted&) {
                   exists = false;
                   deletion = origin_of(envelope);
                 },
                 [](const auto&) {},
             },
             envelope.event);
}

void PastSettings::apply(const Envelope& envelope) {
  const auto* fresh = std::get_if<SettingsApplied>(&envelope.event);
  if (fresh == nullptr) return;
  boost::mp11::mp_for_each<json::Members<SettingsApplied>>([&](auto member) {
    if (!value || (*value).*member.pointer != fresh->*member.pointer)
      origins.insert_or_assign(member.name, origin_of(envelope));
  });
  value = *fresh;
}

void PastTemplate::apply(const Envelope& envelope) {
  const auto* fresh = std::get_if<TemplatePublished>(&envelope.event);
  if (fresh == nullptr) return;
  value = *fresh;
  origin = origin_of(envelope);
}

Position last_change(const Past& past) {
  auto last = std::max(
      {past.device.registration.position, past.device.extension.origin.position, past.device.vendor.origin.position,
       past.device.model.origin.position, past.device.token.origin.position, past.extension.creation.position,
       past.extension.name.origin.position, past.extension.password.origin.position, past.published.origin.position});
  for (const auto& [name, origin] : past.settings.origins) last = std::max(last, origin.position);
  return last;
}

DeviceValues values_of(const Past& past, std::string password, std::string token) {
  const auto& settings = *past.settings.value;
  auto url = with_token(config_url(settings, past.device.mac.text()), token);
  return {server_values(settings), past.extension.number, past.extension.name.value, std::move(password),
          past.device.mac,         std::move(url),        std::move(token)};
}

std::vector<Source> sources_of(const Past& past, std::string_view placeholder) {
  std::vector<Source> out;
  const auto setting = [&](const std::string& name) {
    if (const auto found = past.settings.origins.find(name); found != past.settings.origins.end())
      out.push_back({"settings." + name, found->second});
  };
  if (placeholder == "EXTENSION_NUMBER") {
    out.push_back({"device.extension", past.device.extension.origin});
  } else if (placeholder == "EXTENSION_NAME") {
    out.push_back({"extension.name", past.extension.name.origin});
  } else if (placeholder == "EXTENSION_PASSWORD") {
    out.push_back({"extension.password", past.extension.password.origin});
  } else if (placeholder == "MAC") {
    out.push_back({"device.mac", past.device.registration});
  } else if (placeholder == "MODEL_NAME") {
    out.push_back({"device.model", past.device.model.origin});
    out.push_back({"template.model_name", past.published.origin});
  } else if (placeholder == "SIP_SERVER") {
    setting("sip_server");
  } else if (placeholder == "SIP_PORT") {
    setting("sip_port");
  } else if (placeholder == "SIP_REALM") {
    setting("sip_realm");
  } else if (placeholder == "SERVER_NAME") {
    setting("server_name");
  } else if (placeholder.starts_with("CONFIG_")) {
    setting("url_format");
    setting("external_ip");
    setting("api_port");
    if (placeholder == "CONFIG_URL") out.push_back({"device.mac", past.device.registration});
    if (past.device.token.origin.position != Position{}) out.push_back({"device.token", past.device.token.origin});
  }
  return out;
}

}  // namespace strowger::provisioning
