// Fanvil: sysConf (FusionPBX fanvil/x6, wazo base-new.tpl, fspbx XU Series) and the older VOIP_CONFIG_FILE (wazo
// base.tpl). Keys stand on pages, those at the side apart from the others (tancredi data/scopes/fanvil-*.ini).
#include "tests/phones/grammar.hpp"
#include "tests/phones/lines.hpp"
#include "tests/phones/readers.hpp"

#include <algorithm>
#include <cstdlib>

namespace strowger::phones {
namespace {

// An element's path below the root: phone/date/SNTPServer. Older files call the same Time_Zone what newer call
// TimeZone.
std::string text_at(const pugi::xml_node& root, const char* path) {
  return root.first_element_by_path(path).child_value();
}

std::string fanvil_codecs(const std::string& list) {
  std::string out;
  static const std::map<std::string_view, std::string_view> names{
      {"G722", "g722"}, {"PCMU", "pcmu"},       {"PCMA", "pcma"}, {"G711U", "pcmu"}, {"G711A", "pcma"},
      {"G729", "g729"}, {"G726-32", "g726_32"}, {"iLBC", "ilbc"}, {"opus", "opus"},  {"G723", "g723"}};
  for (const auto& code : split_text(list, ','))
    if (const auto ours = word_for(names, code); !ours.empty()) out += (out.empty() ? "" : ",") + ours;
  return out;
}

// `name` tells what an element of that name is called in this schema.
template <class Name>
Account fanvil_account(const pugi::xml_node& line, Name name) {
  const auto of = [&](const char* newer) { return std::string(line.child(name(newer).c_str()).child_value()); };
  Account out;
  out.user = of("PhoneNumber");
  out.name = of("DisplayName");
  out.server = of("RegisterAddr");
  out.port = of("RegisterPort");
  out.auth = of("RegisterUser");
  out.password = of("RegisterPswd");
  out.expires = of("RegisterTTL");
  out.transport = word_for({{"0", "udp"}, {"1", "tcp"}, {"3", "tls"}}, of("Transport"));
  out.proxy = of("ProxyAddr");
  out.proxy_port = of("ProxyPort");
  out.dtmf = word_for({{"0", "inband"}, {"1", "rfc2833"}, {"2", "info"}}, of("DTMFMode"));
  out.srtp = word_for({{"0", "off"}, {"1", "optional"}, {"2", "required"}}, of("MediaCrypto"));
  out.codecs = fanvil_codecs(line.child("VoiceCodecMap").child_value());
  out.voicemail = of("MWINum");
  return out;
}

// RegisterAddr is Register_Addr in older files.
std::string older(const char* newer) {
  static const std::map<std::string_view, const char*> names{{"PhoneNumber", "Phone_Number"},
                                                             {"DisplayName", "Display_Name"},
                                                             {"RegisterAddr", "Register_Addr"},
                                                             {"RegisterPort", "Register_Port"},
                                                             {"RegisterUser", "Register_User"},
                                                             {"RegisterPswd", "Register_Pswd"},
                                                             {"RegisterTTL", "Register_TTL"},
                                                             {"Transport", "Transport"},
                                                             {"ProxyAddr", "Proxy_Addr"},
                                                             {"ProxyPort", "Proxy_Port"},
                                                             {"DTMFMode", "DTMF_Mode"},
                                                             {"MediaCrypto", "Media_Crypto"},
                                                             {"MWINum", "MWI_Num"}};
  return names.at(newer);
}

Change fanvil_change(const pugi::xml_node& date, const std::string& prefix) {
  const auto number = [&](const char* part) { return std::atoi(date.child((prefix + part).c_str()).child_value()); };
  Change out;
  out.month = number("Mon");
  out.number = number("Week") < 0 ? 5 : number("Week");
  out.weekday = number("Wday");
  out.hour = number("Hour");
  return out;
}

// Type 1: what dials, with what it does behind the slash; 2: a line; 3: a function.
Key fanvil_key(const pugi::xml_node& node) {
  const std::string type = node.child("Type").child_value();
  const std::string value = node.child("Value").child_value();
  Key key;
  key.label = node.child("Title").child_value();
  if (type == "2") {
    key.type = "line";
    key.line = value.substr(std::min<std::size_t>(3, value.size()));
  } else if (type == "1") {
    const auto at = value.find('@');
    const auto slash = value.find('/', std::min(at, value.size()));
    if (slash == std::string::npos) return key;
    key.value = value.substr(0, at);
    key.line = value.substr(at + 1, slash - at - 1);
    const auto does = value.substr(slash + 1);
    key.type = does.starts_with("ba") ? "blf" : word_for({{"f", "speed_dial"}, {"i", "intercom"}, {"c", "park"}}, does);
    if (key.type == "blf" && does.size() > 2) key.pickup = does.substr(2, does.size() - 2 - key.value.size());
  } else if (type == "3") {
    key.type = word_for({{"F_MWI", "voicemail"},
                         {"F_DND", "dnd"},
                         {"F_CFWD", "forward"},
                         {"F_B_TRANSFER", "transfer"},
                         {"F_LDAPCONTACTS:0", "ldap"},
                         {"F_RECORD", "record"}},
                        value);
  } else {
    key.type = word_for({{"4", "dtmf"}, {"7", "url"}, {"14", "multicast"}}, type);
    key.value = key.type == "multicast" ? value.substr(0, value.rfind('/')) : value;
  }
  return key;
}

struct Pages {
  int side_pages = 0;
  int side_keys = 0;  // a page
  int keys = 512;     // a page of the others
};

Pages pages_of(std::string_view model) {
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), model) != names.end();
  };
  if (is({"x3u", "x303"})) return {1, 3, 1};
  if (model.starts_with("x4u")) return {1, 3, 6};
  if (model.starts_with("x5u")) return {1, 4, 6};
  if (model.starts_with("x6u")) return {1, 5, 12};
  if (model.starts_with("x210")) return {1, 10, 32};
  if (model.starts_with("v61")) return {3, 4, 1};
  if (is({"v62", "v62g", "v62w", "v62pro", "v63", "v64"})) return {3, 7, 1};
  if (model == "v65") return {5, 9, 1};
  if (model.starts_with("v66") || model == "v67") return {0, 0, 29};
  if (model.starts_with("x7c")) return {6, 12, 1};
  if (model == "x4sg") return {0, 0, 6};
  if (model == "x5s") return {0, 0, 8};
  if (is({"x6", "x6v2"})) return {0, 0, 12};
  if (model.starts_with("w6")) return {0, 0, 8};
  return {};
}

