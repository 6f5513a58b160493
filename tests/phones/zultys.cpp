// Zultys ZIP 33G and 37G, made by Yealink: what their firmware takes is known by the logs that it writes of a file
// (numbered slots of codecs, outbound_host, transport_type; no names that begin with static.).
#include "tests/phones/grammar.hpp"
#include "tests/phones/readers.hpp"
#include "tests/phones/yealink_keys.hpp"

namespace strowger::phones {
namespace {

Account zultys_account(const KeyValueLines& file, const std::string& n) {
  const auto of = [&](const std::string& key) { return yealink_value(file, "account." + n + "." + key); };
  Account out;
  out.server = of("sip_server.1.address");
  out.port = of("sip_server.1.port");
  out.transport = yealink_transport(of("sip_server.1.transport_type"));
  out.user = of("user_name");
  out.auth = of("auth_name");
  out.password = of("password");
  out.name = of("display_name");
  out.label = of("label");
  out.expires = of("sip_server.1.expires");
  if (of("outbound_proxy_enable") == "1") {
    out.proxy = of("outbound_host");
    out.proxy_port = of("outbound_port");
  }
  out.srtp = word_for({{"0", "off"}, {"1", "optional"}, {"2", "required"}}, of("srtp_encryption"));
  out.dtmf = word_for({{"0", "inband"}, {"1", "rfc2833"}, {"2", "info"}}, of("dtmf.type"));
  out.codecs = yealink_codecs(
      file, n,
      {{"1", "pcmu"}, {"2", "pcma"}, {"3", "g722"}, {"4", "g729"}, {"5", "g726_32"}, {"6", "ilbc"}, {"7", "speex"}});
  out.voicemail = yealink_value(file, "voice_mail.number." + n);
  return out;
}

PhoneAsConfigured read_zultys(const PhoneFile& phone_file) {
  const auto file = equals_lines(phone_file.bytes);
  PhoneAsConfigured out;
  if (!phone_file.bytes.starts_with("#!version:1.0.0.1\n")) return out;  // the phone refuses it
  for (std::uint16_t line = 1; line <= 255; ++line) {
    const auto n = std::to_string(line);
    if (value_of(file, "account." + n + ".enable") == "1") out.accounts[line] = zultys_account(file, n);
  }
  yealink_clock(file, out.clock);
  yealink_keys(file, 0, false, out);
  out.dial_plan = yealink_dial_plan(file, "dialplan.dialnow.rule.");
  yealink_settings(file, yealink_value, out);
  return out;
}

}  // namespace

Reader zultys_reader() {
  return {.read = read_zultys, .gaps = [](const PhoneFile&) { return std::vector<Reader::Gap>{}; }};
}

}  // namespace strowger::phones
