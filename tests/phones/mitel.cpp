// Mitel 6800 and 6900, Aastra 6700 and 9000: SIP administrator guides (Appendix A: parameters; `sip dial plan`).
#include "tests/phones/grammar.hpp"
#include "tests/phones/lines.hpp"
#include "tests/phones/readers.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace strowger::phones {
namespace {

// 112|X+#|XX+*: X is a digit, + more of them. What is complete goes out at once; whatever else was dialled goes out
// when the digit timeout has run out.
DialPlan mitel_dial_plan(const std::string& plan) {
  const auto patterns = split_text(plan, '|');
  return [patterns](std::string_view number) {
    for (const auto& pattern : patterns)
      if (pattern.find('+') == std::string::npos && fits_keys(pattern, number, 'X')) return Dialled::at_once;
    return Dialled::after_the_timer;
  };
}

Account mitel_account(const TextLines& file, const std::string& n) {
  const auto of = [&](const std::string& key) { return value_of(file, "sip line" + n + " " + key); };
  Account out;
  out.server = of("registrar ip");
  out.port = of("registrar port");
  out.transport = word_for({{"1", "udp"}, {"2", "tcp"}, {"4", "tls"}}, value_of(file, "sip transport protocol"));
  out.user = of("user name");
  out.auth = of("auth name");
  out.password = of("password");
  out.name = of("display name");
  out.label = of("screen name");
  out.expires = of("registration period");
  if (const auto proxy = of("outbound proxy"); proxy != "0.0.0.0") {
    out.proxy = proxy;
    out.proxy_port = of("outbound proxy port");
  }
  out.srtp = word_for({{"0", "off"}, {"1", "optional"}, {"2", "required"}}, of("srtp mode"));
  if (of("dtmf method") == "1")
    out.dtmf = "info";
  else
    out.dtmf = value_of(file, "sip out-of-band dtmf") == "0" ? "inband" : "rfc2833";
  std::vector<std::string> codecs;
  for (const auto& codec : split_text(value_of(file, "sip customized codec"), ','))
    codecs.push_back(value_of(parts_of(codec, ';'), "payload"));
  out.codecs = codec_names(codecs, {{"9", "g722"}, {"0", "pcmu"}, {"8", "pcma"}, {"18", "g729"}});
  out.voicemail = of("vmail");
  return out;
}

Change mitel_change(const TextLines& file, const std::string& end) {
  const auto of = [&](const char* part) { return std::atoi(value_of(file, "dst " + end + " " + part).c_str()); };
  Change out;
  out.month = of("month");
  out.number = of("week") < 0 ? 5 : of("week");
  out.weekday = of("day") - 1;
  out.hour = of("hour");
  return out;
}

void mitel_clock(const TextLines& file, Clock& clock) {
  if (value_of(file, "time server disabled") == "0") clock.ntp = value_of(file, "time server1");
  clock.hours = word_for({{"0", "12"}, {"1", "24"}}, value_of(file, "time format"));
  if (value_of(file, "time zone name") != "Custom") return;
  clock.offset = -60 * std::atoi(value_of(file, "time zone minutes").c_str());
  if (value_of(file, "dst config") != "3") return;
  clock.start = mitel_change(file, "start");
  clock.end = mitel_change(file, "end");
  clock.saving = 60 * std::atoi(value_of(file, "dst minutes").c_str());
}

// The keys of a model, one kind behind the other (wazo-provd-plugins aastra/common.py: AastraModel).
struct MitelKeys {
  const char* kind;
  int count;
};
std::vector<MitelKeys> mitel_keys_of(const std::string& model) {
  if (model == "6737i" || model == "6757i") return {{"topsoftkey", 10}, {"softkey", 20}};
  if (model == "6867i") return {{"topsoftkey", 20}, {"softkey", 18}};
  if (model == "6869i") return {{"topsoftkey", 44}, {"softkey", 24}};
  if (model == "6873i") return {{"topsoftkey", 48}, {"softkey", 24}};
  if (model == "6735i" || model == "6755i") return {{"prgkey", 6}, {"softkey", 20}};
  if (model == "6739i" || model == "9480i") return {{"softkey", 64}};
  if (model.starts_with("69") && model != "6905" && model != "6910") return {{"topsoftkey", 64}};
  return {{"prgkey", 64}};
}

void mitel_read_keys(const TextLines& file, const std::string& model, PhoneAsConfigured& phone) {
  static const std::map<std::string_view, std::string_view> types{
      {"line", "line"},           {"blf", "blf"},   {"list", "blf_list"}, {"speeddial", "speed_dial"},
      {"icom", "intercom"},       {"park", "park"}, {"pickup", "pickup"}, {"speeddialmwi", "voicemail"},
      {"callforward", "forward"}, {"dnd", "dnd"},   {"xfer", "transfer"}, {"directory", "ldap"},
      {"paging", "multicast"}};
  std::uint16_t number = 0;
  for (const auto& [kind, count] : mitel_keys_of(model)) {
    for (int i = 1; i <= count; ++i) {
      ++number;
      const auto key = std::string(kind) + std::to_string(i) + " ";
      Key out;
      out.type = word_for(types, value_of(file, key + "type"));
      if (out.type.empty()) continue;
      out.value = value_of(file, key + "value");
      out.label = value_of(file, key + "label");
      out.line = value_of(file, key + "line");
      if (out.type == "blf") out.pickup = value_of(file, "directed call pickup prefix");
      phone.keys[number] = out;
    }
  }
}

PhoneAsConfigured read_mitel(const PhoneFile& phone_file) {
  const auto file = colon_lines(phone_file.bytes);
  PhoneAsConfigured out;
  for (std::uint16_t line = 1; line <= 24; ++line) {
    const auto n = std::to_string(line);
    if (const auto ip = value_of(file, "sip line" + n + " registrar ip"); !ip.empty() && ip != "0.0.0.0")
      out.accounts[line] = mitel_account(file, n);
  }
  mitel_clock(file, out.clock);
  mitel_read_keys(file, phone_file.model->model, out);
  out.dial_plan = mitel_dial_plan(value_of(file, "sip dial plan"));
  const auto syslog = value_of(file, "log server ip");
  put_settings(out, {{"dial_timeout", value_of(file, "sip digit timeout")},
                     {"admin_password", value_of(file, "admin password")},
                     {"provisioning_user", value_of(file, "http digest username")},
                     {"provisioning_password", value_of(file, "http digest password")},
                     {"firmware_url", value_of(file, "firmware server")},
                     {"phonebook_url", value_of(file, "directory 1")},
                     {"syslog_server", syslog == "0.0.0.0" ? "" : syslog}});
  if (value_of(file, "tagging enabled") == "1")
    put_settings(out, {{"vlan_id", value_of(file, "vlan id")}, {"vlan_priority", value_of(file, "priority non-ip")}});
  // The phone appends its MAC address; ours is in the file's first line.
  const auto first = std::string(phone_file.bytes.substr(0, phone_file.bytes.find('\n')));
  const auto protocol = value_of(file, "download protocol");
  const std::string scheme = protocol == "HTTPS" ? "https" : "http";
  out.provisioning_url = scheme + "://" + value_of(file, scheme + " server") + ":" + value_of(file, scheme + " port") +
                         "/" + value_of(file, scheme + " path") + "/" + first.substr(first.rfind(' ') + 1) + ".cfg";
  return out;
}

}  // namespace

Reader mitel_reader() {
  return {.read = read_mitel, .gaps = [](const PhoneFile& file) {
            std::vector<Reader::Gap> out{{"language", "needs a file that the phone fetches"},
                                         {"phonebook_name", "the file's name is the book's"},
                                         {"ldap_*", "no public proof of the parameters"}};
            const auto keys = file.template_name();
            if (keys == "mitel/prgkey.template") out.push_back({"key.*.label", "no display beside it"});
            if (keys == "mitel/topsoftkey20.template") out.push_back({"key.*.type", "the lower keys watch nobody"});
            if (keys != "mitel/topsoftkey.template") out.push_back({"key.*.pickup", "one code for the whole phone"});
            return out;
          }};
}

}  // namespace strowger::phones
