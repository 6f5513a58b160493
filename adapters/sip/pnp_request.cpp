#include "adapters/sip/pnp_request.hpp"

#include "actors/registrar/uri.hpp"
#include "adapters/sip/fields.hpp"
#include "adapters/sip/log_text.hpp"

#include <algorithm>
#include <array>

namespace strowger::sip {
namespace {

constexpr std::size_t longest_word = 64;
constexpr std::size_t longest_user_agent = 256;
constexpr std::string_view event_type = "ua-profile";

// Behind it the address, whatever that is then.
std::optional<std::string_view> behind_mac(std::string_view user) {
  constexpr std::string_view word = "mac";
  if (user.size() < word.size() || !same_token(user.substr(0, word.size()), word)) return std::nullopt;
  user.remove_prefix(word.size());
  if (user.starts_with(':')) user.remove_prefix(1);
  return user;
}

// With what follows a colon: in sip:mac:00-15-65-12-34-56@… that is a password to the parser.
std::string whole_user(const url_t* url) {
  std::string text(user(url));
  if (url && url->url_password) text.append(":").append(url->url_password);
  return text;
}

// Some write no host: then the address stands in its place.
std::optional<MacAddress> mac_of(const url_t* url) {
  if (const auto mac = mac_of_pnp_user(whole_user(url))) return mac;
  return user(url).empty() ? mac_of_pnp_user(host(url)) : std::nullopt;
}

std::string word_of(const sip_event_t& event, std::string_view name) {
  const auto value = parameter(event.o_params, name);
  return value ? log_text(unquoted(*value), longest_word) : std::string();
}

bool takes_url(const sip_accept_t* accept) {
  if (!accept) return true;
  for (; accept; accept = accept->ac_next) {
    const auto type = view(accept->ac_type);
    for (const std::string_view known : {"application/url", "application/*", "*/*"})
      if (same_token(type, known)) return true;
  }
  return false;
}

// Profiles of users and networks are not kept here.
bool is_for_device(const sip_event_t& event) {
  const auto type = parameter(event.o_params, "profile-type");
  return !type || same_token(unquoted(*type), "device");
}

}  // namespace

std::optional<MacAddress> mac_of_pnp_user(std::string_view user) {
  const auto decoded = registrar::percent_decoded(user);
  const auto mac = MacAddress::parse(behind_mac(decoded).value_or(decoded));
  if (!mac || (mac->bits() >> 40 & 1) != 0) return std::nullopt;
  return *mac;
}

std::optional<PnpRequest> read_pnp(const sip_t* sip) {
  if (!sip->sip_request || sip->sip_request->rq_method != sip_method_subscribe) return std::nullopt;
  const auto* event = sip->sip_event;
  if (!event || !same_token(view(event->o_type), event_type)) return std::nullopt;
  if (!is_for_device(*event) || !takes_url(sip->sip_accept)) return std::nullopt;
  auto mac = mac_of(sip->sip_request->rq_url);
  if (!mac && sip->sip_from) mac = mac_of(sip->sip_from->a_url);
  if (!mac) return std::nullopt;
  return PnpRequest{*mac, word_of(*event, "vendor"), word_of(*event, "model"), word_of(*event, "version"),
                    log_text(user_agent(sip), longest_user_agent)};
}

}  // namespace strowger::sip
