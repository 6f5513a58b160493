// Fields of a parsed message as string views: an absent one is an empty view, never a null pointer.
#pragma once

#include "adapters/digest/digest.hpp"
#include "adapters/sip/sofia.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace strowger::sip {

using digest::same_token;
using digest::unquoted;

inline std::string_view view(const char* text) {
  return text ? std::string_view(text) : std::string_view();
}

inline std::string_view user(const url_t* url) {
  return url ? view(url->url_user) : std::string_view();
}
inline std::string_view host(const url_t* url) {
  return url ? view(url->url_host) : std::string_view();
}
inline std::string_view call_id(const sip_t* sip) {
  return sip->sip_call_id ? view(sip->sip_call_id->i_id) : std::string_view();
}
inline std::uint32_t cseq(const sip_t* sip) {
  return sip->sip_cseq ? sip->sip_cseq->cs_seq : 0;
}
inline std::string_view method_name(const sip_t* sip) {
  return sip->sip_request ? view(sip->sip_request->rq_method_name) : std::string_view();
}
inline std::string_view user_agent(const sip_t* sip) {
  return sip->sip_user_agent ? view(sip->sip_user_agent->g_string) : std::string_view();
}
inline std::string_view branch(const sip_t* sip) {
  return sip->sip_via ? view(sip->sip_via->v_branch) : std::string_view();
}
inline std::string_view to_tag(const sip_t* sip) {
  return sip->sip_to ? view(sip->sip_to->a_tag) : std::string_view();
}

// The value of `name=value` among header parameters, quotes and all; an empty one where there is only the name.
std::optional<std::string_view> parameter(const msg_param_t* parameters, std::string_view name);
std::string url_text(const url_t* url);
// Whether a list header (Supported, Require) names `token`.
bool lists(const msg_list_t* header, std::string_view token);

}  // namespace strowger::sip
