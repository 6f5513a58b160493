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

Exchange::Exchange(nta_agent_t* agent, msg_t* message, sip_t* sip, ConnectionHold connection)
    : agent_(agent),
      message_(message),
      sip_(sip),
      transport_(tport_delivered_by(nta_agent_tports(agent), message)),
      connection_(std::move(connection)) {
  source_ = source_of(message, transport_.get());
}

void Exchange::answer(const Reply& reply) {
  const auto* via = sip_->sip_via;
  if (!via) return;
  const bool on_stream = source_.transport == "tcp";
  // Else sofia-sip would open another connection, to where the Via says.
  if (on_stream && (!connection_ || !connection_->usable() || !transport_.alive())) return;
  const std::string port =
      via->v_rport ? std::to_string(source_.port) : std::string(via->v_port ? via->v_port : "5060");
  tp_name_t to{};
  if (on_stream) {
    to = *tport_name(transport_.get());
  } else {
    to.tpn_proto = "udp";
    to.tpn_canon = source_.ip.c_str();
    to.tpn_host = source_.ip.c_str();
    to.tpn_port = port.c_str();
  }
  Message response(nta_msg_create(agent_, 0));
  if (!response) return;
  const auto text = response_text(sip_, reply);
  // A first line that brings its encoding along, here that of the whole message, is sent as it is.
  auto* line = sip_status_create(response.home(), reply.status, reply.phrase.c_str(), nullptr);
  auto* encoded = su_strndup(response.home(), text.data(), static_cast<isize_t>(text.size()));
  if (!line || !encoded) return;
  response.sip()->sip_status = line;
  line->st_common->h_data = encoded;
  line->st_common->h_len = text.size();
  if (msg_serialize(response.get(), reinterpret_cast<msg_pub_t*>(response.sip())) < 0) return;
  // What cannot be sent is lost like any datagram: the phone asks again.
  tport_tsend(transport_.get(), response.get(), &to, TPTAG_MTU(INT_MAX), TAG_END());
}

}  // namespace strowger::sip
