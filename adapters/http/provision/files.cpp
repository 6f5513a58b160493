#include "adapters/http/provision/files.hpp"

#include "actors/provisioning/common_file.hpp"
#include "actors/provisioning/placeholder.hpp"
#include "actors/provisioning/similar_macs.hpp"
#include "actors/provisioning/user_agent.hpp"
#include "adapters/http/services.hpp"

namespace strowger::http::provision {
namespace {

constexpr unsigned most_similar_searches = 20;  // a second

// To a phone, and to a stranger, every refusal of a kind looks the same.
std::string_view body_of(std::uint16_t status) {
  switch (status) {
    case 400:
      return "Bad request\n";
    case 403:
      return "Forbidden\n";
    case 404:
      return "Not found\n";
    default:
      return "Service unavailable\n";
  }
}

}  // namespace

// One request, with what is found out about it on the way.
struct Files::Asked {
  const Request& request;
  PresentPtr present;
  provisioning::RequestedFile file;
  RequestLog log;
  DefinitionPtr device{};
  bool below_provision = false;

  bool is_fetch() const { return request.method == Method::get; }
  std::string_view user_agent() const { return request.header(Field::user_agent); }
  // A phrase for the log, after those that every request begins with. (Of a file that was served, facts.cpp writes.)
  void say(std::initializer_list<std::string_view> parts) {
    if (!log.wanted()) return;
    if (log.empty()) {
      const auto name = file.mac ? file.mac->text() : escaped(file.mac_text.empty() ? file.name : file.mac_text);
      log.add_request(name, request.peer, user_agent());
    }
    log.add(parts);
  }
};

Files::Files(Services& services, Sightings& sightings)
    : services_(services),
      present_(services),
      cache_(services.vault, services.extension_rows, services.phone_settings_rows),
      facts_(services.log, services.ids, services.clock, services.logger, sightings, services.vendors) {}

Result<std::string> Files::current_etag(const PresentPtr& present, const DefinitionPtr& device) {
  const auto extension = services_.extension_rows.find(device->extension);
  if (!extension)
    return not_found("extension_not_found", "Extension " + device->extension.text() + " of the device does not exist.");
  return cache_.etag(present, device, extension);
}

Result<Response> Files::answer(const Request& request) {
  Asked asked{request, present_.get(), provisioning::resolve(request.path), RequestLog(services_.logger)};
  const auto& file = asked.file;
  asked.below_provision = request.path.starts_with("/provision");

  // At the root anybody may ask for anything (a browser for its icon): what is no phone's file is none of our history.
  if (file.role == provisioning::FileRole::unknown && !asked.below_provision)
    return not_found("not_found", "There is nothing at this path. See /api/openapi.json.");
  if (!asked.present->settings->provisioning.enabled)
    return not_found("provisioning_disabled", "Provisioning is switched off: provisioning.enabled is false.");

  if (!asked.present->allows(request.address)) {
    counters_.denied.fetch_add(1, std::memory_order_relaxed);
    return refuse(
        asked, 403, "access_denied",
        "The address " + std::string(request.peer) +
            " is not in provisioning.access.allowed_networks; add its network there if its phones are yours.");
  }
  if (file.placeholder) return placeholder(asked);
  if (provisioning::may_be_absent(file.role))
    return refuse(asked, 404, "probe",
                  "An optional file (" + std::string(to_string(file.role)) + ") that is not kept here.");
  if (file.role == provisioning::FileRole::boot || file.role == provisioning::FileRole::common)
    return serve_common(asked);
  if (file.mac_fault) return refuse(asked, 400, "bad_mac_address", file.mac_fault->message);
  if (file.role == provisioning::FileRole::per_mac && file.mac) return serve(asked, *file.mac);
  return refuse(asked, 404, "unknown_file", "No phone that is known here asks for a file of this name.");
}

Response Files::serve(Asked& asked, const MacAddress& mac) {
  auto serving = services_.device_rows.find_for_serving(mac);
  if (!serving.definition) return unknown_device(asked, mac);
  asked.device = serving.definition;
  const auto& device = *serving.definition;
  const auto extension = services_.extension_rows.find(device.extension);
  if (!extension) {
    say_device(asked);
    asked.say({"Extension ", device.extension.text(), " not found"});
    return refuse(asked, 404, "extension_not_found",
                  "Extension " + device.extension.text() + " not found. Create it, or give the device another one.");
  }
  const auto found = cache_.get(asked.present, serving.definition, extension);
  if (!found) {
    const auto& fault = found.error();
    say_device(asked);
    if (fault.kind == ErrorKind::not_found) {
      asked.say({"Template not found for ", device.vendor, " ", device.model});
      return refuse(asked, 404, "template_not_found",
                    "Template not found for " + device.vendor + " " + device.model + ": " + fault.message);
    }
    return refuse(asked, 503, fault.code, fault.message);
  }
  const auto& file = **found;

  Response response{.prepared = select(asked.request, file.representation)};
  response.status = response.prepared->status;
  (response.status == 200 ? counters_.served : counters_.not_modified).fetch_add(1, std::memory_order_relaxed);
  facts_.served({*found, response.status, asked.is_fetch(), asked.request.path, asked.request.peer, asked.user_agent(),
                 serving.correlation, serving.causation});
  return response;
}

void Files::say_device(Asked& asked) {
  const auto& device = *asked.device;
  asked.say(
      {"Found device: vendor=", device.vendor, ", model=", device.model, ", extension=", device.extension.text()});
}

// The file that a vendor's phones share before they know their own. It holds nothing secret.
Response Files::serve_common(Asked& asked) {
  const auto says = provisioning::parse_user_agent(asked.user_agent());
  const auto* vendor = provisioning::common_file_vendor(asked.file, says, services_.vendors);
  if (vendor == nullptr) return refuse(asked, 404, "probe", "A common file of a vendor that is not known here.");
  const auto& present = *asked.present;
  const auto url = present.config_url(vendor->url_macro.empty() ? "{mac}" : vendor->url_macro);
  const auto rendered = present.renderer->render_common(
      vendor->vendor, present.server, url, asked.file.template_name.empty() ? "common" : asked.file.template_name);
  if (!rendered) return refuse(asked, 404, "probe", rendered.error().message);
  const auto file = represent(rendered->content_type, rendered->bytes, rendered->etag, present.since,
                              {{"Cache-Control", "private, no-cache"}});
  counters_.common.fetch_add(1, std::memory_order_relaxed);
  if (asked.log.wanted()) {
    asked.say({"Common file of ", vendor->vendor, " delivered: ", std::to_string(rendered->bytes.size()), " bytes to ",
               asked.request.peer});
    asked.log.finish(services_.clock());
  }
  return {.prepared = select(asked.request, file)};
}

Response Files::unknown_device(Asked& asked, const MacAddress& mac) {
  asked.say({"Device ", mac.colons(), " not registered in provisioning system"});
  asked.say({"Normalized MAC: ", mac.text()});
  say_similar(asked, mac);
  const auto* vendor = services_.vendors.vendor_of(mac);
  asked.say({R"(Register it with: POST /api/provisioning/devices {"mac_address":")", mac.text(),
             R"(","extension_number":"<extension>","vendor":")", vendor == nullptr ? "<vendor>" : vendor->vendor,
             R"(","model":"<model>"})"});
  return refuse(asked, 404, "unknown_mac", "Device " + mac.colons() + " not registered in provisioning system");
}

