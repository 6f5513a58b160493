// Yealink SIP phones: administrator's guides of T2 to T8, CP and W.
#include "tests/phones/grammar.hpp"
#include "tests/phones/readers.hpp"
#include "tests/phones/yealink_keys.hpp"

namespace strowger::phones {
namespace {

using YealinkLines = std::map<std::string, std::string, std::less<>>;

// V81 and later call what a factory reset keeps static.; before that they are called without.
std::string yealink_static(const YealinkLines& file, const std::string& key) {
  const auto with = value_of(file, "static." + key);
  return with.empty() ? value_of(file, key) : with;
}

// T20P to T38G and VP530, of firmware V73 and before: transport and outbound proxy have names without a server's number
// (FusionPBX yealink/t28p, wazo yealink v73 base.tpl).
Account yealink_account(const YealinkLines& file, const std::string& n, bool legacy) {
  const auto of = [&](const std::string& key) { return value_of(file, "account." + n + "." + key); };
  Account out;
  out.server = of("sip_server.1.address");
  out.port = of("sip_server.1.port");
  out.transport = yealink_transport(of(legacy ? "transport" : "sip_server.1.transport_type"));
  out.user = of("user_name");
  out.auth = of("auth_name");
  out.password = of("password");
  out.name = of("display_name");
  out.label = of("label");
  out.expires = of("sip_server.1.expires");
  if (of("outbound_proxy_enable") == "1") {
    out.proxy = of(legacy ? "outbound_host" : "outbound_proxy.1.address");
    out.proxy_port = of(legacy ? "outbound_port" : "outbound_proxy.1.port");
  }
  out.srtp = word_for({{"0", "off"}, {"1", "optional"}, {"2", "required"}}, of("srtp_encryption"));
  out.dtmf = word_for({{"0", "inband"}, {"1", "rfc2833"}, {"2", "info"}}, of("dtmf.type"));
  out.codecs = yealink_codecs(file, n,
                              {{"g722", "g722"},
                               {"pcmu", "pcmu"},
                               {"pcma", "pcma"},
                               {"g729", "g729"},
                               {"opus", "opus"},
                               {"g726_32", "g726_32"},
                               {"ilbc", "ilbc"},
                               {"g723_53", "g723"}});
  out.voicemail = value_of(file, "voice_mail.number." + n);
  return out;
}

PhoneAsConfigured read_yealink(const PhoneFile& phone_file) {
  const auto file = equals_lines(phone_file.bytes);
  PhoneAsConfigured out;
  if (!phone_file.bytes.starts_with("#!version:1.0.0.1\n")) return out;  // the phone refuses it
  const bool legacy = phone_file.template_name() == "yealink/legacy.template";
  for (std::uint16_t line = 1; line <= 255; ++line) {
    const auto n = std::to_string(line);
    if (value_of(file, "account." + n + ".enable") == "1") out.accounts[line] = yealink_account(file, n, legacy);
  }
  yealink_clock(file, out.clock);
  yealink_keys(file, out);
  yealink_settings(file, yealink_static, out);
  return out;
}

}  // namespace

Reader yealink_reader() {
  return {.read = read_yealink, .gaps = [](const PhoneFile& file) {
            std::vector<Reader::Gap> out{{"dial.*", "no dial plan is written"}};
            if (file.template_name() == "yealink/legacy.template") out.push_back({"line.*.codecs", "not written"});
            return out;
          }};
}

}  // namespace strowger::phones
