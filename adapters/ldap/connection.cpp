#include "adapters/ldap/connection.hpp"

#include "actors/directory/mapping.hpp"
#include "adapters/ldap/certificate.hpp"
#include "adapters/ldap/values.hpp"
#include "events/utf8.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include <netdb.h>
#include <openldap.h>

namespace strowger::ldap {
namespace {

using Step = directory::Source::Step;

timeval seconds_of(std::chrono::milliseconds time) {
  return {time.count() / 1000, time.count() % 1000 * 1000};
}

std::string option_text(LDAP* handle, int option) {
  char* text = nullptr;
  if (::ldap_get_option(handle, option, static_cast<void*>(&text)) != LDAP_OPT_SUCCESS || text == nullptr) return {};
  const Text owned(text);
  return text;
}

std::string diagnostic_of(LDAP* handle) {
  return option_text(handle, LDAP_OPT_DIAGNOSTIC_MESSAGE);
}

// The file in which a distribution keeps whom it trusts.
std::string system_ca_file() {
  for (const auto* path : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"}) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return path;
  }
  return {};
}

struct Addresses {
  Addresses() = default;
  Addresses(const Addresses&) = delete;
  Addresses& operator=(const Addresses&) = delete;
  ~Addresses() {
    if (first != nullptr) ::freeaddrinfo(first);
  }
  addrinfo* first = nullptr;
};

Error failed(std::string code, std::string message) {
  return unavailable(std::move(code), std::move(message));
}

struct Target {
  std::string url;
  std::string host;
  std::string port;
  bool ldaps = false;
};

Result<Target> target_of(const ConnectionOptions& options, const std::string& url) {
  LDAPURLDesc* raw = nullptr;
  if (::ldap_url_parse(url.c_str(), &raw) != LDAP_URL_SUCCESS)
    return unacceptable("directory_bad_server",
                        options.setting + ".server: '" + url + "' is not like ldaps://dc1.example.com");
  const Url parsed(raw);
  const std::string host = parsed->lud_host == nullptr ? "" : parsed->lud_host;
  if (host.empty())
    return unacceptable("directory_bad_server", options.setting + ".server: '" + url + "' names no host");
  return Target{url, host, std::to_string(parsed->lud_port), std::string_view(parsed->lud_scheme) == "ldaps"};
}

Result<Socket> reach(const ConnectionOptions& options, const Target& target, Connection::Steps* steps) {
  const auto note = [&](std::string name, bool ok, std::string said) {
    if (steps != nullptr) steps->push_back({std::move(name), ok, std::move(said)});
  };
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  Addresses found;
  if (const int fault = ::getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found.first); fault != 0) {
    auto error = failed("directory_unresolved", "The name " + target.host + " is not known to this machine's DNS (" +
                                                    ::gai_strerror(fault) + "): check " + options.setting +
                                                    ".server and the name servers");
    note("resolve", false, error.message);
    return error;
  }
  std::array<char, NI_MAXHOST> text{};
  ::getnameinfo(found.first->ai_addr, found.first->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  note("resolve", true, target.host + " is " + text.data());
  Socket socket;
  int fault = 0;
  for (const auto* address = found.first; address != nullptr; address = address->ai_next)
    if (fault = socket.connect(*address, options.timeout); fault == 0) break;
  if (fault == 0) {
    note("connect", true, "port " + target.port + " answers");
    return socket;
  }
  std::string cause = std::strerror(fault);
  if (fault == ECONNREFUSED) cause = "nothing listens there; check the server and the port";
  if (fault == ETIMEDOUT)
    cause = "no answer within " + std::to_string(options.timeout.count()) + " ms; check the firewall";
  auto error = failed("directory_unreachable",
                      "The directory " + target.host + ", port " + target.port + ", cannot be reached: " + cause);
  note("connect", false, error.message);
  return error;
}

// The session over a connection, which it closes.
Result<Handle> session_over(Socket socket, const Target& target) {
  constexpr int tcp = 1;  // LDAP_PROTO_TCP, of a header that is not installed
  LDAP* raw = nullptr;
  if (const int code = ::ldap_init_fd(socket.file(), tcp, target.url.c_str(), &raw); code != LDAP_SUCCESS)
    return internal_error(std::string("libldap: ") + ::ldap_err2string(code));
  socket.release();
  return Handle(raw);
}

void configure(LDAP* handle, const ConnectionOptions& options, int certificates = LDAP_OPT_X_TLS_DEMAND) {
  const int version = LDAP_VERSION3;
  const auto time = seconds_of(options.timeout);
  ::ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version);
  ::ldap_set_option(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  ::ldap_set_option(handle, LDAP_OPT_RESTART, LDAP_OPT_ON);
  ::ldap_set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, nullptr);  // with one it spins in a handshake; Socket has its own
  ::ldap_set_option(handle, LDAP_OPT_TIMEOUT, &time);
  const int never = LDAP_DEREF_NEVER;
  ::ldap_set_option(handle, LDAP_OPT_DEREF, &never);
  // Whatever ldap.conf says of certificates: they are checked.
  ::ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &certificates);
  const int least = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
  ::ldap_set_option(handle, LDAP_OPT_X_TLS_PROTOCOL_MIN, &least);
  const auto trusted = options.ca_file.empty() ? system_ca_file() : options.ca_file;
  if (!trusted.empty()) ::ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, trusted.c_str());
  const int client = 0;
  ::ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &client);
}

