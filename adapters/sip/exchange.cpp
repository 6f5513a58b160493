#include "adapters/sip/exchange.hpp"

#include "adapters/sip/fields.hpp"

#include <array>
#include <climits>
#include <functional>

namespace strowger::sip {
namespace {

// RFC 3261 section 8.2.7: who answers statelessly gives a repeated request the same tag.
std::string tag_for(const sip_t* sip, const Reply& reply) {
  if (!reply.to_tag.empty()) return "tag=" + reply.to_tag;
  const std::hash<std::string_view> hash;
  std::size_t mixed = hash(call_id(sip)) * 31 + hash(branch(sip));
  mixed = mixed * 31 + cseq(sip);
  return "tag=" + std::to_string(mixed);
}

// A header as it goes on the wire, with its name and line end.
void append(std::string& text, const void* header) {
  const auto* const any = static_cast<const sip_header_t*>(header);
  std::array<char, 1024> near{};
  const auto needed = sip_header_e(near.data(), near.size(), any, 0);
  if (needed <= 0) return;
  const auto size = static_cast<std::size_t>(needed);
  if (size < near.size()) {
    text.append(near.data(), size);
    return;
  }
  std::string far(size + 1, '\0');
  sip_header_e(far.data(), static_cast<isize_t>(far.size()), any, 0);
  text.append(far, 0, size);
}

void add_headers(msg_t* message, const Reply& reply) {
  for (const auto& [kind, value] : reply.headers) sip_add_make(message, sip_object(message), kind, value.c_str());
}

}  // namespace

// Written by hand because it is the hottest path of the SIP side: sofia-sip would copy, parse again and then print each
// of these headers.
std::string response_text(const sip_t* request, const Reply& reply) {
  std::string text;
  text.reserve(768);
  text += "SIP/2.0 ";
  text += std::to_string(reply.status);
  text += ' ';
  text += reply.phrase;
  text += "\r\n";
  for (const auto* via = request->sip_via; via; via = via->v_next) append(text, via);
  append(text, request->sip_from);
  append(text, request->sip_to);
  if (to_tag(request).empty() && text.ends_with("\r\n")) {
    text.resize(text.size() - 2);
    text += ';';
    text += tag_for(request, reply);
    text += "\r\n";
  }
  append(text, request->sip_call_id);
  append(text, request->sip_cseq);
  for (const auto& [kind, value] : reply.headers) {
    text += kind->hc_name;
    text += ": ";
    text += value;
    text += "\r\n";
  }
  text += "Content-Length: 0\r\n\r\n";
  return text;
}

Exchange::Exchange(nta_agent_t* agent, msg_t* message, sip_t* sip)
    : agent_(agent), message_(message), sip_(sip), transport_(tport_delivered_by(nta_agent_tports(agent), message)) {
  source_ = source_of(message, transport_.get());
  if (source_.transport == "tcp")
    transaction_.reset(
        nta_incoming_create(agent, nullptr, msg_ref_create(message), sip, NTATAG_TPORT(transport_.get()), TAG_END()));
}

void Exchange::answer(const Reply& reply) {
  const char* phrase = reply.phrase.empty() ? nullptr : reply.phrase.c_str();
  if (transaction_) {
    Message response(nta_incoming_create_response(transaction_.get(), 0, nullptr));
    if (!response) return;
    add_headers(response.get(), reply);
    if (nta_incoming_complete_response(transaction_.get(), response.get(), reply.status, phrase, TAG_END()) == 0)
      nta_incoming_mreply(transaction_.get(), response.release());
    return;
  }
  if (!message_ || send_text(reply)) return;
  // A Via that asks for more than its sender's address is left to sofia-sip.
  Message response(nta_msg_create(agent_, 0));
  if (!response) return;
  auto* sip = response.sip();
  sip->sip_to = sip_to_dup(response.home(), sip_->sip_to);
  if (to_tag(sip_).empty()) sip_to_tag(response.home(), sip->sip_to, tag_for(sip_, reply).c_str());
  add_headers(response.get(), reply);
  auto* const answered = response.release();
  nta_msg_mreply(agent_, answered, sip_object(answered), reply.status, phrase, message_.release(),
                 NTATAG_TPORT(transport_.get()), TAG_END());
}

// RFC 3261 section 18.2.2 and RFC 3581: to the address that the request came from, at the port it came from where the
// Via has an rport, else at the one that the Via names.
bool Exchange::send_text(const Reply& reply) {
  const auto* via = sip_->sip_via;
  if (!via || via->v_maddr || via->v_comp || reply.phrase.empty()) return false;
  const std::string port =
      via->v_rport ? std::to_string(source_.port) : std::string(via->v_port ? via->v_port : "5060");
  tp_name_t to{};
  to.tpn_proto = "udp";
  to.tpn_canon = source_.ip.c_str();
  to.tpn_host = source_.ip.c_str();
  to.tpn_port = port.c_str();
  Message response(nta_msg_create(agent_, 0));
  if (!response) return false;
  const auto text = response_text(sip_, reply);
  // A first line that brings its encoding along, here that of the whole message, is sent as it is.
  auto* line = sip_status_create(response.home(), reply.status, reply.phrase.c_str(), nullptr);
  auto* encoded = su_strndup(response.home(), text.data(), static_cast<isize_t>(text.size()));
  if (!line || !encoded) return false;
  response.sip()->sip_status = line;
  line->st_common->h_data = encoded;
  line->st_common->h_len = text.size();
  if (msg_serialize(response.get(), reinterpret_cast<msg_pub_t*>(response.sip())) < 0) return false;
  tport_tsend(transport_.get(), response.get(), &to, TPTAG_MTU(INT_MAX), TAG_END());
  return true;  // what UDP could not send is lost like any datagram: the phone asks again
}

}  // namespace strowger::sip
