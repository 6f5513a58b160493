// Yealink SIP phones: administrator's guides of T2 to T8, CP and W.
#include "tests/phones/grammar.hpp"
#include "tests/phones/readers.hpp"
#include "tests/phones/yealink_keys.hpp"

#include <algorithm>
#include <array>

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
  const auto of = [&](const std::string& key) { return yealink_value(file, "account." + n + "." + key); };
  Account out;
  // Bases of several cells take the server from a template that the account names (wazo yealink v83 W80B.tpl).
  const auto chosen = of("sip_server.template");
  const auto server = chosen.empty() ? "account." + n + ".sip_server.1." : "template." + chosen + ".sip_server.1.";
  out.server = value_of(file, server + "address");
  out.port = value_of(file, server + "port");
  out.transport = yealink_transport(legacy ? of("transport") : value_of(file, server + "transport_type"));
  out.expires = value_of(file, server + "expires");
  if (const auto outbound = "template." + chosen + ".outbound.";
      !chosen.empty() && value_of(file, outbound + "enable") == "1") {
    out.proxy = value_of(file, outbound + "1.address");
    out.proxy_port = value_of(file, outbound + "1.port");
  }
  out.user = of("user_name");
  out.auth = of("auth_name");
  out.password = of("password");
  out.name = of("display_name");
  out.label = of("label");
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
  out.voicemail = yealink_value(file, "voice_mail.number." + n);
  return out;
}

bool is_legacy(const PhoneFile& file) {
  constexpr std::array models{"t20p", "t22p", "t26p", "t28p", "t32g", "t38g", "vp530"};
  return std::find(models.begin(), models.end(), file.model->model) != models.end();
}

// Behind which memory keys follow (wazo yealink common.py); 0: it has none of those.
std::uint16_t line_keys_of(std::string_view model) {
  return model == "t26p" ? 3 : model == "t28p" || model == "t38g" ? 6 : 0;
}

PhoneAsConfigured read_yealink(const PhoneFile& phone_file) {
  const auto file = equals_lines(phone_file.bytes);
  PhoneAsConfigured out;
  if (!phone_file.bytes.starts_with("#!version:1.0.0.1\n")) return out;  // the phone refuses it
  const bool legacy = is_legacy(phone_file);
  for (std::uint16_t line = 1; line <= 255; ++line) {
    const auto n = std::to_string(line);
    if (value_of(file, "account." + n + ".enable") == "1") out.accounts[line] = yealink_account(file, n, legacy);
  }
  yealink_clock(file, out.clock);
  const bool blf_from_0 = phone_file.model->model == "t32g" || phone_file.model->model == "t38g";
  yealink_keys(file, line_keys_of(phone_file.model->model), blf_from_0, out);
  out.dial_plan = yealink_dial_plan(file, legacy ? "dialnow.item." : "dialplan.dialnow.rule.");
  yealink_settings(file, yealink_static, out);
  return out;
}

}  // namespace

Reader yealink_reader() {
  return {.read = read_yealink, .gaps = [](const PhoneFile& file) {
            std::vector<Reader::Gap> out;
            if (is_legacy(file)) out.push_back({"line.*.codecs", "not written"});
            if (file.template_name() == "yealink/dect.template")
              for (const char* fact : {"clock.hours", "language"}) out.push_back({fact, "the handset's own"});
            return out;
          }};
}

}  // namespace strowger::phones
