// SIP URIs as the registrar compares them (RFC 3261 section 19.1.4). Pure text: no parser of a SIP stack is needed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strowger::registrar {

// The parts of a URI, as views into the text it was read from.
struct UriParts {
  std::string_view scheme;
  std::string_view user;  // with the password, if any; of a URI that is not sip or sips, all behind the colon
  std::string_view host;  // an IPv6 address with its brackets
  std::string_view port;  // empty where absent
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  std::string_view headers;  // behind the question mark

  bool is_sip() const;  // sip or sips
  // The value of a URI parameter; empty text where it has none.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

std::optional<UriParts> parse_uri(std::string_view text);

// Whether two URIs are the same by RFC 3261 section 19.1.4. `transport` counts as the RFC's examples show: present in
// one only, the URIs differ. URIs of other schemes are the same when their texts are.
bool same_uri(std::string_view left, std::string_view right);

// The Request-URI for a contact: without its headers and its `method` parameter, which may not stand there (RFC 3261
// section 19.1.1, table 1): a proxy could act on them. Other schemes stay as they are.
std::string request_uri(std::string_view contact);

std::string percent_decoded(std::string_view text);

}  // namespace strowger::registrar