int socket_of(LDAP* handle) {
  int file = -1;
  ::ldap_get_option(handle, LDAP_OPT_DESC, &file);
  return file;
}

int handshake(LDAP* handle, const ConnectionOptions& options, const Target& target) {
  const Deadline deadline(socket_of(handle), options.timeout);
  const int code = target.ldaps ? ::ldap_install_tls(handle) : ::ldap_start_tls_s(handle, nullptr, nullptr);
  return deadline.passed() ? LDAP_TIMEOUT : code;
}

// Looks at the certificate that was not accepted, on a connection over which nothing is said.
std::string tls_cause(const ConnectionOptions& options, const Target& target) {
  const std::string no_tls =
      "TLS could not be agreed on: check that this is a port of TLS (ldaps is 636, StartTLS 389), and " +
      options.setting + ".use_ssl and .start_tls";
  auto reached = reach(options, target, nullptr);
  if (!reached) return no_tls;
  const auto session = session_over(std::move(*reached), target);
  if (!session) return no_tls;
  auto* const handle = session->get();
  configure(handle, options, LDAP_OPT_X_TLS_NEVER);
  OwnedBytes certificate;
  if (handshake(handle, options, target) != LDAP_SUCCESS ||
      ::ldap_get_option(handle, LDAP_OPT_X_TLS_PEERCERT, &certificate.value) != LDAP_OPT_SUCCESS ||
      certificate.value.bv_val == nullptr)
    return no_tls;
  auto fault = certificate_fault({certificate.value.bv_val, certificate.value.bv_len}, target.host, options.setting);
  if (!fault.empty()) return fault;
  return "its certificate is not signed by anyone whom " +
         (options.ca_file.empty() ? std::string("this system trusts") : options.ca_file + " names") +
         ": put the certificate of the directory's CA into " + options.setting + ".ca_file";
}

Result<void> secure(LDAP* handle, const ConnectionOptions& options, const Target& target) {
  if (!target.ldaps && !options.start_tls) return {};
  std::error_code ignored;
  if (!options.ca_file.empty() && !std::filesystem::exists(options.ca_file, ignored))
    return failed("directory_tls", options.setting + ".ca_file: " + options.ca_file + " is not there");
  const int code = handshake(handle, options, target);
  if (code == LDAP_SUCCESS) return {};
  const auto diagnostic = diagnostic_of(handle);
  if (!target.ldaps && (code == LDAP_PROTOCOL_ERROR || code == LDAP_UNAVAILABLE))
    return failed("directory_tls", "The directory " + target.host + " does not offer StartTLS (" + diagnostic +
                                       "): give it a certificate, or set " + options.setting + ".use_ssl");
  if (code == LDAP_TIMEOUT)
    return failed("directory_tls", "The directory " + target.host + " did not finish the TLS handshake within " +
                                       std::to_string(options.timeout.count()) + " ms");
  return failed("directory_tls", "The directory " + target.host + " is not trusted: " + tls_cause(options, target));
}

