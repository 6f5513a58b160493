#include "adapters/sip/register_reader.hpp"

#include "actors/registrar/phone_mac.hpp"
#include "actors/registrar/uri.hpp"
#include "adapters/sip/addresses.hpp"
#include "adapters/sip/fields.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <arpa/inet.h>

namespace strowger::sip {
namespace {

constexpr std::uint32_t kMalformedExpires = 3600;  // RFC 3261 section 20.10

std::uint32_t read_seconds(std::string_view text) {
  std::uint32_t seconds = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (fault == std::errc::result_out_of_range) return UINT32_MAX;
  if (fault != std::errc{} || end != text.data() + text.size()) return kMalformedExpires;
  return seconds;
}

// 0.7 as 700; what is none counts as 1.
std::uint16_t read_q(std::string_view text) {
  if (text.empty() || (text.front() != '0' && text.front() != '1')) return 1000;
  if (text.front() == '1') return 1000;
  unsigned thousandths = 0;
  unsigned scale = 100;
  for (std::size_t i = 2; i < text.size() && i < 5; ++i, scale /= 10) {
    if (text[i] < '0' || text[i] > '9') return 1000;
    thousandths += static_cast<unsigned>(text[i] - '0') * scale;
  }
  return static_cast<std::uint16_t>(thousandths);
}

// What may stand in a header between < and >, or between quotes, as it is.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"' && c != '\\'; });
}

registrar::AskedContact read_contact(const sip_contact_t& contact, std::string_view agent,
                                     const registrar::MadeBy& made_by) {
  registrar::AskedContact asked;
  asked.uri = url_text(contact.m_url);
  if (contact.m_expires) asked.expires = read_seconds(contact.m_expires);
  asked.q = read_q(view(contact.m_q));
  if (const auto instance = parameter(contact.m_params, "+sip.instance")) {
    asked.instance = unquoted(*instance);
    if (asked.instance.starts_with('<') && asked.instance.ends_with('>'))
      asked.instance = asked.instance.substr(1, asked.instance.size() - 2);
    if (!is_plain(asked.instance) || asked.instance.size() > 256) asked.instance.clear();
  }
  if (const auto reg_id = parameter(contact.m_params, "reg-id")) {
    std::uint32_t id = 0;
    std::from_chars(reg_id->data(), reg_id->data() + reg_id->size(), id);
    if (!asked.instance.empty()) asked.reg_id = id;  // without an instance it means nothing (RFC 5626 section 6)
  }
  asked.mac = registrar::mac_of_instance(asked.instance);
  if (!asked.mac) {
    if (const auto mac = parameter(contact.m_params, "mac"))
      if (auto parsed = MacAddress::parse(unquoted(*mac))) asked.mac = *parsed;
  }
  if (!asked.mac) asked.mac = registrar::mac_of_user_agent(agent);
  if (!asked.mac) asked.mac = registrar::mac_of_node(asked.instance, agent, made_by);
  return asked;
}

bool first_hop_lacks_outbound(const sip_t* sip) {
  if (!sip->sip_via || !sip->sip_via->v_next) return false;  // no proxy in between
  const auto* nearest = sip->sip_path;                       // the last of the list is the first hop's
  while (nearest && nearest->r_next) nearest = nearest->r_next;
  return !nearest || url_has_param(nearest->r_url, "ob") == 0;
}

}  // namespace

std::string Source::text() const {
  return transport + ':' + ip + ':' + std::to_string(port);
}

Source source_of(msg_t* message, tport_t* transport) {
  Source source;
  const auto* address = msg_addr(message);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->su_family == AF_INET) {
    inet_ntop(AF_INET, &address->su_sin.sin_addr, text.data(), text.size());
  } else if (address->su_family == AF_INET6) {
    const auto& six = address->su_sin6.sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&six))
      inet_ntop(AF_INET, &six.s6_addr[12], text.data(), text.size());
    else
      inet_ntop(AF_INET6, &six, text.data(), text.size());
  }
  source.ip = text.data();
  source.port = ntohs(address->su_port);
  source.transport = transport && tport_is_tcp(transport) ? "tcp" : "udp";
  source.local_ip = listener_address(transport);
  return source;
}