void fanvil_keys(const PhoneFile& source, const pugi::xml_node& root, PhoneAsConfigured& phone) {
  const auto pages = pages_of(source.model->model);
  for (const auto page : root.child("dsskey").children()) {
    const std::string name = page.name();
    if (name != "internal" && name != "dssSide") continue;
    const int before = name == "dssSide"
                           ? (page.attribute("index").as_int() - 1) * pages.side_keys
                           : pages.side_pages * pages.side_keys + (page.attribute("index").as_int() - 1) * pages.keys;
    for (const auto key : page.children("Fkey"))
      if (const auto read = fanvil_key(key); !read.type.empty())
        phone.keys[static_cast<std::uint16_t>(before + key.attribute("index").as_int())] = read;
  }
}

PhoneAsConfigured read_newer(const PhoneFile& source, const pugi::xml_node& root) {
  PhoneAsConfigured out;
  for (const auto line : root.child("sip").children("line"))
    if (std::string_view(line.child("EnableReg").child_value()) == "1")
      out.accounts[static_cast<std::uint16_t>(line.attribute("index").as_uint())] =
          fanvil_account(line, [](const char* name) { return std::string(name); });
  const auto date = root.child("phone").child("date");
  out.clock.ntp = date.child("SNTPServer").child_value();
  out.clock.hours = word_for({{"0", "24"}, {"1", "12"}}, text_at(root, "phone/timeDisplay/TimeDisplayStyle"));
  out.clock.offset = std::atoi(date.child("TimeZone").child_value()) * 900;
  if (std::string_view(date.child("EnableDST").child_value()) == "2") {
    out.clock.start = fanvil_change(date, "DSTStart");
    out.clock.end = fanvil_change(date, "DSTEnd");
    out.clock.saving = std::atoi(date.child("DSTMinOffset").child_value()) * 60;
  }
  fanvil_keys(source, root, out);
  put_settings(out, {{"language", text_at(root, "phone/display/DefaultLanguage")},
                     {"dial_timeout", text_at(root, "call/basic/DialTimeoutvalue")},
                     {"admin_password", text_at(root, "web/account/Password")},
                     {"provisioning_user", text_at(root, "ap/DefaultUsername")},
                     {"provisioning_password", text_at(root, "ap/DefaultPassword")},
                     {"firmware_url", text_at(root, "fwCheck/UpgradeServer1")},
                     {"phonebook_url", text_at(root, "phone/xmlContact/Addr")},
                     {"phonebook_name", text_at(root, "phone/xmlContact/Name")}});
  if (text_at(root, "log/OutputDevice") == ",syslog")
    put_settings(out, {{"syslog_server", text_at(root, "log/SyslogServer")}});
  if (text_at(root, "qos/EnableVLAN") == "1")
    put_settings(out,
                 {{"vlan_id", text_at(root, "qos/VLANID")}, {"vlan_priority", text_at(root, "qos/VoicePriority")}});
  if (!text_at(root, "phone/ldap/Server").empty())
    put_settings(out, {{"ldap_server", text_at(root, "phone/ldap/Server")},
                       {"ldap_port", text_at(root, "phone/ldap/port")},
                       {"ldap_base", text_at(root, "phone/ldap/Base")},
                       {"ldap_user", text_at(root, "phone/ldap/Username")},
                       {"ldap_password", text_at(root, "phone/ldap/Password")},
                       {"ldap_name_filter", text_at(root, "phone/ldap/NameFilter")},
                       {"ldap_number_filter", text_at(root, "phone/ldap/NumberFilter")},
                       {"ldap_name_attributes", text_at(root, "phone/ldap/NameAttr")},
                       {"ldap_number_attributes", text_at(root, "phone/ldap/TelAttr")}});
  out.provisioning_url = text_at(root, "ap/FlashServerIP") + "/" + text_at(root, "ap/FlashFileName");
  return out;
}

