#include "adapters/sip/notifier.hpp"

#include "actors/registrar/uri.hpp"
#include "adapters/sip/addresses.hpp"
#include "adapters/sip/fields.hpp"
#include "adapters/sip/log_text.hpp"

#include <algorithm>

#include <sodium/randombytes.h>

namespace strowger::sip {
namespace {

constexpr su_duration_t kTick = 20;  // milliseconds between two looks at the pace

std::string random_token() {
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuv";
  std::string text(20, '0');
  for (auto& c : text) c = kLetters[randombytes_uniform(kLetters.size())];
  return text;
}

std::string bracketed(const std::string& host) {
  return host.find(':') != std::string::npos && host.front() != '[' ? "[" + host + "]" : host;
}

// Over UDP: back to the source.
std::string next_hop(const registrar::Binding& binding) {
  return "sip:" + bracketed(binding.ip) + ":" + std::to_string(binding.port) + ";transport=udp";
}

// Seconds after which the phone wants to be asked again.
std::optional<std::uint32_t> retry_after(const sip_t* sip) {
  if (!sip->sip_retry_after) return std::nullopt;
  constexpr unsigned long longest = 24 * 3600;
  return static_cast<std::uint32_t>(std::min<unsigned long>(sip->sip_retry_after->af_delta, longest));
}

// The strongest challenge of the answer that can be met.
std::optional<DigestChallenge> best_challenge(const msg_auth_t* header) {
  std::optional<DigestChallenge> best;
  for (; header; header = header->au_next) {
    if (!same_token(view(header->au_scheme), "Digest")) continue;
    auto challenge = read_challenge(header->au_params);
    if (!challenge) continue;
    if (!best || (best->algorithm == Algorithm::md5 && challenge->algorithm == Algorithm::sha256))
      best = std::move(challenge);
  }
  return best;
}

}  // namespace

Notifier::Notifier(std::shared_ptr<Mailbox> mailbox, NotifierOptions options, Credentials credentials,
                   const Flows& flows, Metrics& metrics, spdlog::logger& log, std::string server_name)
    : mailbox_(std::move(mailbox)),
      options_(options),
      credentials_(std::move(credentials)),
      flows_(flows),
      metrics_(metrics),
      log_(log),
      server_name_(std::move(server_name)) {}

Notifier::~Notifier() = default;

void Notifier::notify(reboot::Notice notice, std::function<void(reboot::NoticeOutcome)> done) {
  const bool full = outstanding_.fetch_add(1) >= options_.max_queued;
  auto job = std::make_shared<std::unique_ptr<Job>>(std::make_unique<Job>());  // a task must be copyable
  (*job)->notifier = this;
  (*job)->notice = std::move(notice);
  (*job)->done = std::move(done);
  const bool posted = mailbox_->post([this, job, full] {
    if (full)
      end(**job, {503, "Too Many NOTIFYs Waiting", false});
    else
      enqueue(std::move(*job));
  });
  // The thread is gone and nothing else runs there: the outcome comes here.
  if (!posted) end(**job, {503, "The SIP Server Has Stopped", false});
}

void Notifier::start(su_root_t* root, nta_agent_t* agent, std::string host, std::uint16_t port) {
  agent_ = agent;
  host_ = std::move(host);
  port_ = port;
  timer_.reset(su_timer_create(su_root_task(root), kTick));
  tokens_ = 1;
  filled_ = std::chrono::steady_clock::now();
}

void Notifier::stop() {
  stopped_ = true;
  timer_.reset();
  auto queued = std::move(queue_);
  queue_.clear();
  for (auto& job : queued) end(*job, {503, "The SIP Server Has Stopped", false});
  while (!in_flight_.empty()) end(*in_flight_.front(), {503, "The SIP Server Has Stopped", false});
}

void Notifier::enqueue(std::unique_ptr<Job> job) {
  if (stopped_ || !agent_) return end(*job, {503, "The SIP Server Has Stopped", false});
  queue_.push_back(std::move(job));
  pump();
}

void Notifier::on_timer(su_root_magic_t*, su_timer_t*, su_timer_arg_t* self) {
  auto* notifier = static_cast<Notifier*>(self);
  notifier->timer_set_ = false;
  notifier->pump();
}

void Notifier::pump() {
  const auto now = std::chrono::steady_clock::now();
  const double rate = options_.per_second;
  tokens_ += rate * std::chrono::duration<double>(now - filled_).count();
  filled_ = now;
  // What a tick holds may go at once, never more: bursts are what floods a switch.
  tokens_ = std::min(tokens_, std::max(1.0, rate * 2 * static_cast<double>(kTick) / 1000));
  while (!queue_.empty() && in_flight_.size() < options_.max_in_flight && tokens_ >= 1) {
    tokens_ -= 1;
    auto job = std::move(queue_.front());
    queue_.pop_front();
    Job& sent = *job;
    in_flight_.push_back(std::move(job));
    sent.self = std::prev(in_flight_.end());
    sent.call_id = random_token() + "@" + host_;
    sent.from_tag = random_token();
    sent.cseq = 1;
    count(metrics_.notifies_sent);
    send(sent, {}, false);
  }
  if (!queue_.empty() && !timer_set_) {
    timer_set_ = true;
    su_timer_set(timer_.get(), &Notifier::on_timer, this);
  }
}

Message Notifier::compose(const Job& job, const std::string& authorization, bool proxy) const {
  const auto& binding = *job.notice.binding;
  const std::string us = "sip:" + bracketed(host_) + ":" + std::to_string(port_);
  const std::string transport = binding.transport == "tcp" ? ";transport=tcp" : "";
  const std::string from = "<sip:" + bracketed(host_) + ">;tag=" + job.from_tag;
  const std::string to = "<sip:" + binding.extension.text() + "@" + bracketed(host_) + ">";
  const std::string contact = "<" + us + transport + ">";
  const auto target = registrar::request_uri(binding.contact);
  std::string route;
  for (const auto& hop : binding.path) route += (route.empty() ? "" : ", ") + hop;

  Message message(nta_msg_create(agent_, 0));
  if (!message) return message;
  auto* sip = message.sip();
  auto* request = sip_request_create(message.home(), SIP_METHOD_NOTIFY, URL_STRING_MAKE(target.c_str()), nullptr);
  auto* cseq = sip_cseq_create(message.home(), job.cseq, SIP_METHOD_NOTIFY);
  if (!request || !cseq) return {};
  sip_header_insert(message.get(), sip, reinterpret_cast<sip_header_t*>(request));
  sip_header_insert(message.get(), sip, reinterpret_cast<sip_header_t*>(cseq));
  const auto optional = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  const int added = sip_add_tl(
      message.get(), sip, SIPTAG_FROM_STR(from.c_str()), SIPTAG_TO_STR(to.c_str()),
      SIPTAG_CALL_ID_STR(job.call_id.c_str()), SIPTAG_MAX_FORWARDS_STR("70"), SIPTAG_CONTACT_STR(contact.c_str()),
      SIPTAG_EVENT_STR(job.notice.event.c_str()), SIPTAG_SUBSCRIPTION_STATE_STR("terminated"),
      SIPTAG_USER_AGENT_STR(server_name_.c_str()), TAG_IF(!route.empty(), SIPTAG_ROUTE_STR(route.c_str())),
      TAG_IF(!authorization.empty() && !proxy, SIPTAG_AUTHORIZATION_STR(optional(authorization))),
      TAG_IF(!authorization.empty() && proxy, SIPTAG_PROXY_AUTHORIZATION_STR(optional(authorization))),
      TAG_IF(!job.notice.content_type.empty(), SIPTAG_CONTENT_TYPE_STR(job.notice.content_type.c_str())),
      TAG_IF(!job.notice.body.empty(), SIPTAG_PAYLOAD_STR(job.notice.body.c_str())), TAG_END());
  if (added < 0) return {};
  return message;
}

bool Notifier::send(Job& job, const std::string& authorization, bool proxy) {
  const auto& binding = *job.notice.binding;
  const bool on_stream = binding.transport != "udp";
  auto* connection = on_stream ? flows_.find(binding) : nullptr;
  if (on_stream && connection == nullptr) {
    end(job, {reboot::not_connected, "Not Connected", false});
    return false;
  }
  auto message = compose(job, authorization, proxy);
  const auto hop = on_stream ? std::string() : next_hop(binding);
  auto* from = on_stream ? connection : udp_listener(agent_, binding.local_ip);
  const auto* route = on_stream ? nullptr : URL_STRING_MAKE(hop.c_str());
  if (message)
    job.transaction.reset(nta_outgoing_mcreate(agent_, &Notifier::on_response, &job, route, message.release(),
                                               TAG_IF(from, NTATAG_TPORT(from)), TAG_END()));
  if (job.transaction) return true;
  end(job, {503, "Could Not Be Sent", false});
  return false;
}

int Notifier::on_response(nta_outgoing_magic_t* context, nta_outgoing_t* transaction, const sip_t* sip) {
  auto* job = static_cast<Job*>(context);
  const int status = nta_outgoing_status(transaction);
  if (status >= 200) job->notifier->respond(*job, sip, status);
  return 0;
}

void Notifier::respond(Job& job, const sip_t* sip, int status) {
  const bool internal = nta_sip_is_internal(sip) != 0;
  if (internal && job.notice.binding->transport != "udp" && flows_.find(*job.notice.binding) == nullptr)
    return end(job, {reboot::not_connected, "Not Connected", false});
  if (internal && status == 408) return end(job, {408, "No Answer", true});
  if (internal) return end(job, {503, "The Phone Cannot Be Reached", false});
  if ((status == 401 || status == 407) && !job.challenged && answer_challenge(job, sip, status)) return;
  const auto phrase = sip->sip_status ? view(sip->sip_status->st_phrase) : std::string_view();
  end(job, {static_cast<std::uint16_t>(status), std::string(phrase), false, retry_after(sip)});
}

// True: sent again with credentials, or over because that failed.
bool Notifier::answer_challenge(Job& job, const sip_t* sip, int status) {
  const auto challenge = best_challenge(status == 401 ? sip->sip_www_authenticate : sip->sip_proxy_authenticate);
  if (!challenge) return false;
  const auto& binding = *job.notice.binding;
  const auto credential = credentials_(binding.extension);
  const auto password = credential ? credential->password() : std::nullopt;
  if (!password) return false;
  const auto header = sip::answer_challenge(hasher_, *challenge, binding.extension.text(), *password, "NOTIFY",
                                            registrar::request_uri(binding.contact), random_token(), job.notice.body);
  job.challenged = true;
  ++job.cseq;
  job.transaction.reset();
  send(job, header, status == 407);
  return true;
}

void Notifier::end(Job& job, reboot::NoticeOutcome outcome) {
  if (outcome.timed_out)
    count(metrics_.notifies_unanswered);
  else if (outcome.status >= 200 && outcome.status < 300)
    count(metrics_.notifies_accepted);
  else if (outcome.status == reboot::not_connected)
    count(metrics_.notifies_not_connected);
  else
    count(job.transaction ? metrics_.notifies_refused : metrics_.notifies_shed);
  log_.debug("NOTIFY {} to {} at {}:{}: {} {}", log_text(job.notice.event), job.notice.binding->extension.text(),
             job.notice.binding->ip, job.notice.binding->port, outcome.status, log_text(outcome.phrase));
  const auto done = std::move(job.done);
  outstanding_.fetch_sub(1);
  if (!job.call_id.empty()) in_flight_.erase(job.self);  // the job is gone now
  if (done) done(std::move(outcome));
  if (!stopped_ && agent_ && !queue_.empty()) pump();
}

}  // namespace strowger::sip
