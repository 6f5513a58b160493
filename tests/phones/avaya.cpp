// Avaya J100: "Installing and Administering J100 Series IP Phones", contents of the settings file and its parameters.
#include "tests/phones/grammar.hpp"
#include "tests/phones/lines.hpp"
#include "tests/phones/readers.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace strowger::phones {
namespace {

// 112|2XX: what fits is sent at once; everything else after INTER_DIGIT_TIMEOUT.
DialPlan avaya_dial_plan(const std::string& plan) {
  const auto patterns = split_text(plan, '|');
  return [patterns](std::string_view number) {
    for (const auto& pattern : patterns)
      if (fits_keys(pattern, number, 'X')) return Dialled::at_once;
    return Dialled::after_the_timer;
  };
}

// LSunMar2L: which one (L the last), weekday, month, hour, by local time.
std::optional<Change> avaya_change(const std::string& text) {
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  if (text.size() < 9) return std::nullopt;
  Change out;
  out.number = text[0] == 'L' ? 5 : text[0] - '0';
  for (std::size_t i = 0; i < days.size(); ++i)
    if (text.compare(1, 3, days[i]) == 0) out.weekday = static_cast<int>(i);
  for (std::size_t i = 0; i < months.size(); ++i)
    if (text.compare(4, 3, months[i]) == 0) out.month = static_cast<int>(i) + 1;
  out.hour = std::atoi(text.c_str() + 7);
  return out;
}

Account avaya_account(const TextLines& file) {
  Account out;
  const auto list = value_of(file, "SIP_CONTROLLER_LIST");
  const auto semicolon = std::min(list.find(';'), list.size());
  const auto next = host_port(list.substr(0, semicolon));
  out.server = value_of(file, "SIPDOMAIN");
  if (next.host == out.server) {
    out.port = next.port;
  } else {
    out.proxy = next.host;
    out.proxy_port = next.port;
  }
  out.transport = value_of(parts_of(list.substr(semicolon), ';'), "transport");
  out.user = value_of(file, "FORCE_SIP_EXTENSION");
  out.auth = value_of(file, "FORCE_SIP_USERNAME");
  out.password = value_of(file, "FORCE_SIP_PASSWORD");
  out.name = value_of(file, "DISPLAY_NAME");
  out.expires = value_of(file, "REGISTERWAIT");
  out.srtp = word_for({{"9", "off"}, {"1,9", "optional"}, {"1", "required"}}, value_of(file, "MEDIAENCRYPTION"));
  out.dtmf = word_for({{"1", "inband"}, {"2", "rfc2833"}}, value_of(file, "SEND_DTMF_TYPE"));
  std::vector<std::string> codecs;
  for (const auto& codec : split_text(value_of(file, "CODEC_PRIORITY"), ','))
    if (value_of(file, "ENABLE_" + codec) == "1") codecs.push_back(codec);
  out.codecs = codec_names(codecs, {{"G722", "g722"},
                                    {"G711U", "pcmu"},
                                    {"G711A", "pcma"},
                                    {"G729", "g729"},
                                    {"G726", "g726_32"},
                                    {"OPUS", "opus"}});
  out.voicemail = value_of(file, "PSTN_VM_NUM");
  return out;
}

void avaya_clock(const TextLines& file, Clock& clock) {
  clock.ntp = value_of(file, "SNTPSRVR");
  clock.hours = word_for({{"0", "12"}, {"1", "24"}}, value_of(file, "ADMINTIMEFORMAT"));
  const auto offset = value_of(file, "GMTOFFSET");
  int hours = 0;
  int minutes = 0;
  if (std::sscanf(offset.c_str(), "%d:%d", &hours, &minutes) != 2) return;
  clock.offset = (offset.starts_with('-') ? -1 : 1) * (std::abs(hours) * 3600 + minutes * 60);
  clock.saving = 3600 * std::atoi(value_of(file, "DSTOFFSET").c_str());
  if (clock.saving == 0) return;
  clock.start = avaya_change(value_of(file, "DSTSTART"));
  clock.end = avaya_change(value_of(file, "DSTSTOP"));
}

// Key=4;Type=feature;Name=blf;Label=Bob;attr1=1002;attr2=1002;Forced
void avaya_key(const std::string& text, PhoneAsConfigured& phone) {
  static const std::map<std::string_view, std::string_view> types{
      {"primary", "line"}, {"blf", "blf"}, {"autodial", "speed_dial"}, {"dnd", "dnd"}, {"callfwd", "forward"}};
  const auto parts = parts_of(text, ';');
  Key key;
  key.type = word_for(types, value_of(parts, "Name"));
  if (key.type.empty()) return;
  (key.type == "line" ? key.line : key.value) = value_of(parts, "attr1");
  key.label = value_of(parts, "Label");
  phone.keys[static_cast<std::uint16_t>(std::atoi(value_of(parts, "Key").c_str()))] = key;
}

PhoneAsConfigured read_avaya(const PhoneFile& phone_file) {
  const auto lines = set_lines(phone_file.bytes);
  PhoneAsConfigured out;
  TextLines file;
  for (const auto& [name, value] : lines) {
    if (name == "PHONEKEY") avaya_key(value, out);
    file[name] = value;
  }
  if (value_of(file, "ENABLE_3PCC_ENVIRONMENT") == "1") out.accounts[1] = avaya_account(file);
  avaya_clock(file, out.clock);
  out.dial_plan = avaya_dial_plan(value_of(file, "DIALPLAN"));
  const auto vlan = value_of(file, "L2QVLAN");
  if (vlan != "0") put_settings(out, {{"vlan_id", vlan}, {"vlan_priority", value_of(file, "L2QAUD")}});
  put_settings(out, {{"dial_timeout", value_of(file, "INTER_DIGIT_TIMEOUT")},
                     {"admin_password", value_of(file, "ADMIN_PASSWORD")},
                     {"provisioning_user", value_of(file, "FORCE_HTTP_AUTH_USERNAME")},
                     {"provisioning_password", value_of(file, "FORCE_HTTP_AUTH_PASSWORD")},
                     {"firmware_url", value_of(file, "APPNAME")},
                     {"phonebook_url", value_of(file, "DOWNLOADABLE_DIRECTORY")},
                     {"syslog_server", value_of(file, "LOGSRVR")}});
  return out;
}

}  // namespace

Reader avaya_reader() {
  return {.read = read_avaya, .gaps = [](const PhoneFile& file) {
            std::vector<Reader::Gap> out{{"line.*.port", "the proxy stands where the port would"},
                                         {"line.*.label", "the display name is shown"},
                                         {"line.*.dtmf", "no SIP INFO: the phone keeps RFC 2833"},
                                         {"language", "needs a file that the phone fetches"},
                                         {"phonebook_name", "the book names itself"},
                                         {"ldap_*", "no public proof of the parameters"},
                                         {"key.*.line", "one account"},
                                         {"key.*.label", "a line's key is labelled by the phone"},
                                         {"key.*.pickup", "one code for the whole phone"},
                                         {"provisioning_url", "DHCP and 46xxsettings.txt lead to the file"}};
            if (file.model->keys == 1) out.push_back({"key.1.type", "the phone lays its line itself"});
            return out;
          }};
}

}  // namespace strowger::phones