PhoneAsConfigured read_older(const pugi::xml_node& root) {
  PhoneAsConfigured out;
  for (const auto line : root.child("SIP_CONFIG_MODULE").child("SIP_Line_List").children())
    if (std::string_view(line.child("Enable_Reg").child_value()) == "1")
      out.accounts[static_cast<std::uint16_t>(std::atoi(line.child("ID").child_value() + 3))] =
          fanvil_account(line, older);
  const auto global = root.child("GLOBAL_CONFIG_MODULE");
  out.clock.ntp = global.child("SNTP_Server").child_value();
  out.clock.offset = std::atoi(global.child("Time_Zone").child_value()) * 900;
  out.clock.hours = word_for({{"0", "24"}, {"1", "12"}}, text_at(root, "PHONE_CONFIG_MODULE/Time_Display_Style"));
  if (std::string_view(global.child("Enable_DST").child_value()) == "2") {
    out.clock.start = fanvil_change(global, "DST_Start_");
    out.clock.end = fanvil_change(global, "DST_End_");
    out.clock.saving = std::atoi(global.child("DST_Min_Offset").child_value()) * 60;
  }
  for (const auto entry : root.child("PHONE_CONFIG_MODULE").child("Function_Key").children())
    if (const auto key = fanvil_key(entry); !key.type.empty())
      out.keys[static_cast<std::uint16_t>(std::atoi(entry.child("ID").child_value() + 4))] = key;
  const auto book = root.child("PHONE_CONFIG_MODULE").child("Soft_Dss_Key").child("Soft_Dss_Key_Entry");
  if (std::string_view(book.child("Type").child_value()) == "7")
    put_settings(out, {{"phonebook_url", book.child("Value").child_value()},
                       {"phonebook_name", book.child("Title").child_value()}});
  put_settings(out, {{"language", word_for({{"16", "de"}, {"0", "en"}}, global.child("Language").child_value())},
                     {"dial_timeout", text_at(root, "TELE_CONFIG_MODULE/Dial_Timeout_value")},
                     {"admin_password", text_at(root, "MMI_CONFIG_MODULE/MMI_Account/MMI_Account_Entry/Password")},
                     {"provisioning_user", text_at(root, "AUTOUPDATE_CONFIG_MODULE/Download_Username")},
                     {"provisioning_password", text_at(root, "AUTOUPDATE_CONFIG_MODULE/Download_Password")},
                     {"firmware_url", text_at(root, "AUTOUPDATE_CONFIG_MODULE/Auto_Image_URL")}});
  if (text_at(root, "AAA_CONFIG_MODULE/Enable_Syslog") == "1")
    put_settings(out, {{"syslog_server", text_at(root, "AAA_CONFIG_MODULE/Syslog_address")}});
  if (text_at(root, "QOS_CONFIG_MODULE/Enable_VLAN") == "1")
    put_settings(out, {{"vlan_id", text_at(root, "QOS_CONFIG_MODULE/VLAN_ID")},
                       {"vlan_priority", text_at(root, "QOS_CONFIG_MODULE/Voice_Priority")}});
  out.provisioning_url = text_at(root, "AUTOUPDATE_CONFIG_MODULE/Download_Server_IP") + "/" +
                         text_at(root, "AUTOUPDATE_CONFIG_MODULE/Config_File_Name");
  return out;
}

PhoneAsConfigured read_fanvil(const PhoneFile& source) {
  const auto document = xml_of(source.bytes);
  const auto newer = document.child("sysConf");
  auto out = newer ? read_newer(source, newer) : read_older(document.child("VOIP_CONFIG_FILE"));
  out.dial_plan = [](std::string_view) { return Dialled::after_the_timer; };
  return out;
}

std::vector<Reader::Gap> fanvil_gaps(const PhoneFile& source) {
  std::vector<Reader::Gap> out{{"line.*.label", "a line is shown by its name"},
                               {"dial.112", "no public name of a rule"},
                               {"dial.911", "no public name of a rule"}};
  if (source.model->keys.value_or(8) > 3) out.push_back({"key.*.line", "a function has no line"});
  if (source.bytes.find("<VOIP_CONFIG_FILE>") != std::string_view::npos)
    out.push_back({"ldap_*", "no public names of it"});
  return out;
}

}  // namespace

Reader fanvil_reader() {
  return {.read = read_fanvil, .gaps = fanvil_gaps};
}

}  // namespace strowger::phones
