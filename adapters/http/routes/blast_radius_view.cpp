#include "adapters/http/routes/blast_radius_view.hpp"

#include "adapters/http/routes/history_view.hpp"

#include <algorithm>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::size_t most_keys = 200;
constexpr std::size_t most_changes = 30;  // of one device

bj::value etag_or_null(const std::optional<std::string>& value) {
  if (!value) return nullptr;
  return safe_text(*value);
}

bj::object device_view(const provision::BlastRadius::Device& device) {
  bj::array changes;
  for (const auto& change : device.changes) {
    if (changes.size() == most_changes) break;
    changes.push_back(bj::object{{"key", safe_text(change.key)},
                                 {"change", text(provisioning::to_string(change.kind))},
                                 {"before", etag_or_null(change.before)},
                                 {"after", etag_or_null(change.after)},
                                 {"secret", change.secret}});
  }
  const auto& definition = *device.definition;
  return {{"mac_address", text(definition.mac.text())},
          {"extension_number", text(definition.extension.text())},
          {"vendor", text(definition.vendor)},
          {"model", text(definition.model)},
          {"would_reboot", device.reboots},
          {"changes", std::move(changes)},
          {"changed_keys", device.changes.size()}};
}

}  // namespace

bj::object view_of(const provision::BlastRadius& radius) {
  std::vector<std::pair<std::string, std::size_t>> keys(radius.keys.begin(), radius.keys.end());
  std::stable_sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  bj::array key_list;
  for (const auto& [key, devices] : keys) {
    if (key_list.size() == most_keys) break;
    key_list.push_back(bj::object{{"key", safe_text(key)}, {"devices", devices}});
  }
  bj::array devices;
  for (const auto& device : radius.first) devices.push_back(device_view(device));
  return {{"devices_reached", radius.reached},   {"devices_changed", radius.changed},
          {"would_reboot", radius.would_reboot}, {"unservable", radius.unservable},
          {"devices_compared", radius.compared}, {"changed_keys", keys.size()},
          {"keys", std::move(key_list)},         {"devices", std::move(devices)}};
}

Parameter dry_run_parameter() {
  return {.name = "dry_run",
          .description = "true: nothing is changed; the answer tells what would be.",
          .schema = R"({"type":"boolean","default":false})"};
}

Result<bool> dry_run_of(const Request& request) {
  const auto query = request.query();
  const auto value = query.find("dry_run");
  if (!value || *value == "false") return false;
  if (*value == "true") return true;
  return malformed("bad_parameter", "dry_run is true or false.").with("parameter", "dry_run");
}

std::string_view blast_radius_schema() {
  return R"({
  "type": "object",
  "description": "What a change does, or would do.",
  "required": ["devices_reached", "devices_changed", "would_reboot", "unservable", "devices_compared", "changed_keys",
               "keys", "devices"],
  "properties": {
    "devices_reached": {"type": "integer", "description": "Devices that the change can reach."},
    "devices_changed": {"type": "integer", "description": "Of these, those whose file differs in any byte."},
    "would_reboot": {"type": "integer", "description": "Of these, those whose phone is registered now."},
    "unservable": {"type": "integer", "description": "Of those that are reached, those that get no file."},
    "devices_compared": {"type": "integer", "description": "How many of the changed were compared key by key."},
    "changed_keys": {"type": "integer", "description": "Different keys that would change."},
    "keys": {
      "type": "array",
      "description": "At most 200, the most frequent first.",
      "items": {
        "type": "object",
        "required": ["key", "devices"],
        "properties": {"key": {"type": "string"}, "devices": {"type": "integer"}}
      }
    },
    "devices": {
      "type": "array",
      "description": "The first 50, with at most 30 changes each.",
      "items": {
        "type": "object",
        "required": ["mac_address", "extension_number", "vendor", "model", "would_reboot", "changes", "changed_keys"],
        "properties": {
          "mac_address": {"type": "string"},
          "extension_number": {"type": "string"},
          "vendor": {"type": "string"},
          "model": {"type": "string"},
          "would_reboot": {"type": "boolean"},
          "changed_keys": {"type": "integer"},
          "changes": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["key", "change", "before", "after", "secret"],
              "properties": {
                "key": {"type": "string"},
                "change": {"enum": ["added", "removed", "changed"]},
                "before": {"type": ["string", "null"], "description": "A secret is masked."},
                "after": {"type": ["string", "null"]},
                "secret": {"type": "boolean"}
              }
            }
          }
        }
      }
    }
  }
})";
}

}  // namespace strowger::http::routes