Error bind_fault(const ConnectionOptions& options, const Target& target, int code, const std::string& diagnostic) {
  const std::string who = options.bind_dn.empty() ? "nobody (bind_dn is empty)" : options.bind_dn;
  const auto said = diagnostic.empty() ? std::string() : " (" + diagnostic + ")";
  switch (code) {
    case LDAP_INVALID_CREDENTIALS:
    case LDAP_INVALID_DN_SYNTAX:
    case LDAP_NO_SUCH_OBJECT:
    case LDAP_INAPPROPRIATE_AUTH: {
      auto why = bind_refusal(diagnostic);
      if (why.empty()) why = "the password is wrong, or there is no such user";
      return failed("directory_credentials", "The directory " + target.host + " refused " + who + ": " + why +
                                                 "; check " + options.setting + ".bind_dn and .bind_password" + said);
    }
    case LDAP_STRONG_AUTH_REQUIRED:
    case LDAP_CONFIDENTIALITY_REQUIRED:
      return failed("directory_refused", "The directory " + target.host + " takes passwords only over TLS: set " +
                                             options.setting + ".use_ssl or .start_tls" + said);
    case LDAP_TIMEOUT:
      return failed("directory_unreachable", "The directory " + target.host + " did not answer the bind within " +
                                                 std::to_string(options.timeout.count()) + " ms");
    // It says nothing about who asks: the server is gone, or cannot serve now.
    case LDAP_SERVER_DOWN:
    case LDAP_CONNECT_ERROR:
    case LDAP_DECODING_ERROR:
      return failed("directory_unreachable", "The directory " + target.host +
                                                 " broke the connection off at the bind; check that it runs, and its "
                                                 "log" +
                                                 said);
    case LDAP_BUSY:
    case LDAP_UNAVAILABLE:
      return failed("directory_unreachable", "The directory " + target.host + " cannot serve now (" +
                                                 ::ldap_err2string(code) + "); check its log" + said);
    default:
      return failed("directory_refused",
                    "The directory " + target.host + " did not let " + who + " in: " + ::ldap_err2string(code) + said);
  }
}

Result<void> bind(LDAP* handle, const ConnectionOptions& options, const Target& target) {
  std::string password = options.bind_password;
  berval credentials{password.size(), password.data()};
  int id = 0;
  int code = ::ldap_sasl_bind(handle, options.bind_dn.c_str(), LDAP_SASL_SIMPLE, &credentials, nullptr, nullptr, &id);
  if (code != LDAP_SUCCESS) return bind_fault(options, target, code, diagnostic_of(handle));
  auto time = seconds_of(options.timeout);
  LDAPMessage* raw = nullptr;
  const int got = ::ldap_result(handle, id, LDAP_MSG_ALL, &time, &raw);
  const Message answer(raw);
  if (got == 0) return bind_fault(options, target, LDAP_TIMEOUT, {});
  if (got < 0) {
    ::ldap_get_option(handle, LDAP_OPT_RESULT_CODE, &code);
    return bind_fault(options, target, code, diagnostic_of(handle));
  }
  char* message = nullptr;
  ::ldap_parse_result(handle, raw, &code, nullptr, &message, nullptr, nullptr, 0);
  const Text owned(message);
  if (code != LDAP_SUCCESS) return bind_fault(options, target, code, message == nullptr ? "" : message);
  return {};
}

std::string text_of(const berval& value, std::size_t most) {
  return std::string(utf8::prefix({value.bv_val, value.bv_len}, most));
}

}  // namespace

std::string Found::dn() const {
  const Text text(::ldap_get_dn(handle_, entry_));
  return text ? std::string(utf8::prefix(text.get(), longest_dn)) : std::string();
}

std::vector<std::string> Found::all(const char* attribute) const {
  std::vector<std::string> out;
  const Values values(::ldap_get_values_len(handle_, entry_, attribute));
  if (values)
    for (auto* const* value = values.get(); *value != nullptr; ++value) out.push_back(text_of(**value, longest_dn));
  return out;
}

std::string Found::first(const char* attribute) const {
  const Values values(::ldap_get_values_len(handle_, entry_, attribute));
  return values && *values.get() != nullptr ? text_of(**values.get(), longest_value) : std::string();
}

std::vector<std::string> Found::attributes() const {
  std::vector<std::string> out;
  BerElement* raw = nullptr;
  Text name(::ldap_first_attribute(handle_, entry_, &raw));
  const Ber position(raw);
  while (name) {
    out.emplace_back(name.get());
    name.reset(::ldap_next_attribute(handle_, entry_, raw));
  }
  return out;
}

