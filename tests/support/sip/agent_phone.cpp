#include "tests/support/sip/agent_phone.hpp"

#include "adapters/sip/fields.hpp"
#include "adapters/sip/mailbox.hpp"

#include <array>
#include <cstring>
#include <future>
#include <mutex>
#include <thread>

#include <arpa/inet.h>

namespace strowger::test {

namespace {

template <class Header>
std::string text_of(const Header* header) {
  if (!header) return {};
  std::array<char, 4096> text{};
  const auto size = sip_header_field_e(text.data(), text.size(), reinterpret_cast<const sip_header_t*>(header), 0);
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "";
}

}  // namespace

struct AgentPhone::State {
  Script script;
  mutable std::mutex mutex;
  std::vector<SeenNotify> seen;
  std::uint16_t port = 0;
  sip::Mailbox mailbox;
  su_root_t* root = nullptr;
  std::thread thread;

  static int on_request(nta_leg_magic_t* context, nta_leg_t*, nta_incoming_t* request, const sip_t* message) {
    return static_cast<State*>(context)->answer(request, message);
  }

  int answer(nta_incoming_t* request, const sip_t* message) {
    if (message->sip_request->rq_method != sip_method_notify) return 405;
    SeenNotify notify;
    notify.request_uri = sip::url_text(message->sip_request->rq_url);
    notify.event = text_of(message->sip_event);
    notify.subscription_state = text_of(message->sip_subscription_state);
    notify.from = text_of(message->sip_from);
    notify.to = text_of(message->sip_to);
    notify.call_id = sip::call_id(message);
    notify.contact = text_of(message->sip_contact);
    notify.max_forwards = text_of(message->sip_max_forwards);
    notify.via = text_of(message->sip_via);
    notify.authorization = text_of(message->sip_authorization);
    notify.route = text_of(message->sip_route);
    notify.user_agent = sip::user_agent(message);
    notify.content_type = text_of(message->sip_content_type);
    if (message->sip_payload) notify.body.assign(message->sip_payload->pl_data, message->sip_payload->pl_len);
    notify.cseq = sip::cseq(message);
    int status = 0;
    {
      std::lock_guard lock(mutex);
      status = script(seen.size(), notify);
      seen.push_back(notify);
    }
    if (status == 0) return 0;  // the transaction stays open: no answer ever
    if (status == 401) {
      nta_incoming_treply(
          request, SIP_401_UNAUTHORIZED,
          SIPTAG_WWW_AUTHENTICATE_STR("Digest realm=\"phone\", nonce=\"n0nce\", algorithm=MD5, qop=\"auth,auth-int\""),
          TAG_END());
    } else {
      nta_incoming_treply(request, status, nullptr, TAG_END());
    }
    nta_incoming_destroy(request);
    return 0;
  }

  void run(std::promise<void> ready) {
    sip::SofiaLibrary library;
    sip::Root loop(su_root_create(this));
    root = loop.get();
    {
      sip::Agent agent(
          nta_agent_create(root, URL_STRING_MAKE("sip:127.0.0.1:*;transport=udp"), nullptr, nullptr, TAG_END()));
      sip::Leg leg(nta_leg_tcreate(agent.get(), &State::on_request, this, NTATAG_NO_DIALOG(1), TAG_END()));
      const auto* address = tport_get_address(tport_primaries(nta_agent_tports(agent.get())));
      su_sockaddr_t bound{};
      std::memcpy(&bound, address->ai_addr, address->ai_addrlen);
      port = ntohs(bound.su_port);
      mailbox.attach(root);
      ready.set_value();
      su_root_run(root);
      mailbox.close();
    }
  }
};

AgentPhone::AgentPhone(Script script) : state_(std::make_unique<State>()) {
  state_->script = std::move(script);
  std::promise<void> ready;
  auto started = ready.get_future();
  state_->thread =
      std::thread([state = state_.get(), ready = std::move(ready)]() mutable { state->run(std::move(ready)); });
  started.get();
}

AgentPhone::~AgentPhone() {
  state_->mailbox.post([state = state_.get()] { su_root_break(state->root); });
  state_->thread.join();
}

std::uint16_t AgentPhone::port() const {
  return state_->port;
}

std::vector<SeenNotify> AgentPhone::seen() const {
  std::lock_guard lock(state_->mutex);
  return state_->seen;
}

}  // namespace strowger::test
