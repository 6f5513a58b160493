#include "adapters/sip/exchange.hpp"

#include "adapters/sip/fields.hpp"

#include <functional>

namespace strowger::sip {
namespace {

// RFC 3261 section 8.2.7: who answers statelessly gives a repeated request the same tag.
std::string tag_for(const sip_t* sip) {
  const std::hash<std::string_view> hash;
  std::size_t mixed = hash(call_id(sip)) * 31 + hash(branch(sip));
  mixed = mixed * 31 + cseq(sip);
  return "tag=" + std::to_string(mixed);
}

void add_headers(msg_t* message, const Reply& reply) {
  for (const auto& [kind, value] : reply.headers) sip_add_make(message, sip_object(message), kind, value.c_str());
}

}  // namespace

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
  Message response(nta_msg_create(agent_, 0));
  if (!response || !message_) return;
  auto* sip = response.sip();
  sip->sip_to = sip_to_dup(response.home(), sip_->sip_to);
  if (to_tag(sip_).empty()) sip_to_tag(response.home(), sip->sip_to, tag_for(sip_).c_str());
  add_headers(response.get(), reply);
  auto* const answered = response.release();
  nta_msg_mreply(agent_, answered, sip_object(answered), reply.status, phrase, message_.release(),
                 NTATAG_TPORT(transport_.get()), TAG_END());
}

}  // namespace strowger::sip
