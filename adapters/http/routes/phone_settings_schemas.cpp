// What the OpenAPI document says of phone settings.
#include "adapters/http/routes/phone_settings.hpp"

namespace strowger::http::routes {
namespace {

constexpr std::string_view values_schema = R"({
  "type": "object",
  "description": "Settings by name; GET /api/provisioning/phone-settings/schema tells what each takes. null takes a setting back, so that the level above counts. Keys are an object by number.",
  "properties": {
    "keys": {
      "type": ["object", "null"],
      "additionalProperties": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/PhoneKey"}]}
    }
  },
  "additionalProperties": {"type": ["string", "integer", "array", "null"]}
})";
constexpr std::string_view key_schema = R"({
  "type": "object",
  "required": ["type"],
  "additionalProperties": false,
  "properties": {
    "type": {"type": "string", "examples": ["blf"], "description": "GET /api/provisioning/phone-settings/schema lists them."},
    "value": {"type": ["string", "integer"], "description": "The number, the URL, the digits."},
    "label": {"type": "string"},
    "line": {"type": "integer", "minimum": 1, "maximum": 64},
    "pickup": {"type": ["string", "integer"], "description": "What is dialled to pick up what rings there."}
  }
})";
constexpr std::string_view level_schema = R"({
  "type": "object",
  "description": "What one level says.",
  "required": ["level", "name", "settings", "updated_at", "version"],
  "properties": {
    "level": {"enum": ["global", "site", "vendor", "model", "device"]},
    "name": {"type": ["string", "null"], "examples": ["berlin", "yealink", "yealink_t46s", "001565123456"]},
    "settings": {"$ref": "#/components/schemas/PhoneSettingValues"},
    "updated_at": {"type": ["string", "null"], "format": "date-time"},
    "version": {"type": "integer", "description": "0: nothing is set."},
    "warnings": {"type": "array", "items": {"type": "string"}, "description": "With what is set here phones could not register, and what to do. Not in the list of all levels."},
    "dry_run": {"type": "boolean"},
    "blast_radius": {"$ref": "#/components/schemas/BlastRadius"}
  }
})";
constexpr std::string_view effective_schema = R"({
  "type": "object",
  "description": "What a device ends up with, and which level, event and author it comes from.",
  "required": ["mac_address", "vendor", "model", "site", "settings", "keys", "ignored"],
  "properties": {
    "mac_address": {"type": "string"},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "site": {"type": ["string", "null"]},
    "settings": {
      "type": "object",
      "additionalProperties": {
        "type": "object",
        "required": ["value", "level", "event"],
        "properties": {
          "value": {"type": ["string", "integer", "array"], "description": "A secret is masked."},
          "level": {"enum": ["default", "global", "site", "vendor", "model", "device"]},
          "event": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/SettingEvent"}]},
          "ignored": {"type": "string", "description": "Why it does not get into the phone's file."}
        }
      }
    },
    "keys": {
      "type": "object",
      "additionalProperties": {
        "type": "object",
        "required": ["value", "level", "event"],
        "properties": {
          "value": {"$ref": "#/components/schemas/PhoneKey"},
          "level": {"enum": ["default", "global", "site", "vendor", "model", "device"]},
          "event": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/SettingEvent"}]},
          "ignored": {"type": "string"}
        }
      }
    },
    "ignored": {
      "type": "array",
      "description": "What a level says and the phone's file does not. Defaults are not listed.",
      "items": {
        "type": "object",
        "required": ["setting", "reason"],
        "properties": {
          "setting": {"type": "string", "examples": ["language", "keys.5"]},
          "reason": {"type": "string"}
        }
      }
    }
  }
})";
constexpr std::string_view setting_event_schema = R"({
  "type": "object",
  "description": "The event that set it.",
  "required": ["position", "time", "by", "event_id", "correlation_id"],
  "properties": {
    "position": {"type": "integer"},
    "time": {"type": "string", "format": "date-time"},
    "by": {"type": "string", "examples": ["admin:ann"]},
    "event_id": {"type": "string", "format": "uuid"},
    "correlation_id": {"type": "string", "format": "uuid"}
  }
})";
constexpr std::string_view schema_schema = R"({
  "type": "object",
  "required": ["settings", "key_types"],
  "properties": {
    "settings": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "kind", "meaning", "default", "supported_by"],
        "properties": {
          "name": {"type": "string"},
          "kind": {"enum": ["text", "host", "url", "dial", "number", "choice", "codecs", "timezone", "dial_plan",
            "secret"]},
          "meaning": {"type": "string"},
          "choices": {"type": "array", "items": {"type": "string"}},
          "minimum": {"type": "integer"},
          "maximum": {"type": "integer"},
          "default": {"type": ["string", "integer", "array", "null"]},
          "supported_by": {"type": "array", "items": {"type": "string"}, "examples": [["yealink/t46s.template"]],
            "description": "Templates in force that write it. Empty for a setting that only the server reads."}
        }
      }
    },
    "key_types": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "meaning", "needs_value", "vendors"],
        "properties": {
          "name": {"type": "string"},
          "meaning": {"type": "string"},
          "needs_value": {"type": "boolean"},
          "vendors": {"type": "array", "items": {"type": "string"}, "description": "Whose phones have such a key."}
        }
      }
    }
  }
})";

}  // namespace

void add_phone_settings_schemas(Router& router) {
  router.add_schema("PhoneKey", std::string(key_schema));
  router.add_schema("PhoneSettingValues", std::string(values_schema));
  router.add_schema("PhoneSettings", std::string(level_schema));
  router.add_schema("SettingEvent", std::string(setting_event_schema));
  router.add_schema("EffectivePhoneSettings", std::string(effective_schema));
  router.add_schema("PhoneSettingsSchema", std::string(schema_schema));
}

}  // namespace strowger::http::routes