Result<Connection> Connection::open(const ConnectionOptions& options, const std::string& url, Steps* steps) {
  const auto note = [&](std::string name, bool ok, std::string said) {
    if (steps != nullptr) steps->push_back({std::move(name), ok, std::move(said)});
  };
  const auto target = target_of(options, url);
  if (!target) {
    note("resolve", false, target.error().message);
    return target.error();
  }
  auto reached = reach(options, *target, steps);
  if (!reached) return reached.error();
  auto session = session_over(std::move(*reached), *target);
  if (!session) return session.error();
  auto* const raw = session->get();
  configure(raw, options);
  if (auto secured = secure(raw, options, *target); !secured) {
    note("tls", false, secured.error().message);
    return secured.error();
  }
  auto deadline = std::make_unique<Deadline>(socket_of(raw), options.limit, options.stop);
  const bool tls = target->ldaps || options.start_tls;
  note("tls", true,
       tls ? "the certificate is for " + target->host + " and trusted"
           : "not used: the bind password goes over the network in clear; set " + options.setting + ".use_ssl");
  if (auto bound = bind(raw, options, *target); !bound) {
    note("bind", false, bound.error().message);
    return bound.error();
  }
  note("bind", true, options.bind_dn.empty() ? "anonymous" : "as " + options.bind_dn);
  return Connection(options, url, std::move(*session), std::move(deadline));
}

Error Connection::fault(const Search& search, int code, const std::string& diagnostic,
                        const std::string& matched) const {
  const auto said = diagnostic.empty() ? std::string() : " (" + diagnostic + ")";
  if (deadline_->passed())
    return failed("directory_partial", "The directory " + url_ + " was read for " + std::to_string(limit_.count()) +
                                           " ms and there was still more: raise " + setting_ +
                                           ".read_timeout_seconds, or narrow " + setting_ + ".filter");
  switch (code) {
    case LDAP_NO_SUCH_OBJECT:
      return failed("directory_base_missing",
                    "There is nothing at '" + search.base + "' in the directory" +
                        (matched.empty() ? std::string() : "; the nearest that there is: '" + matched + "'") +
                        ": check " + setting_ + ".base_dn and .user_search_base" + said);
    case LDAP_REFERRAL:
      return failed("directory_base_missing",
                    "'" + search.base + "' belongs to another server, and referrals are not " + "followed: check " +
                        setting_ + ".base_dn, or ask that server" + said);
    case LDAP_INVALID_DN_SYNTAX:
      return failed("directory_base_missing", "'" + search.base + "' is no distinguished name: check " + setting_ +
                                                  ".base_dn and .user_search_base" + said);
    case LDAP_FILTER_ERROR:
      return failed("directory_bad_filter",
                    "The filter " + search.filter + " cannot be read: check " + setting_ + ".filter" + said);
    case LDAP_INSUFFICIENT_ACCESS:
      return failed("directory_refused", "The bind user may not read '" + search.base + "': give it the right" + said);
    case LDAP_SIZELIMIT_EXCEEDED:
    case LDAP_ADMINLIMIT_EXCEEDED:
    case LDAP_TIMELIMIT_EXCEEDED:
      return failed("directory_partial", std::string("The directory gave only a part of what is at '") + search.base +
                                             "' (" + ::ldap_err2string(code) +
                                             "): raise the server's limits for the bind user" + said);
    case LDAP_TIMEOUT:
      return failed("directory_partial", "The directory " + url_ +
                                             " stopped answering while it was read: nothing for " +
                                             std::to_string(timeout_.count()) + " ms");
    case LDAP_SERVER_DOWN:
      return failed("directory_partial", "The connection to the directory " + url_ + " broke while it was read" + said);
    default:
      return failed("directory_failed", std::string("The directory ") + url_ + " failed on '" + search.base +
                                            "': " + ::ldap_err2string(code) + said);
  }
}

struct Connection::Pages {
  OwnedBytes cookie;     // for the next page
  std::size_t seen = 0;  // entries
  std::string first;     // of the page at hand: its first entry; empty: it has none
  std::set<std::string> cookies, firsts;

  // Whether the server leads back to where it was. A cookie alone may come again: 389 Directory Server has one for all
  // pages of a search.
  bool go_in_a_circle() {
    const bool known = !cookies.emplace(cookie.value.bv_val, cookie.value.bv_len).second;
    const bool again = first.empty() || !firsts.insert(first).second;
    return known && again;
  }
};

