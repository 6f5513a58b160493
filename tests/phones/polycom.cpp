// Polycom and Poly phones: UC Software administrator's guides (digit maps: "Digit Map Rules"; keys: "Flexible Line Key
// Assignment" and "Enhanced Feature Keys"). Every attribute of every element is a parameter.
#include "tests/phones/grammar.hpp"
#include "tests/phones/lines.hpp"
#include "tests/phones/readers.hpp"

#include <cstdlib>

namespace strowger::phones {
namespace {

TextLines polycom_parameters(std::string_view bytes) {
  TextLines out;
  const auto document = xml_of(bytes);
  const auto take = [&](auto& self, const pugi::xml_node& node) -> void {
    for (const auto attribute : node.attributes()) out[attribute.name()] = attribute.value();
    for (const auto child : node.children()) self(self, child);
  };
  take(take, document.document_element());
  return out;
}

// A parameter of device.* counts only where device.set and its own .set are 1.
std::string polycom_device(const TextLines& file, const std::string& name) {
  const bool counts = value_of(file, "device.set") == "1" && value_of(file, "device." + name + ".set") == "1";
  return counts ? value_of(file, "device." + name) : std::string();
}

// x.T: a dot repeats what stands before it, T waits. What fits nothing is sent as far as it went (handling 0), or waits
// for the user (2).
DialPlan polycom_dial_plan(const TextLines& file) {
  const auto segments = split_text(value_of(file, "dialplan.digitmap"), '|');
  return [segments](std::string_view number) {
    for (auto segment : segments) {
      const bool waits = segment.ends_with('T');
      if (waits) segment.pop_back();
      const bool open = segment.ends_with('.');
      if (open) segment.pop_back();
      if (!open) {
        if (fits_keys(segment, number)) return waits ? Dialled::after_the_timer : Dialled::at_once;
        continue;
      }
      // The last element, none or more times.
      const auto bracket = segment.ends_with(']') ? segment.rfind('[') : segment.size() - 1;
      const auto last = segment.substr(bracket);
      for (auto text = segment.substr(0, bracket); text.size() < 512; text += last)
        if (fits_keys(text, number)) return waits ? Dialled::after_the_timer : Dialled::at_once;
    }
    return Dialled::refused;
  };
}

Account polycom_account(const TextLines& file, const std::string& n) {
  const auto of = [&](const std::string& key) { return value_of(file, "reg." + n + "." + key); };
  Account out;
  out.server = of("server.1.address");
  out.port = of("server.1.port");
  out.transport = word_for({{"UDPOnly", "udp"}, {"TCPOnly", "tcp"}, {"TLS", "tls"}}, of("server.1.transport"));
  out.user = of("address");
  out.auth = of("auth.userId");
  out.password = of("auth.password");
  out.name = of("displayName");
  out.label = of("label");
  out.expires = of("server.1.expires");
  out.proxy = of("outboundProxy.address");
  out.proxy_port = of("outboundProxy.port");
  if (value_of(file, "sec.srtp.enable") == "0")
    out.srtp = "off";
  else
    out.srtp = value_of(file, "sec.srtp.require") == "1" ? "required" : "optional";
  if (value_of(file, "voIpProt.SIP.dtmfViaSignaling.rfc2976") == "1")
    out.dtmf = "info";
  else
    out.dtmf = value_of(file, "tone.dtmf.rfc2833Control") == "1" ? "rfc2833" : "inband";
  std::map<int, std::string> codecs;
  for (const auto& [theirs, ours] : std::initializer_list<std::pair<const char*, const char*>>{
           {"G722", "g722"}, {"G711_Mu", "pcmu"}, {"G711_A", "pcma"}, {"G729_AB", "g729"}, {"Opus", "opus"}})
    if (const int priority = std::atoi(value_of(file, "voice.codecPref." + std::string(theirs)).c_str()); priority > 0)
      codecs[priority] = ours;
  for (const auto& [priority, name] : codecs) out.codecs += (out.codecs.empty() ? "" : ",") + name;
  if (value_of(file, "msg.mwi." + n + ".callBackMode") == "contact")
    out.voicemail = value_of(file, "msg.mwi." + n + ".callBack");
  return out;
}

std::optional<Change> polycom_change(const TextLines& file, const std::string& end) {
  const auto of = [&](const std::string& key) {
    return std::atoi(value_of(file, "tcpIpApp.sntp.daylightSavings." + end + "." + key).c_str());
  };
  Change out;
  out.month = of("month");
  out.by = Change::By::on_or_after;
  out.number = of("dayOfWeek.lastInMonth") == 1 ? -1 : of("date");
  out.weekday = of("dayOfWeek") - 1;
  out.hour = of("time");
  return out;
}

// A macro: digits and what is done with them.
Key polycom_macro(const TextLines& file, const std::string& n) {
  Key out;
  const auto action = value_of(file, "efk.efklist." + n + ".action.string");
  const auto mark = action.find('$');
  out.value = action.substr(0, mark);
  out.label = value_of(file, "efk.efklist." + n + ".label");
  out.type = word_for({{"$Tinvite$", "speed_dial"}, {"$Tdtmf$", "dtmf"}, {"$FMessages$", "voicemail"}},
                      mark == std::string::npos ? std::string_view() : std::string_view(action).substr(mark));
  return out;
}

void polycom_keys(const TextLines& file, PhoneAsConfigured& phone) {
  if (value_of(file, "lineKey.reassignment.enabled") != "1") return;
  for (std::uint16_t number = 1; number <= 200; ++number) {
    const auto n = std::to_string(number);
    const auto category = value_of(file, "lineKey." + n + ".category");
    if (category == "Line") {
      const auto line = value_of(file, "lineKey." + n + ".index");
      phone.keys[number] = {"line", "", value_of(file, "reg." + line + ".label"), line, ""};
    } else if (category == "BLF") {
      phone.keys[number] = {"blf", value_of(file, "attendant.resourceList." + n + ".address"),
                            value_of(file, "attendant.resourceList." + n + ".label"), "", ""};
    } else if (category == "EFK" && value_of(file, "efk.efklist." + n + ".status") == "1") {
      phone.keys[number] = polycom_macro(file, value_of(file, "lineKey." + n + ".index"));
    }
  }
}

PhoneAsConfigured read_polycom(const PhoneFile& phone_file) {
  const auto file = polycom_parameters(phone_file.bytes);
  PhoneAsConfigured out;
  for (std::uint16_t line = 1; line <= 64; ++line) {
    const auto n = std::to_string(line);
    if (value_of(file, "reg." + n + ".server.1.register") == "1") out.accounts[line] = polycom_account(file, n);
  }
  out.clock.ntp = value_of(file, "tcpIpApp.sntp.address");
  out.clock.hours = word_for({{"0", "12"}, {"1", "24"}}, value_of(file, "lcl.datetime.time.24HourClock"));
  if (const auto offset = value_of(file, "tcpIpApp.sntp.gmtOffset"); !offset.empty())
    out.clock.offset = std::atoi(offset.c_str());
  if (value_of(file, "tcpIpApp.sntp.daylightSavings.enable") == "1") {
    out.clock.start = polycom_change(file, "start");
    out.clock.end = polycom_change(file, "stop");
    out.clock.saving = 3600;
  }
  polycom_keys(file, out);
  out.dial_plan = polycom_dial_plan(file);
  const auto language = value_of(file, "lcl.ml.lang");
  put_settings(
      out, {{"language",
             word_for({{"English_United_States", "en"}, {"German_Germany", "de"}, {"French_France", "fr"}}, language)},
            {"dial_timeout", split_text(value_of(file, "dialplan.digitmap.timeOut") + "|", '|').front()},
            {"vlan_id", polycom_device(file, "net.vlanId")},
            {"admin_password", polycom_device(file, "auth.localAdminPassword")},
            {"provisioning_user", polycom_device(file, "prov.user")},
            {"provisioning_password", polycom_device(file, "prov.password")},
            {"firmware_url", value_of(file, "APP_FILE_PATH")},
            {"syslog_server", polycom_device(file, "syslog.serverName")}});
  if (value_of(file, "feature.corporateDirectory.enabled") == "1")
    put_settings(out, {{"ldap_server", value_of(file, "dir.corp.address")},
                       {"ldap_port", value_of(file, "dir.corp.port")},
                       {"ldap_base", value_of(file, "dir.corp.baseDN")},
                       {"ldap_user", value_of(file, "dir.corp.user")},
                       {"ldap_password", value_of(file, "dir.corp.password")}});
  const auto next = value_of(file, "CONFIG_FILES");
  out.provisioning_url = polycom_device(file, "prov.serverName") + "/" + next.substr(0, 12) + ".cfg";
  return out;
}

}  // namespace

Reader polycom_reader() {
  return {.read = read_polycom, .gaps = [](const PhoneFile& file) {
            std::vector<Reader::Gap> out{{"vlan_priority", "no public proof of a parameter"},
                                         {"phonebook_url", "these phones read the server's own directory only"},
                                         {"phonebook_name", "these phones read the server's own directory only"},
                                         {"ldap_name_*", "attributes are parameters of their own, one by one"},
                                         {"ldap_number_*", "attributes are parameters of their own, one by one"}};
            if (file.template_name() == "polycom/soundpoint.template")
              out.push_back({"key.*", "keys follow the lines"});
            return out;
          }};
}

}  // namespace strowger::phones
