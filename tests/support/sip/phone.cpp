#include "tests/support/sip/phone.hpp"

#include "adapters/sip/fields.hpp"

#include <atomic>
#include <stdexcept>

#include <unistd.h>

namespace strowger::test {
namespace {

std::string unique() {
  static std::atomic<unsigned> next{0};
  return std::to_string(::getpid()) + "x" + std::to_string(next++);
}

// name=value texts of a challenge, as the house's reader takes them.
std::vector<std::string> split_parameters(const std::string& header) {
  std::vector<std::string> items;
  std::string item;
  bool quoted = false;
  for (const char c : header.substr(header.find(' ') + 1)) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) {
      items.push_back(std::exchange(item, {}));
    } else if (c != ' ' || quoted || !item.empty()) {
      item += c;
    }
  }
  items.push_back(item);
  return items;
}

}  // namespace

Phone::Phone(Wire::Kind kind, std::uint16_t server_port, std::string number, std::string secret, std::string from,
             const std::string& server)
    : ip(std::move(from)),
      wire(kind, server_port, ip, server),
      extension(std::move(number)),
      user(extension),
      password(std::move(secret)),
      call_id(unique()) {}

std::string Phone::contact(const std::string& parameters) const {
  const std::string transport = wire.kind() == Wire::Kind::tcp ? ";transport=tcp" : "";
  return "<sip:" + extension + "@" + ip + ":" + std::to_string(wire.port()) + transport + ">" + parameters;
}

std::string Phone::text(const Register& what, const std::string& authorization) {
  ++cseq;
  std::string request = "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/" + wire.via_transport() + " " + ip + ":" +
                        std::to_string(wire.port()) + ";rport;branch=z9hG4bK" + unique() +
                        "\r\nMax-Forwards: 70\r\nFrom: <sip:" + extension + "@127.0.0.1>;tag=t" + call_id +
                        "\r\nTo: <sip:" + extension + "@127.0.0.1>\r\nCall-ID: " + call_id +
                        "\r\nCSeq: " + std::to_string(cseq) + " REGISTER\r\n";
  if (!what.contact.empty()) request += "Contact: " + what.contact + "\r\n";
  if (!what.expires.empty()) request += "Expires: " + what.expires + "\r\n";
  request += what.extra;
  if (!authorization.empty()) request += "Authorization: " + authorization + "\r\n";
  return request + "Content-Length: 0\r\n\r\n";
}

std::string Phone::authorization(const SipText& challenge, sip::Algorithm algorithm, const std::string& nc) {
  for (const auto& header : challenge.headers("WWW-Authenticate")) {
    const auto items = split_parameters(header);
    std::vector<const char*> pointers;
    for (const auto& item : items) pointers.push_back(item.c_str());
    pointers.push_back(nullptr);
    const auto asked = sip::read_challenge(pointers.data());
    if (!asked || asked->algorithm != algorithm) continue;
    sip::DigestClaim claim;
    claim.nonce = asked->nonce;
    claim.uri = "sip:127.0.0.1";
    claim.qop = "auth";
    claim.nc_text = nc;
    claim.cnonce = "c" + call_id;
    const auto ha1 = sip::digest_ha1(hasher_, algorithm, user, asked->realm, password);
    const auto response = sip::digest_response(hasher_, algorithm, ha1.view(), "REGISTER", claim);
    return "Digest username=\"" + user + "\", realm=\"" + asked->realm + "\", nonce=\"" + claim.nonce + "\", uri=\"" +
           claim.uri + "\", response=\"" + std::string(response.view()) +
           "\", algorithm=" + std::string(sip::token(algorithm)) + ", cnonce=\"" + claim.cnonce +
           "\", qop=auth, nc=" + nc;
  }
  throw std::runtime_error("no challenge of that algorithm in: " + challenge.text);
}

SipText Phone::register_with(const Register& what) {
  const auto challenge = wire.ask(text(what));
  if (!challenge) throw std::runtime_error("no answer to the first REGISTER");
  if (challenge->status() != 401) return *challenge;
  const auto answer = wire.ask(text(what, authorization(*challenge, what.algorithm)));
  if (!answer) throw std::runtime_error("no answer to the REGISTER with credentials");
  return *answer;
}

SipText Phone::register_as(const std::string& contact, const std::string& expires) {
  Register what;
  what.contact = contact;
  what.expires = expires;
  return register_with(what);
}

}  // namespace strowger::test
