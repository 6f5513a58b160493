#include "actors/provisioning/past.hpp"

#include "actors/provisioning/config_url.hpp"
#include "actors/provisioning/recorded.hpp"
#include "events/json.hpp"
#include "events/overloaded.hpp"

#include <algorithm>
#include <charconv>

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
         type == DeviceTokenIssued::type || type == DeviceTokenRevoked::type || type == DeviceLinesChanged::type ||
         type == DeviceSiteChanged::type;
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
                 [&](const DeviceLinesChanged& e) { set(lines, e.lines, envelope); },
                 [&](const DeviceSiteChanged& e) { set(site, e.site, envelope); },
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
  return type == ExtensionCreated::type || type == ExtensionChanged::type || type == NameSynced::type ||
         type == ExtensionPasswordChanged::type || type == ExtensionDeleted::type;
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
                 [&](const NameSynced& e) {
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

void PastLayer::apply(const Envelope& envelope) {
  const auto* event = std::get_if<PhoneSettingsChanged>(&envelope.event);
  if (event == nullptr) return;
  row.apply(*event, envelope);
  last = envelope.position;
}

Position last_change(const Past& past) {
  auto last =
      std::max({past.device.registration.position, past.device.extension.origin.position,
                past.device.vendor.origin.position, past.device.model.origin.position, past.device.site.origin.position,
                past.device.lines.origin.position, past.device.token.origin.position, past.published.origin.position});
  const auto extension = [&](const PastExtension& one) {
    last = std::max({last, one.creation.position, one.name.origin.position, one.password.origin.position});
  };
  extension(past.extension);
  for (const auto& [line, one] : past.more_extensions) extension(one);
  for (const auto& layer : past.layers) last = std::max(last, layer.last);
  for (const auto& [name, origin] : past.settings.origins) last = std::max(last, origin.position);
  return last;
}

EffectiveSettings effective(const Past& past) {
  std::array<const PhoneSettingsRow*, settings_levels> rows{};
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = &past.layers[i].row;
  return effective(rows);
}

Result<DeviceValues> values_of(const Past& past, const OpenSecret& open) {
  const auto& settings = *past.settings.value;
  auto password = open(past.extension.password.value);
  if (!password) return password.error();
  const auto& sealed = past.device.token.value;
  auto token = sealed.empty() ? Result<std::string>(std::string()) : open(sealed);
  if (!token) return token.error();
  auto url = with_token(config_url(settings, past.device.mac.text()), *token);
  DeviceValues out{server_values(settings), past.extension.number, past.extension.name.value, std::move(*password),
                   past.device.mac,         std::move(url),        std::move(*token)};
  for (const auto& line : past.device.lines.value) {
    if (line.line == 1) out.label = line.label;
    const auto found = past.more_extensions.find(line.line);
    if (found == past.more_extensions.end()) continue;
    auto secret = open(found->second.password.value);
    if (!secret) return secret.error();
    out.more_lines.push_back(
        {line.line, found->second.number, found->second.name.value, std::move(*secret), line.label});
  }
  auto phone = phone_values(effective(past), open);
  if (!phone) return phone.error();
  out.phone = std::move(*phone);
  return out;
}

namespace {

// LINES[2].EXTENSION_NAME: {LINES, 2, EXTENSION_NAME}; NTP_SERVER: {, 0, NTP_SERVER}.
struct Named {
  std::string_view list;
  std::uint16_t number = 0;
  std::string_view name;
};
Named named(std::string_view placeholder) {
  const auto bracket = placeholder.find('[');
  const auto dot = placeholder.find("].");
  if (bracket == std::string_view::npos || dot == std::string_view::npos) return {{}, 0, placeholder};
  Named out{placeholder.substr(0, bracket), 0, placeholder.substr(dot + 2)};
  std::from_chars(placeholder.data() + bracket + 1, placeholder.data() + dot, out.number);
  return out;
}

class Sources {
 public:
  explicit Sources(const Past& past) : past_(past) {}

  void of(std::string_view placeholder) {
    const auto [list, number, name] = named(placeholder);
    if (list == "KEYS_OFF") {
      add("template.values", past_.published.origin);
    } else if (list == "LINES_OFF") {
      add("device.mac", past_.device.registration);
      if (!past_.device.lines.value.empty()) add("device.lines", past_.device.lines.origin);
    } else if (list == "KEYS" || list == "ALL_KEYS" || name.starts_with("KEYS") || name == "ALL_KEYS") {
      of_key(list.empty() ? 0 : number);
    } else if (name == "LINES") {  // that there is more than the one that every phone has
      if (!past_.device.lines.value.empty()) add("device.lines", past_.device.lines.origin);
    } else if (list == "LINES" || name.starts_with("EXTENSION_") || name == "LINE_LABEL") {
      of_line(list.empty() ? 1 : number, name);
    } else if (name.starts_with("MAC")) {
      add("device.mac", past_.device.registration);
    } else if (name == "MODEL_NAME") {
      add("device.model", past_.device.model.origin);
      add("template.model_name", past_.published.origin);
    } else if (name.starts_with("CONFIG_")) {
      applied("url_format");
      applied("external_ip");
      applied("api_port");
      if (name == "CONFIG_URL") add("device.mac", past_.device.registration);
      if (past_.device.token.origin.position != Position{}) add("device.token", past_.device.token.origin);
    } else if (name == "SIP_SERVER" || name == "SIP_HOST") {
      applied("sip_server");
    } else if (name == "SIP_PORT") {
      applied("sip_port");
    } else if (name == "SIP_REALM") {
      applied("sip_realm");
    } else if (name == "SERVER_NAME") {
      applied("server_name");
    } else if (const auto setting = setting_behind(name); !setting.empty()) {
      of_setting(setting);
    }
  }

  std::vector<Source> out;

 private:
  void add(std::string what, const Origin& origin) { out.push_back({std::move(what), origin}); }
  void applied(const std::string& name) {
    if (const auto found = past_.settings.origins.find(name); found != past_.settings.origins.end())
      add("settings." + name, found->second);
  }
  bool of_level(std::string_view setting) {
    const auto settings = effective(past_);
    const auto found = settings.find(setting);
    if (found == settings.end()) return false;
    const auto level = found->second.level;
    const auto& origin = found->second.stored->origin;
    const auto& layer = past_.layers[static_cast<std::size_t>(level)].row;
    add("phone_settings." + std::string(json::word(level)) + "." + std::string(setting),
        {origin.position, origin.time, origin.by, std::string(PhoneSettingsChanged::type),
         phone_settings_stream(level, layer.name), origin.correlation});
    return true;
  }
  // Where no level says anything, the vendor's or our default came with the template.
  void of_setting(std::string_view setting) {
    if (!of_level(setting)) add("template.values", past_.published.origin);
  }
  void of_line(std::uint16_t line, std::string_view name) {
    const auto more = past_.more_extensions.find(line);
    const auto& extension = more == past_.more_extensions.end() ? past_.extension : more->second;
    const bool first = more == past_.more_extensions.end();
    const auto& number = first ? past_.device.extension.origin : past_.device.lines.origin;
    if (name == "EXTENSION_NAME") {
      add("extension.name", extension.name.origin);
    } else if (name == "EXTENSION_PASSWORD") {
      add("extension.password", extension.password.origin);
    } else if (name == "LINE_LABEL") {
      const auto& lines = past_.device.lines.value;
      const bool own = std::any_of(lines.begin(), lines.end(),
                                   [&](const DeviceLine& one) { return one.line == line && !one.label.empty(); });
      add(own ? "device.lines" : "extension.name", own ? past_.device.lines.origin : extension.name.origin);
    } else {
      add(first ? "device.extension" : "device.lines", number);
    }
  }
  void of_key(std::uint16_t number) {
    if (number == 0) {  // whether there are any
      for (const auto& [setting, one] : effective(past_))
        if (one.stored->key) of_level(setting);
      if (out.empty()) add("template.values", past_.published.origin);
    } else if (!of_level(std::string(key_prefix) + std::to_string(number))) {
      of_line(number, "LINE_LABEL");
    }
  }

  const Past& past_;
};

}  // namespace

std::vector<Source> sources_of(const Past& past, std::string_view placeholder) {
  Sources sources(past);
  sources.of(placeholder);
  return std::move(sources.out);
}

}  // namespace strowger::provisioning