void Files::say_similar(Asked& asked, const MacAddress& mac) {
  if (!asked.log.wanted()) return;
  const auto second = std::chrono::floor<std::chrono::seconds>(services_.clock()).time_since_epoch().count();
  if (similar_second_.exchange(second, std::memory_order_relaxed) != second) similar_searches_ = 0;
  if (similar_searches_.fetch_add(1, std::memory_order_relaxed) >= most_similar_searches) return;
  const auto registered = services_.device_rows.macs();
  const auto similar = provisioning::similar_macs(mac, registered);
  if (!similar.empty()) asked.say({provisioning::similar_macs_log_line(similar)});
}

Response Files::placeholder(Asked& asked) {
  const auto says = provisioning::parse_user_agent(asked.user_agent());
  const auto* vendor = services_.vendors.find_vendor(says.vendor.empty() ? asked.file.vendor : says.vendor);
  const auto guidance = provisioning::placeholder_guidance(asked.file.mac_text, vendor, services_.vendors,
                                                           asked.present->config_url("{mac}"));
  const auto line = provisioning::placeholder_log_line(escaped(asked.file.mac_text));
  asked.say({line});
  asked.say({escaped(guidance)});
  return refuse(asked, 400, "placeholder_mac", line, line + "\n" + guidance + "\n");
}

Response Files::refuse(Asked& asked, std::uint16_t status, std::string_view code, std::string error, std::string body) {
  const bool probe = code == "probe";
  (probe ? counters_.probes : counters_.refused).fetch_add(1, std::memory_order_relaxed);
  if (asked.log.wanted()) {
    asked.say({"Refused with ", std::to_string(status), " (", code, "): ", escaped(error)});
    asked.log.finish(services_.clock(), !probe);
  }
  if (asked.is_fetch()) {
    const auto says = provisioning::parse_user_agent(asked.user_agent());
    ConfigRefused event{std::string(asked.request.path),
                        asked.file.mac_text,
                        asked.file.mac,
                        std::string(asked.request.peer),
                        std::string(asked.user_agent()),
                        status,
                        std::string(code),
                        std::move(error),
                        asked.device ? asked.device->vendor : says.vendor,
                        asked.device ? asked.device->model : says.model,
                        asked.device ? asked.device->extension : ExtensionNumber{}};
    facts_.refused(std::move(event));
  }
  Response response{.status = status, .content_type = "text/plain; charset=utf-8"};
  response.body = body.empty() ? std::string(body_of(status)) : std::move(body);
  if (status == 503) response.set("Retry-After", "10");
  return response;
}

}  // namespace strowger::http::provision
