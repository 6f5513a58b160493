// Cisco SPA, MPP and ATA, Linksys: administration guides of SPA500 ("Dial Plan", "Line Key Extended Functions") and of
// the 8800 multiplatform phones. Elements of the flat profile are parameters; those of SPA112, SPA122, ATA191 and
// ATA192 that belong to the router stand in <router-configuration>.
#include "tests/phones/grammar.hpp"
#include "tests/phones/lines.hpp"
#include "tests/phones/readers.hpp"

#include <cstdio>
#include <cstdlib>

namespace strowger::phones {
namespace {

TextLines cisco_parameters(const pugi::xml_node& node) {
  TextLines out;
  for (const auto child : node.children()) out[child.name()] = child.child_value();
  return out;
}

// (112S0|[x*+].): S0 sends at once; a dot repeats the element before it; what is complete waits for the short timer.
DialPlan cisco_dial_plan(std::string plan) {
  if (!plan.starts_with('(') || !plan.ends_with(')')) return {};
  const auto patterns = split_text(std::string_view(plan).substr(1, plan.size() - 2), '|');
  return [patterns](std::string_view number) {
    bool waits = false;
    for (auto pattern : patterns) {
      const bool at_once = pattern.ends_with("S0");
      if (at_once) pattern.resize(pattern.size() - 2);
      const bool open = pattern.ends_with('.');
      if (!open && fits_keys(pattern, number)) {
        if (at_once) return Dialled::at_once;
        waits = true;
      }
      if (!open) continue;
      pattern.pop_back();
      const auto from = pattern.ends_with(']') ? pattern.rfind('[') : pattern.size() - 1;
      const auto last = pattern.substr(from);
      for (auto text = pattern.substr(0, from); text.size() < 512; text += last)
        if (fits_keys(text, number)) waits = true;
    }
    return waits ? Dialled::after_the_timer : Dialled::refused;
  };
}

std::string cisco_srtp(const TextLines& file, const std::string& n) {
  const auto option = value_of(file, "Secure_Call_Option_" + n + "_");  // MPP
  const auto line = value_of(file, "Secure_Call_Serv_" + n + "_");      // ATA
  if ((line.empty() ? value_of(file, "Secure_Call_Serv") : line) != "Yes") return "off";
  return option == "Required" ? "required" : "optional";
}

Account cisco_account(const TextLines& file, const std::string& n) {
  const auto of = [&](const std::string& key) { return value_of(file, key + "_" + n + "_"); };
  Account out;
  const auto proxy = host_port(of("Proxy"));
  out.server = proxy.host;
  out.port = proxy.port;
  out.transport = word_for({{"UDP", "udp"}, {"TCP", "tcp"}, {"TLS", "tls"}}, of("SIP_Transport"));
  out.user = of("User_ID");
  out.auth = of("Use_Auth_ID") == "Yes" ? of("Auth_ID") : out.user;
  out.password = of("Password");
  out.name = of("Display_Name");
  out.label = value_of(file, "Short_Name_" + n + "_");
  out.expires = of("Register_Expires");
  if (of("Use_Outbound_Proxy") == "Yes") {
    const auto outbound = host_port(of("Outbound_Proxy"));
    out.proxy = outbound.host;
    out.proxy_port = outbound.port;
  }
  out.srtp = cisco_srtp(file, n);
  out.dtmf = word_for({{"AVT", "rfc2833"}, {"INFO", "info"}, {"InBand", "inband"}}, of("DTMF_Tx_Method"));
  out.codecs =
      codec_names({of("Preferred_Codec"), of("Second_Preferred_Codec"), of("Third_Preferred_Codec")},
                  {{"G711u", "pcmu"}, {"G711a", "pcma"}, {"G722", "g722"}, {"G729a", "g729"}, {"G726-32", "g726_32"}});
  return out;
}

// start=3/-1/7/2:0:0: month, day (-1 the last), weekday (Monday 1, Sunday 7), time.
Change cisco_change(const std::string& text) {
  Change out;
  out.by = Change::By::on_or_after;
  std::sscanf(text.c_str(), "%d/%d/%d/%d:%d", &out.month, &out.number, &out.weekday, &out.hour, &out.minute);
  out.weekday %= 7;
  return out;
}

void cisco_clock(const TextLines& file, Clock& clock) {
  clock.ntp = value_of(file, "Primary_NTP_Server");
  clock.hours = word_for({{"12hr", "12"}, {"24hr", "24"}}, value_of(file, "Time_Format"));
  char sign = '+';
  int hours = 0;
  int minutes = 0;
  if (std::sscanf(value_of(file, "Time_Zone").c_str(), "GMT%c%d:%d", &sign, &hours, &minutes) != 3) return;
  clock.offset = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  if (value_of(file, "Daylight_Saving_Time_Enable") != "Yes") return;
  const auto rule = parts_of(value_of(file, "Daylight_Saving_Time_Rule"), ';');
  clock.start = cisco_change(value_of(rule, "start"));
  clock.end = cisco_change(value_of(rule, "end"));
  int save_hours = 0;
  int save_minutes = 0;
  std::sscanf(value_of(rule, "save").c_str(), "%d:%d", &save_hours, &save_minutes);
  clock.saving = save_hours * 3600 + save_minutes * 60;
}

// fnc=blf+sd+cp;sub=1003@$PROXY;nme=Cleo
Key cisco_function(const std::string& text) {
  const auto parts = parts_of(text, ';');
  Key out;
  const auto function = value_of(parts, "fnc");
  if (function.find("blf") != std::string::npos)
    out.type = "blf";
  else if (function == "sd")
    out.type = "speed_dial";
  else if (function == "cp")
    out.type = "pickup";
  const auto target = function == "sd" ? value_of(parts, "ext") : value_of(parts, "sub");
  out.value = target.substr(0, target.find('@'));
  out.label = value_of(parts, "nme");
  return out;
}

void cisco_keys(const TextLines& file, PhoneAsConfigured& phone) {
  for (std::uint16_t number = 1; number <= 64; ++number) {
    const auto n = std::to_string(number);
    const auto extension = value_of(file, "Extension_" + n + "_");
    if (extension.empty()) continue;
    if (extension != "Disabled")
      phone.keys[number] = {"line", "", value_of(file, "Short_Name_" + n + "_"), extension, ""};
    else if (auto key = cisco_function(value_of(file, "Extended_Function_" + n + "_")); !key.type.empty())
      phone.keys[number] = key;
  }
  // A line is called what its key is called.
  for (auto& [line, account] : phone.accounts) {
    account.label.clear();
    for (const auto& [number, key] : phone.keys)
      if (key.type == "line" && key.line == std::to_string(line)) account.label = key.label;
  }
}

// [--uid "a" --pwd "b"] URL; the options may do without quotes where they hold no blank. $$ is one $.
void cisco_rule(std::string rule, PhoneAsConfigured& phone) {
  const auto option = [&](const std::string& name) {
    const auto at = rule.find("--" + name + " ");
    if (at == std::string::npos) return std::string();
    auto from = at + name.size() + 3;
    const bool quoted = rule[from] == '"';
    if (quoted) ++from;
    auto text = rule.substr(from, rule.find_first_of(quoted ? "\"" : " ]", from) - from);
    for (auto twice = text.find("$$"); twice != std::string::npos; twice = text.find("$$", twice + 1))
      text.erase(twice, 1);
    return text;
  };
  put_settings(phone, {{"provisioning_user", option("uid")}, {"provisioning_password", option("pwd")}});
  if (const auto end = rule.rfind("] "); end != std::string::npos) rule.erase(0, end + 2);
  phone.provisioning_url = rule;
}

PhoneAsConfigured read_cisco(const PhoneFile& phone_file) {
  const auto document = xml_of(phone_file.bytes);
  const auto root = document.child("flat-profile");
  const auto file = cisco_parameters(root);
  PhoneAsConfigured out;
  for (std::uint16_t line = 1; line <= 64; ++line) {
    const auto n = std::to_string(line);
    if (value_of(file, "Line_Enable_" + n + "_") != "Yes" || value_of(file, "Register_" + n + "_") != "Yes") continue;
    out.accounts[line] = cisco_account(file, n);
    out.accounts[line].voicemail = value_of(file, "Voice_Mail_Number");
  }
  cisco_clock(file, out.clock);
  cisco_keys(file, out);
  out.dial_plan = cisco_dial_plan(value_of(file, "Dial_Plan_1_"));
  cisco_rule(value_of(file, "Profile_Rule"), out);
  const auto admin = value_of(file, "Admin_Passwd");
  put_settings(out, {{"dial_timeout", value_of(file, "Interdigit_Short_Timer")},
                     {"admin_password", admin.empty() ? value_of(file, "Admin_Password") : admin},
                     {"firmware_url", value_of(file, "Upgrade_Rule")},
                     {"phonebook_url", value_of(file, "XML_Directory_Service_URL")},
                     {"phonebook_name", value_of(file, "XML_Directory_Service_Name")},
                     {"syslog_server", value_of(file, "Syslog_Server")}});
  if (value_of(file, "Enable_VLAN") == "Yes") put_settings(out, {{"vlan_id", value_of(file, "VLAN_ID")}});
  if (value_of(file, "LDAP_Dir_Enable") == "Yes") {
    const auto server = host_port(value_of(file, "LDAP_Server"));
    put_settings(out, {{"ldap_server", server.host},
                       {"ldap_port", server.port},
                       {"ldap_base", value_of(file, "LDAP_Search_Base")},
                       {"ldap_user", value_of(file, "LDAP_Client_DN")},
                       {"ldap_password", value_of(file, "LDAP_Password")}});
  }
  if (const auto router = root.child("router-configuration")) {
    const auto time = cisco_parameters(router.child("Time_Setup"));
    out.clock.ntp = value_of(time, "Time_Server");
    const auto vlan = cisco_parameters(router.child("WAN_VLAN_Setting"));
    if (value_of(vlan, "WAN_VLAN_Enable") == "1") put_settings(out, {{"vlan_id", value_of(vlan, "WAN_VLAN_ID")}});
    put_settings(out, {{"admin_password", router.child("Web_Login_Admin_Password").child_value()}});
  }
  return out;
}

std::vector<Reader::Gap> cisco_gaps(const PhoneFile& file) {
  std::vector<Reader::Gap> out{{"language", "needs a dictionary that the phone fetches"},
                               {"vlan_priority", "no public proof of a parameter"}};
  const bool has_display =
      file.template_name() == "cisco/spa504g.template" || file.template_name() == "cisco/mpp.template";
  if (has_display && file.model->keys == 0) out.push_back({"line.*.label", "a line is called what its key is called"});
  if (has_display) {
    out.insert(out.end(), {{"ldap_name_*", "the phone's own filters"}, {"ldap_number_*", "the phone's own filters"}});
  } else {
    out.insert(out.end(), {{"clock.hours", "no display"},
                           {"line.*.label", "no display"},
                           {"line.*.voicemail", "a message is told by a tone"},
                           {"phonebook_*", "no display"},
                           {"ldap_*", "no display"}});
    if (file.template_name() == "cisco/ata.template")
      out.insert(out.end(), {{"clock.offset", "a code of the router's table"},
                             {"clock.start", "the router's table has the rule"},
                             {"clock.end", "the router's table has the rule"},
                             {"clock.saving", "the router's table has the rule"}});
    else
      out.push_back({"vlan_id", "no public proof of a parameter"});
  }
  return out;
}

}  // namespace

Reader cisco_reader() {
  return {.read = read_cisco, .gaps = cisco_gaps};
}

}  // namespace strowger::phones
