#include "actors/registrar/uri.hpp"

#include <algorithm>
#include <array>

namespace strowger::registrar {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_word(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, lower, lower);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char letter = lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

bool same_decoded(std::string_view left, std::string_view right) {
  return left == right || percent_decoded(left) == percent_decoded(right);
}

bool same_decoded_word(std::string_view left, std::string_view right) {
  return same_word(left, right) || same_word(percent_decoded(left), percent_decoded(right));
}

// These never match their absence, not even where they carry the default.
constexpr std::array<std::string_view, 5> kNeverIgnored{"user", "ttl", "method", "maddr", "transport"};

bool parameters_agree(const UriParts& left, const UriParts& right) {
  for (const auto& [name, value] : left.parameters) {
    const auto other = right.parameter(name);
    if (other) {
      if (!same_decoded_word(value, *other)) return false;
    } else if (std::ranges::any_of(kNeverIgnored, [&](auto never) { return same_word(never, name); })) {
      return false;
    }
  }
  return true;
}

bool headers_agree(std::string_view left, std::string_view right) {
  const auto split = [](std::string_view text) {
    std::vector<std::string> fields;
    while (!text.empty()) {
      const auto end = std::min(text.find('&'), text.size());
      std::string field = percent_decoded(text.substr(0, end));
      std::transform(field.begin(),
                     field.begin() + static_cast<std::ptrdiff_t>(std::min(field.find('='), field.size())),
                     field.begin(), lower);
      fields.push_back(std::move(field));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    std::ranges::sort(fields);
    return fields;
  };
  return left == right || split(left) == split(right);
}

}  // namespace

bool UriParts::is_sip() const {
  return same_word(scheme, "sip") || same_word(scheme, "sips");
}

std::optional<std::string_view> UriParts::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (same_word(key, name)) return value;
  return std::nullopt;
}

std::optional<UriParts> parse_uri(std::string_view text) {
  UriParts parts;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  parts.scheme = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  if (!parts.is_sip()) {
    parts.user = text;
    return parts;
  }
  // The user part may itself hold ; and ? (RFC 3261 section 25), so it is cut off first.
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    parts.user = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  if (const auto question = text.find('?'); question != std::string_view::npos) {
    parts.headers = text.substr(question + 1);
    text = text.substr(0, question);
  }
  auto semicolon = std::min(text.find(';'), text.size());
  std::string_view host_port = text.substr(0, semicolon);
  text.remove_prefix(semicolon);
  while (!text.empty()) {
    text.remove_prefix(1);
    semicolon = std::min(text.find(';'), text.size());
    const auto parameter = text.substr(0, semicolon);
    text.remove_prefix(semicolon);
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos)
      parts.parameters.emplace_back(parameter, std::string_view{});
    else
      parts.parameters.emplace_back(parameter.substr(0, equals), parameter.substr(equals + 1));
  }
  const auto bracket = host_port.starts_with('[') ? host_port.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const auto port = host_port.find(':', bracket);
  parts.host = host_port.substr(0, port);
  if (port != std::string_view::npos) parts.port = host_port.substr(port + 1);
  if (parts.host.empty()) return std::nullopt;
  return parts;
}

bool same_uri(std::string_view left, std::string_view right) {
  if (left == right) return true;
  const auto one = parse_uri(left);
  const auto two = parse_uri(right);
  if (!one || !two || !one->is_sip() || !two->is_sip()) return false;
  return same_word(one->scheme, two->scheme) && same_decoded(one->user, two->user) && same_word(one->host, two->host) &&
         one->port == two->port && parameters_agree(*one, *two) && parameters_agree(*two, *one) &&
         headers_agree(one->headers, two->headers);
}

std::string request_uri(std::string_view contact) {
  const auto parts = parse_uri(contact);
  if (!parts || !parts->is_sip()) return std::string(contact);
  // The user part may itself hold ; and ?.
  const auto at = contact.find('@');
  const auto host = at == std::string_view::npos ? contact.find(':') + 1 : at + 1;
  auto rest = contact.substr(host);
  rest = rest.substr(0, rest.find('?'));
  std::string out(contact.substr(0, host));
  auto end = std::min(rest.find(';'), rest.size());
  out += rest.substr(0, end);
  rest.remove_prefix(end);
  while (!rest.empty()) {
    end = std::min(rest.find(';', 1), rest.size());
    const auto item = rest.substr(1, end - 1);
    if (!same_word(percent_decoded(item.substr(0, item.find('='))), "method")) out.append(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace strowger::registrar
