// What a device's file depended on at a point of the log, and which event each part of it came from. Folded from
// events; whoever feeds them (actors/history) stops at that point.
#pragma once

#include "actors/provisioning/phone_settings.hpp"
#include "actors/provisioning/renderer.hpp"
#include "events/event.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::provisioning {

// The event that made something what it is.
struct Origin {
  Position position{};
  Timestamp time{};
  std::string by;
  std::string type;
  StreamId stream;
  Uuid correlation;
};
Origin origin_of(const Envelope& envelope);

template <class T>
struct Sourced {
  T value{};
  Origin origin{};  // since when it has this value
};

struct PastDevice {
  bool registered = false;
  MacAddress mac;
  Origin registration;
  std::optional<Origin> unregistration;  // the last one, also of one that is registered again
  Sourced<ExtensionNumber> extension;
  Sourced<std::string> vendor;
  Sourced<std::string> model;
  Sourced<std::string> site;
  Sourced<std::vector<DeviceLine>> lines;  // those after the first, and the first where it has a label

  static bool concerns(std::string_view type);  // else the event need not be decoded
  void apply(const Envelope& envelope);
};

struct PastExtension {
  bool exists = false;
  ExtensionNumber number;
  Origin creation;
  std::optional<Origin> deletion;
  Sourced<std::string> name;
  Sourced<SealedSecret> password;

  static bool concerns(std::string_view type);
  void apply(const Envelope& envelope);
};

struct PastSettings {
  std::optional<SettingsApplied> value;   // none: not recorded yet
  std::map<std::string, Origin> origins;  // by the names of SettingsApplied's members

  static bool concerns(std::string_view type) { return type == SettingsApplied::type; }
  void apply(const Envelope& envelope);
};

struct PastTemplate {
  std::optional<TemplatePublished> value;  // none: not recorded yet
  Origin origin;

  static bool concerns(std::string_view type) { return type == TemplatePublished::type; }
  void apply(const Envelope& envelope);
};

// One level of the phones' settings.
struct PastLayer {
  PhoneSettingsRow row;
  Position last{};  // of the event that last changed it

  static bool concerns(std::string_view type) { return type == PhoneSettingsChanged::type; }
  void apply(const Envelope& envelope);
};

struct Past {
  PastDevice device;
  PastExtension extension;
  std::map<std::uint16_t, PastExtension> more_extensions;  // by the line, from 2; those that existed
  std::array<PastLayer, settings_levels> layers;           // the most general first
  PastSettings settings;
  PastTemplate published;
  TemplateInForce source;  // of `published`, with its text
};

// The position of the last event that any part of it comes from.
Position last_change(const Past& past);

EffectiveSettings effective(const Past& past);

// What the device was served from, with its secrets as `open` gives them. Fails where that does.
Result<DeviceValues> values_of(const Past& past, const OpenSecret& open);

// The events that a placeholder's value (NTP_SERVER, LINES[2].EXTENSION_NAME) came from, and what of them:
// {"extension.name", …}. Empty for names unknown.
struct Source {
  // device.extension, extension.name, settings.external_ip, phone_settings.site.timezone, template.model_name…
  std::string what;
  Origin origin;
};
std::vector<Source> sources_of(const Past& past, std::string_view placeholder);

}  // namespace strowger::provisioning
