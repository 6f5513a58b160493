#include "adapters/sip/request_handler.hpp"

#include "adapters/sip/fields.hpp"
#include "adapters/sip/log_text.hpp"

#include <array>

namespace strowger::sip {
namespace {

constexpr std::string_view kAllow = "REGISTER, OPTIONS";
constexpr std::array<std::string_view, 2> kExtensions{"path", "outbound"};

// Seconds within which a phone sends its keep-alives (RFC 5626 sections 4.4 and 5.4): shorter than routers remember a
// datagram's way for, and a connection's.
constexpr const char* kUdpFlowTimer = "29";
constexpr const char* kStreamFlowTimer = "120";

// The options of Require that are not spoken here, as an Unsupported header has them.
std::string unsupported(const sip_t* sip) {
  std::string list;
  for (const auto* header = sip->sip_require; header; header = header->k_next) {
    if (!header->k_items) continue;
    for (const msg_param_t* item = header->k_items; *item; ++item) {
      bool known = false;
      for (const auto extension : kExtensions) known = known || same_token(*item, extension);
      if (known) continue;
      if (!list.empty()) list += ", ";
      list += *item;
    }
  }
  return list;
}

bool needs_dialog(sip_method_t method) {
  switch (method) {
    case sip_method_cancel:
    case sip_method_bye:
    case sip_method_prack:
    case sip_method_update:
    case sip_method_info:
    case sip_method_notify:
      return true;
    default:
      return false;
  }
}

// What a REGISTER that cannot be read is answered.
Reply reply_to_unreadable(const Error& error) {
  // Not 403, which phones take for a wrong password and stop on.
  if (error.code == "too_many_contacts") return {400, "Too Many Contacts In One Request", {}};
  if (error.code == "sips_contact") return {403, "SIPS Needs TLS", {}};
  if (error.code == "too_long") return {400, "Call-ID Or Path Too Long", {}};
  return {400, "Bad Contact Header", {}};
}

}  // namespace

RequestHandler::RequestHandler(Authenticator& authenticator, registrar::Registrar& registrar, Flows& flows,
                               Metrics& metrics, spdlog::logger& log, Clock clock, std::string server_name)
    : authenticator_(authenticator),
      registrar_(registrar),
      flows_(flows),
      metrics_(metrics),
      log_(log),
      clock_(std::move(clock)),
      server_name_(std::move(server_name)) {}

void RequestHandler::handle(Exchange exchange) {
  const auto* sip = exchange.sip();
  count_request(sip);
  const auto method = sip->sip_request->rq_method;
  if (method == sip_method_ack) return;
  if (draining_) return refuse(exchange, {503, "Service Unavailable", {{sip_retry_after_class, "5"}}});
  if (method == sip_method_unknown) return refuse(exchange, {501, "Not Implemented", {}});
  if (needs_dialog(method) || (!to_tag(sip).empty() && method != sip_method_register))
    return refuse(exchange, {481, "Call/Transaction Does Not Exist", {}});
  if (method != sip_method_register && method != sip_method_options)
    return refuse(exchange, {405, "Method Not Allowed", {{sip_allow_class, std::string(kAllow)}}});
  // sips: asks for TLS, which is not spoken here (RFC 5630 section 3.3).
  if (sip->sip_request->rq_url->url_type != url_sip) return refuse(exchange, {416, "Unsupported URI Scheme", {}});
  if (auto options = unsupported(sip); !options.empty())
    return refuse(exchange, {420, "Bad Extension", {{sip_unsupported_class, std::move(options)}}});
  if (method == sip_method_options) return on_options(exchange);
  on_register(std::move(exchange));
}

void RequestHandler::on_options(Exchange& exchange) const {
  exchange.answer(with_server({200,
                               "OK",
                               {{sip_allow_class, std::string(kAllow)},
                                {sip_accept_class, "application/sdp"},
                                {sip_supported_class, "path, outbound"}}}));
}

void RequestHandler::on_register(Exchange exchange) {
  const auto* sip = exchange.sip();
  const auto now = clock_.instant();
  auto outcome = authenticator_.check(sip, exchange.source(), now);
  using Verdict = Authenticator::Verdict;
  switch (outcome.verdict) {
    case Verdict::challenge:
      return challenge(exchange, false);
    case Verdict::stale:
      return challenge(exchange, true);
    case Verdict::unheard:
      count(metrics_.registrations_unheard);
      return;
    case Verdict::denied:
      if (wrong_password_) wrong_password_(outcome.user, exchange.source().ip);
      return deny(exchange, {403, "Forbidden", {}}, "wrong password or unknown user");
    case Verdict::malformed:
      return deny(exchange, {400, "Bad Authorization", {}}, "the Authorization header contradicts the request");
    case Verdict::accepted:
    case Verdict::repeated:
      break;
  }
  const auto extension = address_of_record(sip);
  const auto known = extension ? authenticator_.credentials()(*extension) : std::nullopt;
  const auto scheme = sip->sip_to->a_url->url_type;
  if (!known || (scheme != url_sip && scheme != url_sips))
    return deny(exchange, {404, "Not Found", {}}, "no such extension");
  if (*extension != *outcome.user) return deny(exchange, {403, "Forbidden", {}}, "the user does not own the address");
  if (!known->enabled) return deny(exchange, {403, "Extension Disabled", {}}, "the extension is disabled");

  auto request = read_register(sip, *extension, exchange.source(), limits_);
  if (!request) {
    count(metrics_.registrations_refused);
    return refuse(exchange, reply_to_unreadable(request.error()));
  }
  request->repeated = outcome.verdict == Verdict::repeated;
  request->challenged = outcome.challenged;
  if (request->repeated) count(metrics_.registrations_repeated);
  auto held = std::make_shared<Exchange>(std::move(exchange));
  registrar_.submit(std::move(*request),
                    [this, held](const registrar::RegisterAnswer& answer) { finish(*held, answer); });
}

void RequestHandler::finish(Exchange& exchange, const registrar::RegisterAnswer& answer) {
  if (answer.status == 401) return challenge(exchange, true);  // out of order: to be proved anew
  Reply reply{answer.status, answer.phrase, {}};
  if (answer.status == 200) {
    count(metrics_.registrations_ok);
    remember_flows(exchange, answer);
    if (!answer.bindings.empty())
      reply.headers.emplace_back(sip_contact_class, contacts_of(answer.bindings, answer.now.instant));
    std::string paths;
    for (const auto* path = exchange.sip()->sip_path; path; path = path->r_next)
      paths += (paths.empty() ? "<" : ", <") + url_text(path->r_url) + ">";
    if (!paths.empty()) reply.headers.emplace_back(sip_path_class, std::move(paths));
    if (answer.outbound) {
      reply.headers.emplace_back(sip_require_class, "outbound");
      const bool on_stream = exchange.source().transport != "udp";
      reply.headers.emplace_back("Flow-Timer", on_stream ? kStreamFlowTimer : kUdpFlowTimer);
    }
    reply.headers.emplace_back(sip_date_class, to_http_date(answer.now.date));
  } else {
    count(answer.status == 503 ? metrics_.registrations_shed : metrics_.registrations_refused);
    if (answer.min_expires) reply.headers.emplace_back(sip_min_expires_class, std::to_string(*answer.min_expires));
    if (answer.retry_after) reply.headers.emplace_back(sip_retry_after_class, std::to_string(*answer.retry_after));
  }
  if (log_.should_log(spdlog::level::debug))
    log_.debug("REGISTER of {} from {}: {} {}, {} bindings", log_text(user(exchange.sip()->sip_to->a_url)),
               exchange.source().text(), answer.status, answer.phrase, answer.bindings.size());
  exchange.answer(with_server(std::move(reply)));
}

void RequestHandler::remember_flows(const Exchange& exchange, const registrar::RegisterAnswer& answer) {
  for (const auto& binding : answer.bindings) {
    const bool of_this = binding->cseq == cseq(exchange.sip()) && binding->call_id == call_id(exchange.sip());
    if (!of_this) continue;
    if (exchange.source().transport == "tcp")
      flows_.keep(*binding, exchange.transport(), exchange.connection());
    else
      flows_.drop(*binding);
  }
}

void RequestHandler::challenge(Exchange& exchange, bool stale) {
  count(stale ? metrics_.registrations_stale : metrics_.registrations_challenged);
  Reply reply{401, "Unauthorized", {}};
  for (auto& header : authenticator_.challenges(stale, clock_.instant()))
    reply.headers.emplace_back(sip_www_authenticate_class, std::move(header));
  exchange.answer(with_server(std::move(reply)));
}

void RequestHandler::deny(Exchange& exchange, Reply reply, std::string_view why) {
  count(metrics_.registrations_denied);
  if (refusals_.take(LineBudget::Time::clock::now()))
    log_.warn("REGISTER of {} from {} refused with {}: {} (User-Agent: {})",
              log_text(user(exchange.sip()->sip_to->a_url)), exchange.source().text(), reply.status, why,
              log_text(user_agent(exchange.sip())));
  exchange.answer(with_server(std::move(reply)));
}

void RequestHandler::tell_withheld() {
  if (const auto withheld = refusals_.take_withheld())
    log_.warn("{} more REGISTERs were refused, too many for a line each", withheld);
}

void RequestHandler::refuse(Exchange& exchange, Reply reply) const {
  log_.debug("{} from {} refused with {} {}", log_text(method_name(exchange.sip())), exchange.source().text(),
             reply.status, reply.phrase);
  exchange.answer(with_server(std::move(reply)));
}

Reply RequestHandler::with_server(Reply reply) const {
  reply.headers.emplace_back(sip_server_class, server_name_);
  return reply;
}

void RequestHandler::count_request(const sip_t* sip) {
  switch (sip->sip_request->rq_method) {
    case sip_method_register:
      return count(metrics_.register_requests);
    case sip_method_options:
      return count(metrics_.options_requests);
    case sip_method_invite:
      return count(metrics_.invite_requests);
    case sip_method_ack:
      return count(metrics_.ack_requests);
    default:
      return count(metrics_.other_requests);
  }
}

}  // namespace strowger::sip
