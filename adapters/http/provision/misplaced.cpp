// Requests of phones that no file answers: at a path of another server, or refused before a handler saw them. They look
// like any other 404 from outside; the history and the log say what to set at the phone.
#include "actors/provisioning/misplaced.hpp"

#include "actors/provisioning/config_url.hpp"
#include "actors/provisioning/placeholder.hpp"
#include "actors/provisioning/user_agent.hpp"
#include "adapters/http/provision/asked.hpp"
#include "adapters/http/provision/services.hpp"

#include <boost/beast/core/string.hpp>

namespace strowger::http::provision {
namespace {

// A person with a token who mistypes a path of the API is no phone.
bool is_of_a_person(const Request& request) {
  constexpr std::string_view scheme = "bearer ";
  const auto header = request.header(headers::authorization);
  return boost::beast::iequals(header.substr(0, scheme.size()), scheme);
}

}  // namespace

std::string Files::where_to_ask(const Asked& asked) const {
  const auto& present = *asked.present;
  const auto url = present.config_url(asked.file.mac ? asked.file.mac->text() : "{mac}");
  if (provisioning::has_credentials(url))
    return "Set the phone's provisioning URL to the config_url of its device in /api/provisioning/devices.";
  const auto says = provisioning::parse_user_agent(asked.user_agent());
  const auto* vendor = asked.device
                           ? services_.vendors.find_vendor(asked.device->vendor)
                           : services_.vendors.find_vendor(says.vendor.empty() ? asked.file.vendor : says.vendor);
  if (vendor == nullptr && asked.file.mac) vendor = services_.vendors.vendor_of(*asked.file.mac);
  if (vendor == nullptr) return "Set the phone's provisioning URL to " + url + ".";
  const auto guidance = provisioning::url_guidance(*vendor, present.config_url("{mac}"));
  return asked.file.mac ? "Its file is at " + url + ". " + guidance + "." : guidance + ".";
}

Response Files::wrong_path(Asked& asked, provisioning::RequestedFile meant) {
  asked.file = std::move(meant);
  if (const auto& mac = asked.file.mac) {
    asked.device = services_.device_rows.find_for_serving(*mac).definition;
    if (!asked.device) access_.unknown_mac(asked.client, *mac, mask_(asked.user_agent()), *asked.present);
  }
  return refuse(asked, 404, "wrong_path",
                "The phone asked at " + std::string(asked.path) + ", where this server has no phone files. " +
                    where_to_ask(asked));
}

std::string Files::phone_at(std::string_view address) const {
  const std::string ip(address);
  if (const auto device = services_.device_rows.served_at(ip))
    return "device " + device->definition->mac.colons() + " (extension " + device->definition->extension.text() +
           "), which was last served at this address";
  const auto bound = services_.bindings.at_ip(ip, 1);
  if (bound.empty()) return {};
  return "a phone of extension " + bound.front()->extension.text() + ", which is registered from this address";
}

void Files::unread(const Request& request, const Unread& refusal) {
  auto file = provisioning::misplaced_file(request.target);
  if (file && is_of_a_person(request)) return;
  if (!file && !refusal.malformed) return;
  Asked asked(request, present_.get(), stamp(), services_.logger, mask_);
  if (!asked.present->settings->provisioning.enabled) return;
  std::string who;
  if (!file) {
    who = phone_at(asked.peer);
    if (who.empty()) return;
    who = " It came from the address of " + who + ".";
  }
  asked.resolve();
  if (file) asked.file = std::move(*file);
  if (asked.file.mac) asked.device = services_.device_rows.find_for_serving(*asked.file.mac).definition;
  auto error = std::string(refusal.reason) + who;
  if (file && !refusal.malformed) error += " " + where_to_ask(asked);
  static_cast<void>(refuse(asked, refusal.status, refusal.code, std::move(error)));
}

}  // namespace strowger::http::provision
