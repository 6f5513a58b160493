#include "adapters/sip/exchange.hpp"

#include "adapters/sip/fields.hpp"

#include <array>
#include <charconv>
#include <climits>
#include <functional>

#include <sys/socket.h>

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
  for (const auto& header : reply.headers) {
    text += header.name;
    text += ": ";
    text += header.value;
    text += "\r\n";
  }
  text += "Content-Length: 0\r\n\r\n";
  return text;
}

Exchange::Exchange(nta_agent_t* agent, msg_t* message, sip_t* sip, ConnectionHold connection, int socket,
                   bool force_rport)
    : agent_(agent),
      message_(message),
      sip_(sip),
      transport_(tport_delivered_by(nta_agent_tports(agent), message)),
      connection_(std::move(connection)),
      socket_(socket),
      force_rport_(force_rport) {
  source_ = source_of(message, transport_.get());
}

void Exchange::answer(const Reply& reply) {
  if (!sip_->sip_via) return;
  const auto text = response_text(sip_, reply);
  if (source_.transport == "tcp")
    send_on_connection(reply, text);
  else
    send_datagram(text);
}

// By the socket itself: to sofia-sip the text would be a message to make, and its address one to look up. What cannot
// be sent is lost like any datagram: the phone asks again.
void Exchange::send_datagram(const std::string& text) const {
  const auto* via = sip_->sip_via;
  su_sockaddr_t to = *msg_addr(message_.get());
  if (!force_rport_ && via->v_rport == nullptr) {
    constexpr std::uint16_t sip_port = 5060;
    const auto named = view(via->v_port);
    std::uint16_t port = sip_port;
    if (!named.empty()) std::from_chars(named.data(), named.data() + named.size(), port);
    to.su_port = htons(port);
  }
  const socklen_t size = to.su_family == AF_INET6 ? sizeof to.su_sin6 : sizeof to.su_sin;
  [[maybe_unused]] const auto sent =
      ::sendto(socket_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL, &to.su_sa, size);
}

void Exchange::send_on_connection(const Reply& reply, const std::string& text) {
  // Else sofia-sip would open another connection, to where the Via says.
  if (!connection_ || !connection_->usable() || !transport_.alive()) return;
  Message response(nta_msg_create(agent_, 0));
  if (!response) return;
  // A first line that brings its encoding along, here that of the whole message, is sent as it is.
  auto* line = sip_status_create(response.home(), reply.status, reply.phrase.c_str(), nullptr);
  auto* encoded = su_strndup(response.home(), text.data(), static_cast<isize_t>(text.size()));
  if (!line || !encoded) return;
  response.sip()->sip_status = line;
  line->st_common->h_data = encoded;
  line->st_common->h_len = text.size();
  if (msg_serialize(response.get(), reinterpret_cast<msg_pub_t*>(response.sip())) < 0) return;
  tp_name_t to = *tport_name(transport_.get());
  tport_tsend(transport_.get(), response.get(), &to, TPTAG_MTU(INT_MAX), TAG_END());
}

}  // namespace strowger::sip
