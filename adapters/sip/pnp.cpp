#include "adapters/sip/pnp.hpp"

#include "adapters/sip/addresses.hpp"
#include "adapters/sip/exchange.hpp"
#include "adapters/sip/fields.hpp"
#include "adapters/sip/log_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <sodium/randombytes.h>

namespace strowger::sip {
namespace {

constexpr unsigned look_every = 10;           // seconds between two looks at the interfaces
constexpr unsigned most_at_once = 64;         // datagrams, before others of the SIP thread have their turn
constexpr std::size_t most_in_flight = 256;   // NOTIFYs that have no answer yet
constexpr std::size_t longest_call_id = 256;  // what phones write is not half as long
constexpr std::size_t longest_contact = 512;

std::string fresh_tag() {
  return std::to_string(randombytes_random()) + std::to_string(randombytes_random());
}

// A repeated question is one of the same transaction; old phones write no branch.
std::string question_of(const sip_t* sip, const std::string& ip) {
  std::string key = ip;
  for (const auto part : {call_id(sip), branch(sip)}) key.append("\n").append(part);
  return key + '\n' + std::to_string(cseq(sip));
}

bool is_plain_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"'; });
}

std::uint16_t port_of(std::string_view text, std::uint16_t absent) {
  std::uint16_t port = text.empty() ? absent : 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

// Whether it can be answered within a dialog, to where it came from.
bool is_whole(const sip_t* sip) {
  if (!sip->sip_via || sip->sip_via->v_maddr || sip->sip_via->v_comp) return false;
  if (!sip->sip_from || !sip->sip_to || !sip->sip_cseq || sip->sip_cseq->cs_method != sip_method_subscribe)
    return false;
  return !call_id(sip).empty() && call_id(sip).size() <= longest_call_id && branch(sip).size() <= longest_call_id &&
         to_tag(sip).empty();
}

const url_t* contact_of(const sip_t* sip) {
  return sip->sip_contact && sip->sip_contact->m_url->url_type == url_sip ? sip->sip_contact->m_url : nullptr;
}

std::string target_of(const sip_t* sip, const Multicast::Datagram& datagram) {
  if (const auto* contact = contact_of(sip))
    if (auto text = url_text(contact); !text.empty() && text.size() <= longest_contact && is_plain_text(text))
      return text;
  return "sip:" + datagram.ip + ":" + std::to_string(datagram.port);
}

// A phone that asks from another port than it listens at says so in its Contact.
std::string hop_of(const sip_t* sip, const Multicast::Datagram& datagram) {
  std::uint16_t port = 0;
  if (const auto* contact = contact_of(sip); contact && host(contact) == datagram.ip)
    port = port_of(view(contact->url_port), 5060);
  return "sip:" + datagram.ip + ":" + std::to_string(port != 0 ? port : datagram.port) + ";transport=udp";
}

}  // namespace

Pnp::Pnp(Metrics& metrics, spdlog::logger& log, std::string server_name)
    : metrics_(metrics), log_(log), server_name_(std::move(server_name)), group_(pnp_group) {}

Pnp::~Pnp() = default;

void Pnp::start(su_root_t* root, nta_agent_t* agent, std::uint16_t sip_port) {
  root_ = root;
  agent_ = agent;
  sip_port_ = sip_port;
}

void Pnp::serve(PnpOptions options) {
  if (!agent_) return;
  options_ = std::move(options);
  poll(-1);  // the socket may be closed now
  follow(group_.follow(options_.on() ? options_.interfaces : std::vector<std::string>{}, options_.port));
}

void Pnp::on_second() {
  if (++seconds_ % look_every == 0) follow(group_.refresh());
}

void Pnp::stop() {
  serve({});
  in_flight_.clear();
  agent_ = nullptr;
}

void Pnp::follow(const std::vector<Multicast::Change>& changes) {
  for (const auto& [interface, address, fault] : changes)
    if (fault.empty())
      log_.info("PnP: phones on {} ({}) that ask by SIP multicast are told their URL", interface, address);
    else
      log_.warn("PnP: phones on {} are not heard: {} (provisioning.pnp.interfaces); looked at again every {} s",
                interface, fault, look_every);
  metrics_.pnp_interfaces_heard.store(group_.joined(), std::memory_order_relaxed);
  metrics_.pnp_interfaces_missing.store(group_.missing(), std::memory_order_relaxed);
  poll(group_.descriptor());
}

void Pnp::poll(int descriptor) {
  if (descriptor == polled_) return;
  if (registration_ >= 0) su_root_deregister(root_, registration_);
  registration_ = -1;
  polled_ = descriptor;
  if (descriptor < 0) return;
  su_wait_create(wait_, descriptor, SU_WAIT_IN);
  registration_ = su_root_register(root_, wait_, &Pnp::on_readable, this, 0);
  if (registration_ < 0) log_.error("PnP: the socket cannot be watched; phones that ask the LAN are not heard");
}

int Pnp::on_readable(su_root_magic_t*, su_wait_t*, su_wakeup_arg_t* self) {
  static_cast<Pnp*>(self)->read();
  return 0;
}

void Pnp::read() {
  Datagram datagram;
  for (unsigned i = 0; i < most_at_once && group_.receive(datagram); ++i) {
    count(metrics_.pnp_questions);
    if (datagram.interface.empty())
      count(metrics_.pnp_elsewhere);
    else if (!gate_.admit(datagram.ip, PnpGate::Time::clock::now()))
      count(metrics_.pnp_limited);
    else
      consider(datagram);
  }
}

void Pnp::consider(const Datagram& datagram) {
  const auto size = static_cast<ssize_t>(datagram.bytes.size());
  const Message asked(msg_make(sip_default_mclass(), 0, datagram.bytes.data(), size));
  const auto* sip = asked ? asked.sip() : nullptr;
  auto request = sip ? read_pnp(sip) : std::nullopt;
  if (!request || !is_whole(sip)) {
    count(metrics_.pnp_unclear);
    log_.debug("PnP: what {} asks is not answered: it is not what phones ask", datagram.ip);
    return;
  }
  const auto now = PnpGate::Time::clock::now();
  const auto question = question_of(sip, datagram.ip);
  if (const auto* tag = gate_.find(question, now)) {
    count(metrics_.pnp_repeated);
    if (!tag->empty()) answer(datagram, sip, *tag);
    return;
  }
  if (in_flight_.size() >= most_in_flight) return count(metrics_.pnp_limited);
  const PnpAsk ask{std::move(*request), datagram.ip, datagram.interface};
  const auto url = options_.invite(ask);
  auto tag = url ? fresh_tag() : std::string();
  auto message = url ? compose(datagram, sip, *url, tag) : Message();
  if (message) {
    count(metrics_.pnp_answered);
    answer(datagram, sip, tag);
    notify(datagram, sip, std::move(message), ask.request.mac.colons() + " at " + datagram.ip);
  } else {
    tag.clear();
    count(url ? metrics_.pnp_unclear : metrics_.pnp_refused);
  }
  gate_.remember(question, std::move(tag), now);
}

std::string Pnp::contact(const Datagram& datagram) const {
  return "<sip:" + datagram.address + ":" + std::to_string(sip_port_) + ">";
}

// The subscription ends with its only NOTIFY.
void Pnp::answer(const Datagram& datagram, const sip_t* sip, const std::string& to_tag) const {
  const Reply reply{
      200,
      "OK",
      {{sip_contact_class, contact(datagram)}, {sip_expires_class, "0"}, {sip_server_class, server_name_}},
      to_tag};
  const auto* via = sip->sip_via;
  const auto port = via->v_rport ? datagram.port : port_of(view(via->v_port), 5060);
  group_.reply(datagram, port != 0 ? port : datagram.port, response_text(sip, reply));
}

Message Pnp::compose(const Datagram& datagram, const sip_t* asked, const std::string& url,
                     const std::string& to_tag) const {
  Message message(nta_msg_create(agent_, 0));
  if (!message) return message;
  auto* sip = message.sip();
  const auto target = target_of(asked, datagram);
  auto* request = sip_request_create(message.home(), SIP_METHOD_NOTIFY, URL_STRING_MAKE(target.c_str()), nullptr);
  auto* cseq = sip_cseq_create(message.home(), 1, SIP_METHOD_NOTIFY);
  auto* from = sip_from_dup(message.home(), asked->sip_to);
  auto* to = sip_to_dup(message.home(), asked->sip_from);
  if (!request || !cseq || !from || !to || sip_from_tag(message.home(), from, to_tag.c_str()) < 0) return {};
  for (auto* header : {reinterpret_cast<sip_header_t*>(request), reinterpret_cast<sip_header_t*>(cseq),
                       reinterpret_cast<sip_header_t*>(from), reinterpret_cast<sip_header_t*>(to)})
    sip_header_insert(message.get(), sip, header);
  const auto us = contact(datagram);
  const int added = sip_add_tl(message.get(), sip, SIPTAG_CALL_ID(asked->sip_call_id), SIPTAG_MAX_FORWARDS_STR("70"),
                               SIPTAG_CONTACT_STR(us.c_str()), SIPTAG_EVENT(asked->sip_event),
                               SIPTAG_SUBSCRIPTION_STATE_STR("terminated;reason=timeout"),
                               SIPTAG_USER_AGENT_STR(server_name_.c_str()), SIPTAG_CONTENT_TYPE_STR("application/url"),
                               SIPTAG_PAYLOAD_STR(url.c_str()), TAG_END());
  if (added < 0) return {};
  return message;
}

void Pnp::notify(const Datagram& datagram, const sip_t* sip, Message message, std::string phone) {
  auto job = std::make_unique<Job>();
  job->pnp = this;
  job->phone = std::move(phone);
  const auto hop = hop_of(sip, datagram);
  auto* transport = udp_listener(agent_, datagram.address);
  job->transaction.reset(nta_outgoing_mcreate(agent_, &Pnp::on_response, job.get(), URL_STRING_MAKE(hop.c_str()),
                                              message.release(), TAG_IF(transport, NTATAG_TPORT(transport)),
                                              TAG_END()));
  if (!job->transaction) {
    count(metrics_.pnp_notifies_unanswered);
    log_.warn("PnP: {} could not be sent its URL", job->phone);
    return;
  }
  in_flight_.push_back(std::move(job));
  in_flight_.back()->self = std::prev(in_flight_.end());
}

int Pnp::on_response(nta_outgoing_magic_t* context, nta_outgoing_t* transaction, const sip_t* sip) {
  auto* job = static_cast<Job*>(context);
  const int status = nta_outgoing_status(transaction);
  if (status >= 200) job->pnp->respond(*job, sip, status);
  return 0;
}

void Pnp::respond(Job& job, const sip_t* sip, int status) {
  if (nta_sip_is_internal(sip) != 0) {
    count(metrics_.pnp_notifies_unanswered);
    log_.warn("PnP: {} did not answer the NOTIFY with its URL", job.phone);
  } else if (status < 300) {
    count(metrics_.pnp_notifies_accepted);
  } else {
    count(metrics_.pnp_notifies_refused);
    log_.warn("PnP: {} refused the NOTIFY with its URL: {} {}", job.phone, status,
              log_text(sip->sip_status ? view(sip->sip_status->st_phrase) : std::string_view()));
  }
  in_flight_.erase(job.self);  // the job is gone now
}

}  // namespace strowger::sip
