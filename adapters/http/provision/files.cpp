#include "adapters/http/provision/files.hpp"

#include "actors/provisioning/common_file.hpp"
#include "actors/provisioning/config_url.hpp"
#include "actors/provisioning/misplaced.hpp"
#include "actors/provisioning/phone_settings.hpp"
#include "actors/provisioning/placeholder.hpp"
#include "actors/provisioning/similar_macs.hpp"
#include "actors/provisioning/user_agent.hpp"
#include "adapters/http/provision/asked.hpp"
#include "adapters/http/provision/firmware.hpp"
#include "adapters/http/provision/services.hpp"

#include <algorithm>
#include <charconv>

#include <spdlog/logger.h>

namespace strowger::http::provision {
namespace {

constexpr unsigned most_similar_searches = 20;       // a second
constexpr std::size_t most_similar_looks = 100'000;  // MACs that they look at in a second, all together

// To a phone, and to a stranger, every refusal of a kind looks the same.
std::string_view body_of(std::uint16_t status) {
  switch (status) {
    case 400:
      return "Bad request\n";
    case 401:
      return "Unauthorized\n";
    case 403:
      return "Forbidden\n";
    case 404:
      return "Not found\n";
    case 413:
      return "Too large\n";
    case 429:
      return "Too many requests\n";
    default:
      return "Service unavailable\n";
  }
}

// Short, so that the history tells when a phone fetched.
constexpr std::chrono::seconds most_fetch_window{60};

FactsOptions facts_options(const Services& services) {
  return {.window = [&services] { return std::min(services.settings()->log.repeat_window, most_fetch_window); },
          .runner = &services.runner};
}

}  // namespace

Files::Files(Services& services, Sightings& sightings, FileLanes& lanes)
    : services_(services),
      lanes_(lanes),
      mask_([&rows = services.device_rows](const std::string& sha256) { return rows.with_token(sha256).has_value(); }),
      present_(services),
      access_(services),
      cache_(services.vault, services.extension_rows, services.phone_settings_rows),
      phonebooks_(services.extension_rows, services.contact_rows, services.clock),
      uploads_(std::make_shared<Uploads>(
          [&services] { return std::filesystem::path(services.settings()->data_dir) / "uploads"; }, services.clock)),
      facts_(services.log, services.ids, services.clock, services.logger, sightings, services.vendors,
             services.device_rows, mask_, facts_options(services)) {}

Result<std::string> Files::current_etag(const PresentPtr& present, const DefinitionPtr& device) {
  const auto extension = services_.extension_rows.find(device->extension);
  auto etag = extension ? cache_.etag(present, device, extension)
                        : Result<std::string>(not_found("extension_not_found", "Extension " + device->extension.text() +
                                                                                   " of the device does not exist."));
  services_.device_rows.looked(device, etag);  // so that they are counted without a look at each
  return etag;
}

Result<Response> Files::respond(const Request& request, Delivery* plain, std::string_view protocol) {
  Asked asked(request, present_.get(), stamp(), services_.logger, mask_, plain);
  // This answer looks at nothing but the path: not on a way that may carry no secret.
  if (plain == nullptr && access_.open_to(request, *asked.present, asked.client))
    if (const auto found = paths_.find(request.path, asked.stamp, asked.present)) return reply(asked, *found);

  asked.resolve(protocol);
  const auto& file = asked.file;

  // Anybody may ask for anything at the root (a browser for its icon): only a phone's request is in the history.
  std::optional<provisioning::RequestedFile> misplaced;
  if (file.role == provisioning::FileRole::unknown) {
    misplaced = provisioning::misplaced_file(request.target);
    if (!misplaced && !asked.below_provision)
      return not_found("not_found", "There is nothing at this path. See /api/openapi.json.");
  }
  if (!asked.present->settings->provisioning.enabled)
    return not_found("provisioning_disabled", "Provisioning is switched off: provisioning.enabled is false.");
  if (misplaced && !asked.below_provision) return wrong_path(asked, std::move(*misplaced));

  auto answer = access_.check({request, *asked.present, asked.client, file, asked.with_token.token});
  if (!answer.allowed) return refuse_access(asked, answer);
  asked.tls_identity = std::move(answer.tls_identity);
  if (!asked.present->settings->provisioning.firmware_dir.empty())
    if (auto response = serve_firmware(asked, asked.name_path())) return std::move(*response);
  if (file.placeholder) return placeholder(asked);
  if (plain == nullptr) {  // names of people, and what users set at their phones, are for nobody to listen to either
    if (file.role == provisioning::FileRole::phonebook) return serve_phonebook(asked);
    if (file.role == provisioning::FileRole::upload)
      if (auto response = give_back(asked)) return std::move(*response);
  }
  if (provisioning::may_be_absent(file.role))
    return refuse(asked, 404, "probe",
                  "An optional file (" + std::string(to_string(file.role)) + ") that is not kept here.");
  if (file.role == provisioning::FileRole::boot || file.role == provisioning::FileRole::common)
    return serve_common(asked);
  if (file.mac_fault) return refuse(asked, 400, "bad_mac_address", file.mac_fault->message);
  if (file.role == provisioning::FileRole::per_mac && file.mac) return serve(asked, *file.mac);
  if (misplaced) return wrong_path(asked, std::move(*misplaced));
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
  const ServedPaths::Found answer{*found, serving.correlation, serving.causation};
  if (asked.plain != nullptr) return asked.plain->only_where ? tell_where(asked) : serve_plain(asked, answer);
  // What is kept is recorded as it was asked for.
  if (asked.masked.empty()) paths_.keep(asked.request.path, asked.stamp, answer);
  return reply(asked, answer);
}

Response Files::reply(const Asked& asked, const ServedPaths::Found& found) {
  Response response{.prepared = select(asked.request, found.file->representation)};
  response.status = response.prepared->status;
  (response.status == 200 ? counters_.served : counters_.not_modified).fetch_add(1, std::memory_order_relaxed);
  facts_.served({found.file, response.status, asked.is_fetch(), asked.path, asked.peer, asked.user_agent(),
                 found.correlation, found.causation, asked.tls_identity});
  return response;
}

ServedPaths::Stamp Files::stamp() const {
  return {services_.device_rows.changes(), services_.extension_rows.changes(), services_.phone_settings_rows.changes()};
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
  if (asked.plain != nullptr && rendered->holds_secret) return refuse_secret(asked, url);
  const auto file = represent(rendered->content_type, rendered->bytes, rendered->etag, present.since,
                              {{"Cache-Control", "private, no-cache"}});
  counters_.common.fetch_add(1, std::memory_order_relaxed);
  if (asked.log.wanted()) {
    asked.say({"Common file of ", vendor->vendor, " delivered: ", std::to_string(rendered->bytes.size()), " bytes to ",
               asked.peer});
    asked.log.finish(services_.clock());
  }
  return {.prepared = select(asked.request, file)};
}

// Under a device's name in the words of its vendor, with the title that it is set to; else in those of the name.
Response Files::serve_phonebook(Asked& asked) {
  constexpr std::string_view absent = "A phone book that is not kept here: ";
  const auto& mac = asked.file.mac;
  auto vendor = asked.file.vendor;
  provisioning::PhonebookPage page;
  if (mac) {
    asked.device = services_.device_rows.find_for_serving(*mac).definition;
    if (!asked.device && vendor.empty()) return unknown_device(asked, *mac);
    if (!asked.device) {  // no failure, but nobody tries MAC addresses by it either
      access_.unknown_mac(asked.client, *mac, mask_(asked.user_agent()), *asked.present);
      return refuse(asked, 404, "probe", std::string(absent) + "device " + mac->colons() + " is not registered.");
    }
    if (vendor.empty()) vendor = asked.device->vendor;
    const auto layers = services_.phone_settings_rows.layers(*asked.device);
    if (const auto* name = provisioning::effective_setting(layers, "phonebook_name")) page.title = name->value;
    // A directory that the phone takes in place of its user's own contacts, at each boot: only where that is wanted.
    const auto* url = provisioning::effective_setting(layers, "phonebook_url");
    if (!asked.file.vendor.empty() && (url == nullptr || url->value != provisioning::own_phonebook)) {
      if (auto response = give_back(asked)) return std::move(*response);
      return refuse(asked, 404, "probe",
                    std::string(absent) + "phonebook_url of this device is not " +
                        std::string(provisioning::own_phonebook) + ".");
    }
  }
  const auto form = provisioning::phonebook_form(vendor);
  if (!form) return refuse(asked, 404, "probe", std::string(absent) + "none that phones of " + vendor + " read.");
  const auto query = asked.request.query();
  if (const auto wanted = query.find("page")) {
    const auto read = std::from_chars(wanted->data(), wanted->data() + wanted->size(), page.page);
    if (read.ec != std::errc() || read.ptr != wanted->data() + wanted->size()) page.page = 0;
  }
  if (provisioning::is_paged(*form)) {
    // With the token that it was asked for by: the next page is asked for by the same phone.
    const auto parts = provisioning::url_parts(asked.present->config_url("{mac}"));
    page.url = std::string(parts.https ? "https://" : "http://") + parts.path.substr(0, parts.path.find('/')) +
               std::string(asked.request.path);
  }
  const auto file = phonebooks_.get(*form, page);
  if (!file) return refuse(asked, 404, "probe", std::string(absent) + "it has no such page.");
  counters_.phonebook.fetch_add(1, std::memory_order_relaxed);
  const auto reply = select(asked.request, *file);
  if (asked.log.wanted()) {
    asked.say({"Phone book in the form of ", vendor, ": ", std::to_string(reply->status), ", ",
               std::to_string(reply->bytes.size() - reply->head), " bytes to ", asked.peer});
    asked.log.finish(services_.clock());
  }
  return {.status = reply->status, .prepared = reply};
}

// To whom it is refused it looks the same whether the device exists, has another password or is not enrolled any more.
Response Files::refuse_access(Asked& asked, const Access::Answer& answer) {
  counters_.denied.fetch_add(1, std::memory_order_relaxed);
  std::string error;
  if (answer.unknown) {
    access_.unknown_mac(asked.client, *asked.file.mac, mask_(asked.user_agent()), *asked.present);
    asked.say({"Device ", asked.file.mac->colons(), " not registered in provisioning system"});
    error = "Device " + asked.file.mac->colons() + " not registered in provisioning system. ";
  }
  if (!answer.detail.empty()) error += answer.detail + " ";
  error += provisioning::access::advice(answer.rule);
  auto response = refuse(asked, answer.status, provisioning::access::to_string(answer.rule), std::move(error));
  for (const auto& challenge : answer.challenges) response.set("WWW-Authenticate", challenge);
  if (answer.retry_after > 0) response.set("Retry-After", std::to_string(answer.retry_after));
  return response;
}

Response Files::send_file(Asked& asked, std::shared_ptr<const FirmwareFile> file) {
  auto response = firmware_response(asked.request, std::move(file), lanes_.files);
  if (!response.stream) return response;
  auto place = downloads_.enter(provisioning::access::source_of(asked.client.bytes));
  if (!place)
    return refuse(asked, 503, "overloaded",
                  "Too many downloads at once, from this source or in all. The phone tries again.");
  response.stream = [place = std::move(place), body = std::move(response.stream)](BodySink& sink) {
    return body(sink);
  };
  return response;
}

// None: it is no firmware, or there is none of that name.
std::optional<Response> Files::serve_firmware(Asked& asked, std::string_view path) {
  constexpr std::string_view folder = "/provision/firmware/";
  std::optional<std::string> name;
  if (path.starts_with(folder))
    name = percent_decode(path.substr(folder.size()));
  else if (asked.file.role == provisioning::FileRole::firmware)
    name = asked.file.name;
  if (!name) return std::nullopt;
  auto file = FirmwareFile::open(asked.present->settings->provisioning.firmware_dir, *name);
  if (!file) {
    if (file.error().kind != ErrorKind::not_found) services_.logger.error("{}", file.error().message);
    return std::nullopt;
  }
  const auto size = (*file)->size();
  if (asked.plain != nullptr) asked.plain->firmware = *file;
  auto response = asked.plain != nullptr ? Response{} : send_file(asked, std::move(*file));
  if (response.status == 503) return response;
  counters_.firmware.fetch_add(1, std::memory_order_relaxed);
  if (asked.log.wanted()) {
    asked.say({"Firmware ", escaped(*name), " of ", std::to_string(size), " bytes: ", std::to_string(response.status),
               " to ", asked.peer});
    asked.log.finish(services_.clock());
  }
  return response;
}

Response Files::unknown_device(Asked& asked, const MacAddress& mac) {
  access_.unknown_mac(asked.client, mac, mask_(asked.user_agent()), *asked.present);
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
  const auto second = std::chrono::floor<std::chrono::seconds>(services_.clock.instant()).time_since_epoch().count();
  if (similar_second_.exchange(second, std::memory_order_relaxed) != second) similar_searches_ = 0;
  // Anybody can cause one: what a second of them costs does not grow with the fleet.
  const auto looks = std::min(most_similar_looks, services_.device_rows.size());
  const auto most = std::min<std::size_t>(most_similar_searches, most_similar_looks / std::max<std::size_t>(1, looks));
  if (similar_searches_.fetch_add(1, std::memory_order_relaxed) >= most) return;
  const auto registered = services_.device_rows.around(mac, most_similar_looks);
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
    ConfigRefused event{std::string(asked.path),
                        mask_(asked.file.mac_text),
                        asked.file.mac,
                        std::string(asked.peer),
                        mask_(asked.user_agent()),
                        status,
                        std::string(code),
                        mask_(error),
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