Result<void> Connection::search(const Search& search, const std::function<Result<void>(const Found&)>& visit) {
  Pages pages;
  do {
    if (auto done = page(search, pages, visit); !done) return done;
    if (pages.cookie.value.bv_len > 0 && pages.go_in_a_circle())
      return failed("directory_partial", "The directory " + url_ + " gives the same page of '" + search.base +
                                             "' again and again: its paging (RFC 2696) does not work; ask another "
                                             "server of " +
                                             setting_ + ".server");
  } while (pages.cookie.value.bv_len > 0 && (search.most == 0 || pages.seen < static_cast<std::size_t>(search.most)));
  return {};
}

Result<void> Connection::page(const Search& search, Pages& pages,
                              const std::function<Result<void>(const Found&)>& visit) {
  auto& cookie = pages.cookie;
  pages.first.clear();
  std::vector<std::string> names = search.attributes;
  std::vector<char*> attributes;
  for (auto& name : names) attributes.push_back(name.data());
  attributes.push_back(nullptr);

  LDAPControl* raw_control = nullptr;
  if (search.page > 0)
    ::ldap_create_page_control(handle_.get(), search.page, cookie.value.bv_len > 0 ? &cookie.value : nullptr, 0,
                               &raw_control);
  const Control control(raw_control);
  std::array<LDAPControl*, 2> controls{raw_control, nullptr};
  auto time = seconds_of(timeout_);
  int id = 0;
  const int code = ::ldap_search_ext(handle_.get(), search.base.c_str(), search.scope, search.filter.c_str(),
                                     attributes.data(), 0, controls.data(), nullptr, nullptr, search.most, &id);
  if (code != LDAP_SUCCESS) return fault(search, code, diagnostic_of(handle_.get()), {});
  for (;;) {
    LDAPMessage* raw = nullptr;
    const int type = ::ldap_result(handle_.get(), id, LDAP_MSG_ONE, &time, &raw);
    const Message message(raw);
    if (type == LDAP_RES_SEARCH_ENTRY) {
      ++pages.seen;
      const Found found(handle_.get(), raw);
      if (pages.first.empty()) pages.first = found.dn();
      if (auto done = visit(found); !done) {
        ::ldap_abandon_ext(handle_.get(), id, nullptr, nullptr);
        return done;
      }
    } else if (type == LDAP_RES_SEARCH_RESULT) {
      return finished(search, raw, cookie);
    } else if (type == 0) {
      ::ldap_abandon_ext(handle_.get(), id, nullptr, nullptr);
      return fault(search, LDAP_TIMEOUT, {}, {});
    } else if (type < 0) {
      int why = LDAP_SERVER_DOWN;
      ::ldap_get_option(handle_.get(), LDAP_OPT_RESULT_CODE, &why);
      return fault(search, why, diagnostic_of(handle_.get()), {});
    }
  }
}

// Takes the cookie for the next page, where there is one.
Result<void> Connection::finished(const Search& search, LDAPMessage* result, OwnedBytes& cookie) const {
  int code = LDAP_OTHER;
  char* matched = nullptr;
  char* diagnostic = nullptr;
  LDAPControl** raw_controls = nullptr;
  ::ldap_parse_result(handle_.get(), result, &code, &matched, &diagnostic, nullptr, &raw_controls, 0);
  const Text owned_matched(matched), owned_diagnostic(diagnostic);
  const Controls controls(raw_controls);
  const bool enough = search.most > 0 && code == LDAP_SIZELIMIT_EXCEEDED;
  if (code != LDAP_SUCCESS && !enough)
    return fault(search, code, diagnostic == nullptr ? "" : diagnostic, matched == nullptr ? "" : matched);
  ::ber_memfree(cookie.value.bv_val);
  cookie.value = {0, nullptr};
  auto* const paged = ::ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, raw_controls, nullptr);
  ber_int_t estimate = 0;
  if (paged != nullptr && !enough) ::ldap_parse_pageresponse_control(handle_.get(), paged, &estimate, &cookie.value);
  return {};
}

Result<std::string> Connection::attribute(const std::string& object, const char* attribute) {
  std::string value;
  Search search{object, LDAP_SCOPE_BASE, "(objectClass=*)", {attribute}, 0, 0};
  auto done = this->search(search, [&](const Found& found) -> Result<void> {
    value = found.first(attribute);
    return {};
  });
  if (!done) return done.error();
  return value;
}

}  // namespace strowger::ldap