Result<ExtensionNumber> address_of_record(const sip_t* sip) {
  return ExtensionNumber::parse(registrar::percent_decoded(user(sip->sip_to->a_url)));
}

Result<registrar::RegisterRequest> read_register(const sip_t* sip, ExtensionNumber extension, const Source& source,
                                                 const RegisterLimits& limits) {
  if (call_id(sip).size() > RegisterLimits::call_id)
    return malformed("too_long", "the Call-ID is longer than 256 characters");
  std::size_t contacts = 0;
  for (const auto* contact = sip->sip_contact; contact; contact = contact->m_next)
    if (++contacts > limits.contacts)
      return malformed("too_many_contacts", "the REGISTER has more contacts than an extension may have");
  registrar::RegisterRequest request;
  request.extension = std::move(extension);
  request.call_id = call_id(sip);
  request.cseq = cseq(sip);
  request.ip = source.ip;
  request.port = source.port;
  request.transport = source.transport;
  request.local_ip = source.local_ip;
  request.user_agent = utf8::clip(user_agent(sip), 256);
  if (sip->sip_expires) {
    constexpr unsigned long kMost = UINT32_MAX;
    request.expires = static_cast<std::uint32_t>(std::min<unsigned long>(sip->sip_expires->ex_delta, kMost));
  }
  for (const auto* contact = sip->sip_contact; contact; contact = contact->m_next) {
    if (contact->m_url->url_type == url_any) {
      request.wildcard = true;
      continue;
    }
    if (contact->m_url->url_type == url_sips) return malformed("sips_contact", "a sips: Contact needs TLS");
    if (contact->m_url->url_type != url_sip) return malformed("bad_contact", "the Contact is no sip: URI");
    auto asked = read_contact(*contact, request.user_agent, limits.made_by);
    if (asked.uri.empty() || asked.uri.size() > RegisterLimits::contact || !is_plain(asked.uri))
      return malformed("bad_contact", "the Contact is empty, too long, or holds characters that no URI may");
    request.contacts.push_back(std::move(asked));
  }
  std::size_t path_size = 0;
  for (const auto* path = sip->sip_path; path; path = path->r_next) {
    std::string hop = "<" + url_text(path->r_url) + ">";
    for (const auto* item = path->r_params; item && *item; ++item) hop += ";" + std::string(*item);
    path_size += hop.size();
    if (path_size > RegisterLimits::path || request.path.size() >= RegisterLimits::path_hops)
      return malformed("too_long", "the Path has more than 4 hops or 1024 characters");
    request.path.push_back(std::move(hop));
  }
  request.supports_outbound = lists(sip->sip_supported, "outbound");
  request.first_hop_lacks_outbound = first_hop_lacks_outbound(sip);
  return request;
}

std::string contacts_of(const std::vector<registrar::BindingPtr>& bindings, Instant now) {
  std::string header;
  header.reserve(bindings.size() * 128);
  for (const auto& binding : bindings) {
    if (!header.empty()) header += ", ";
    header += '<';
    header += binding->contact;
    header += ">;expires=";
    const auto left = std::chrono::ceil<std::chrono::seconds>(binding->expires - now).count();
    header += std::to_string(std::max<std::int64_t>(left, 0));
    if (binding->q != 1000) {
      const auto digits = std::to_string(1000 + binding->q);  // 0.7 as 1700
      header += ";q=0." + digits.substr(1);
    }
    if (!binding->instance.empty()) {
      header += ";+sip.instance=\"<";
      header += binding->instance;
      header += ">\"";
    }
    if (binding->reg_id != 0) header += ";reg-id=" + std::to_string(binding->reg_id);
  }
  return header;
}

}  // namespace strowger::sip
