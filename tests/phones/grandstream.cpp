// Grandstream: P-codes (`config` of version 1: FusionPBX grandstream/gxp21xx, gxp2124, gxp16xx, ht802, which comment
// each) and items (of version 2: fspbx grandstream/GXP21xx, FusionPBX gxp2170, grp261x and gxv3370).
#include "tests/phones/grammar.hpp"
#include "tests/phones/lines.hpp"
#include "tests/phones/posix_zone.hpp"
#include "tests/phones/readers.hpp"

#include <array>
#include <cstdlib>

namespace strowger::phones {
namespace {

// A phone takes of a file of version 1 only P-codes, of one of version 2 only items.
TextLines grandstream_settings(std::string_view bytes) {
  TextLines out;
  const auto document = xml_of(bytes);
  const auto config = document.child("gs_provision").child("config");
  const std::string version = config.attribute("version").value();
  for (const auto node : config.children()) {
    const std::string name = node.name();
    if (version == "1" && name.starts_with('P')) out[name] = node.child_value();
    if (version == "2" && name == "item") out[node.attribute("name").value()] = node.child_value();
  }
  return out;
}

std::string p_code(int number) {
  return "P" + std::to_string(number);
}

std::string of_minutes(const std::string& minutes) {
  return minutes.empty() ? minutes : std::to_string(std::atoi(minutes.c_str()) * 60);
}

// Of account n: those of the first have numbers of their own, of the others the hundred tells the account.
std::string account_code(int account, int first, int others) {
  if (account == 1) return p_code(first);
  constexpr std::array hundreds{0, 0, 400, 500, 600, 1700, 1800};
  return p_code(hundreds[static_cast<std::size_t>(account)] + others);
}

// { 112 | x+ | \+x+ }: the element before a + once or more times; \+ is the key. A pattern of single keys goes out at
// once.
bool fits_plan(std::string_view pattern, std::string_view number, bool& repeats) {
  if (pattern.empty()) return number.empty();
  const bool escaped = pattern.front() == '\\' && pattern.size() > 1;
  std::size_t size = escaped ? 2 : 1;
  if (pattern.front() == '[') size = std::min(pattern.find(']'), pattern.size() - 1) + 1;
  const auto element = escaped ? pattern.substr(1, 1) : pattern.substr(0, size);
  if (number.empty() || !fits_keys(element, number.substr(0, 1))) return false;
  const auto rest = pattern.substr(size);
  if (!rest.starts_with('+')) return fits_plan(rest, number.substr(1), repeats);
  repeats = true;
  return fits_plan(rest.substr(1), number.substr(1), repeats) || fits_plan(pattern, number.substr(1), repeats);
}

DialPlan grandstream_dial_plan(const std::string& plan) {
  if (!plan.starts_with('{') || !plan.ends_with('}')) return {};
  std::vector<std::string> patterns;
  for (auto pattern : split_text(std::string_view(plan).substr(1, plan.size() - 2), '|')) {
    std::erase(pattern, ' ');
    patterns.push_back(std::move(pattern));
  }
  return [patterns](std::string_view number) {
    auto out = Dialled::refused;
    for (const auto& pattern : patterns) {
      bool repeats = false;
      if (!fits_plan(pattern, number, repeats)) continue;
      if (!repeats) return Dialled::at_once;
      out = Dialled::after_the_timer;
    }
    return out;
  };
}

const std::map<std::string_view, std::string_view>& grandstream_codecs() {
  static const std::map<std::string_view, std::string_view> codecs{
      {"0", "pcmu"},    {"8", "pcma"},       {"9", "g722"},        {"18", "g729"},        {"2", "g726_32"},
      {"98", "ilbc"},   {"97", "ilbc"},      {"4", "g723"},        {"123", "opus"},       {"PCMU", "pcmu"},
      {"PCMA", "pcma"}, {"G.722", "g722"},   {"G.729A/B", "g729"}, {"OPUS", "opus"},      {"G.726-32", "g726_32"},
      {"iLBC", "ilbc"}, {"G.723.1", "g723"}, {"G_722", "g722"},    {"G_729AOrB", "g729"}, {"G_726_32", "g726_32"}};
  return codecs;
}

std::string one_dtmf(bool audio, bool rtp, bool info) {
  if (static_cast<int>(audio) + static_cast<int>(rtp) + static_cast<int>(info) != 1) return "several";
  return audio ? "inband" : rtp ? "rfc2833" : "info";
}

void put_servers(Account& account, const std::string& server, const std::string& proxy) {
  const auto [host, port] = host_port(server);
  account.server = host;
  account.port = port;
  const auto [proxy_host, proxy_port] = host_port(proxy);
  account.proxy = proxy_host;
  account.proxy_port = proxy_port;
}

Account account_of_codes(const TextLines& file, int n) {
  const auto of = [&](int first, int others) { return value_of(file, account_code(n, first, others)); };
  Account out;
  put_servers(out, of(47, 2), of(48, 3));
  out.transport = word_for({{"0", "udp"}, {"1", "tcp"}, {"2", "tls"}}, of(130, 48));
  out.label = of(270, 17);
  out.user = of(35, 4);
  out.auth = of(36, 5);
  out.password = of(34, 6);
  out.name = of(3, 7);
  out.expires = of_minutes(of(32, 12));
  out.voicemail = of(33, 26);
  out.srtp = word_for({{"0", "off"}, {"1", "optional"}, {"2", "required"}}, of(183, 43));
  const int dtmf = 2201 + n * 100;
  out.dtmf = one_dtmf(value_of(file, p_code(dtmf)) == "1", value_of(file, p_code(dtmf + 1)) == "1",
                      value_of(file, p_code(dtmf + 2)) == "1");
  std::vector<std::string> codecs;
  constexpr std::array first_choices{57, 58, 59, 60, 61, 62, 46};
  for (int choice = 0; choice < 7; ++choice)
    codecs.push_back(of(first_choices[static_cast<std::size_t>(choice)], 51 + choice));
  out.codecs = codec_names(codecs, grandstream_codecs());
  return out;
}

Account account_of_items(const TextLines& file, int n) {
  const auto of = [&](const char* name) { return value_of(file, "account." + std::to_string(n) + "." + name); };
  Account out;
  put_servers(out, of("sip.server.1.address"), of("sip.outboundProxy.1.address"));
  out.transport = word_for({{"UDP", "udp"}, {"TCP", "tcp"}, {"Tls Or Tcp", "tls"}}, of("sip.transport"));
  out.label = of("name");
  out.user = of("sip.userid");
  out.auth = of("sip.subscriber.userid");
  out.password = of("sip.subscriber.password");
  out.name = of("sip.subscriber.name");
  out.expires = of_minutes(of("sip.registerExpiration"));
  out.voicemail = of("sip.voicemail.number");
  out.srtp = word_for({{"Disabled", "off"}, {"EnabledButNotForced", "optional"}, {"EnabledAndForced", "required"}},
                      of("audio.srtpMode"));
  out.dtmf = one_dtmf(of("dtmf.sendInAudio") == "Yes", of("dtmf.sendInRtp") == "Yes", of("dtmf.sendInSip") == "Yes");
  std::vector<std::string> codecs;
  for (int choice = 1; choice <= 8; ++choice) codecs.push_back(of(("codec.choice." + std::to_string(choice)).c_str()));
  out.codecs = codec_names(codecs, grandstream_codecs());
  return out;
}

// FXS port 1 or 2.
Account account_of_port(const TextLines& file, int port) {
  const auto of = [&](const char* first, const char* second) { return value_of(file, port == 1 ? first : second); };
  Account out;
  put_servers(out, of("P47", "P747"), of("P48", "P748"));
  out.transport = word_for({{"0", "udp"}, {"1", "tcp"}, {"2", "tls"}}, of("P130", "P830"));
  out.user = of("P35", "P735");
  out.auth = of("P36", "P736");
  out.password = of("P34", "P734");
  out.name = of("P3", "P703");
  out.expires = of_minutes(of("P32", "P732"));
  out.srtp = word_for({{"0", "off"}, {"1", "optional"}, {"2", "required"}}, of("P183", "P443"));
  // The first of three choices.
  out.dtmf = word_for({{"100", "inband"}, {"101", "rfc2833"}, {"102", "info"}}, of("P850", "P860"));
  out.codecs = codec_names({of("P57", "P757"), of("P58", "P758"), of("P59", "P759"), of("P60", "P760"),
                            of("P61", "P761"), of("P62", "P762"), of("P46", "P814")},
                           grandstream_codecs());
  return out;
}

const std::map<std::string_view, std::string_view>& key_names() {
  static const std::map<std::string_view, std::string_view> names{{"Line", "line"},
                                                                  {"SharedLine", "shared_line"},
                                                                  {"SpeedDial", "speed_dial"},
                                                                  {"BLF", "blf"},
                                                                  {"EventlistBLF", "blf_list"},
                                                                  {"DialDTMF", "dtmf"},
                                                                  {"VoiceMail", "voicemail"},
                                                                  {"Transfer", "transfer"},
                                                                  {"CallPark", "park"},
                                                                  {"Intercom", "intercom"},
                                                                  {"LDAPSearch", "ldap"},
                                                                  {"MulticastPaging", "multicast"},
                                                                  {"Record", "record"},
                                                                  {"Forward", "forward"},
                                                                  {"DND", "dnd"}};
  return names;
}

std::string key_of_number(int mode) {
  static const std::map<int, const char*> names{{0, "speed_dial"}, {1, "blf"},        {3, "blf_list"}, {5, "dtmf"},
                                                {6, "voicemail"},  {8, "transfer"},   {9, "park"},     {10, "intercom"},
                                                {11, "ldap"},      {13, "multicast"}, {14, "record"},  {21, "forward"},
                                                {22, "dnd"}};
  const auto found = names.find(mode);
  return found == names.end() ? std::string() : found->second;
}

struct KeyPlace {
  std::string mode, account, label, value;
  bool fixed = false;  // a line key, which knows lines and counts other modes from 10
};

KeyPlace four_codes(int first) {
  return {p_code(first), p_code(first + 1), p_code(first + 2), p_code(first + 3)};
}

KeyPlace line_key(int n) {
  return {p_code(1361 + 2 * n), p_code(1362 + 2 * n), p_code(1463 + 2 * n), p_code(1464 + 2 * n), true};
}

KeyPlace multi_purpose_key(int n) {
  if (n <= 7) return {p_code(322 + n), p_code(298 + 3 * n), p_code(299 + 3 * n), p_code(300 + 3 * n)};
  return four_codes(n <= 18 ? 353 + 4 * (n - 8) : 1440 + 4 * (n - 19));
}

// How many line keys stand before the multi-purpose ones.
int line_keys(std::string_view model) {
  if (model.starts_with("gxp11") || model == "gxp2000" || model == "gxp2200") return 0;
  if (model == "gxp1630") return 3;
  if (model.starts_with("gxp1")) return 2;
  return model == "gxp2120" ? 6 : model == "gxp2124" ? 8 : 4;
}

bool virtual_keys(std::string_view model) {
  return model.starts_with("gxp17");
}

KeyPlace place_of(std::string_view model, int n) {
  if (virtual_keys(model)) return n <= 6 ? line_key(n) : four_codes(23800 + 4 * (n - 7));
  const int lines = line_keys(model);
  return n <= lines ? line_key(n) : multi_purpose_key(n - lines);
}

void keys_of_codes(const PhoneFile& source, const TextLines& file, PhoneAsConfigured& phone) {
  for (std::uint16_t n = 1; n <= source.model->keys.value_or(0); ++n) {
    const auto place = place_of(source.model->model, n);
    const auto text = value_of(file, place.mode);
    if (text.empty()) continue;
    const int mode = std::atoi(text.c_str());
    Key key;
    if (place.fixed && mode < 10)
      key.type = mode == 0 ? "line" : mode == 1 ? "shared_line" : "";
    else
      key.type = key_of_number(place.fixed ? mode - 10 : mode);
    key.line = std::to_string(std::atoi(value_of(file, place.account).c_str()) + 1);
    key.label = value_of(file, place.label);
    key.value = value_of(file, place.value);
    if (key.type.empty() || (key.type == "line" && key.label.empty())) continue;  // one more call of account 1
    phone.keys[n] = key;
  }
}

// Virtual keys first, then those with a lamp of their own. Virtual keys behind a gap are gone.
void keys_of_items(const PhoneFile& source, const TextLines& file, PhoneAsConfigured& phone) {
  const bool video = source.model->model.starts_with("gxv");
  std::uint16_t number = 0;
  for (const std::string kind : {"vpk", "mpk"}) {
    for (int n = 1; n <= 512; ++n) {
      const auto of = [&](const char* name) {
        return value_of(file, "pks." + kind + "." + std::to_string(n) + "." + name);
      };
      if (!file.contains("pks." + kind + "." + std::to_string(n) + (video ? ".mode" : ".keyMode"))) break;
      ++number;
      Key key;
      key.type = word_for(key_names(), of(video ? "mode" : "keyMode"));
      if (key.type.empty()) continue;
      key.value = of("value");
      key.label = of("description");
      const auto account = of("account");
      key.line = kind == "vpk"                    ? std::to_string(std::atoi(account.c_str()) + 1)
                 : account.starts_with("Account") ? account.substr(7)
                                                  : std::string();
      phone.keys[number] = key;
    }
  }
}

std::string url_of(const std::string& scheme, const std::string& path) {
  return path.empty() ? path : scheme + "://" + path;
}

void settings_of_codes(const TextLines& file, PhoneAsConfigured& out) {
  out.clock.ntp = value_of(file, "P30");
  out.clock.hours = word_for({{"0", "12"}, {"1", "24"}}, value_of(file, "P122"));
  if (value_of(file, "P64") == "customize") read_posix_zone(value_of(file, "P246"), out.clock);
  const auto book = value_of(file, "P330");
  put_settings(out,
               {{"language", word_for({{"de", "de"}, {"en", "en"}}, value_of(file, "P1362"))},
                {"admin_password", value_of(file, "P2")},
                {"provisioning_user", value_of(file, "P1360")},
                {"provisioning_password", value_of(file, "P1361")},
                {"syslog_server", value_of(file, "P207")},
                {"firmware_url", url_of(value_of(file, "P6767") == "2" ? "https" : "http", value_of(file, "P192"))},
                {"phonebook_url", book == "1"   ? url_of("http", value_of(file, "P331"))
                                  : book == "3" ? url_of("https", value_of(file, "P331"))
                                                : std::string()}});
  if (value_of(file, "P51") != "0")
    put_settings(out, {{"vlan_id", value_of(file, "P51")}, {"vlan_priority", value_of(file, "P87")}});
  if (!value_of(file, "P8020").empty())
    put_settings(out, {{"ldap_server", value_of(file, "P8020")},
                       {"ldap_port", value_of(file, "P8021")},
                       {"ldap_base", value_of(file, "P8022")},
                       {"ldap_user", value_of(file, "P8023")},
                       {"ldap_password", value_of(file, "P8024")},
                       {"ldap_number_filter", value_of(file, "P8025")},
                       {"ldap_name_filter", value_of(file, "P8026")},
                       {"ldap_name_attributes", value_of(file, "P8028")},
                       {"ldap_number_attributes", value_of(file, "P8029")}});
}

void settings_of_items(const TextLines& file, PhoneAsConfigured& out) {
  out.clock.ntp = value_of(file, "dateTime.ntp.server.1");
  out.clock.hours = word_for({{"12Hour", "12"}, {"24Hour", "24"}}, value_of(file, "dateTime.format.time"));
  if (value_of(file, "dateTime.timezone") == "customize")
    read_posix_zone(value_of(file, "dateTime.timezone.custom"), out.clock);
  const auto book = value_of(file, "phonebook.download.mode");
  put_settings(
      out, {{"language", word_for({{"de", "de"}, {"en", "en"}}, value_of(file, "language.gui"))},
            {"dial_timeout", value_of(file, "account.1.call.noKeyEntryTimeout")},
            {"admin_password", value_of(file, "users.admin.password")},
            {"provisioning_user", value_of(file, "provisioning.config.username")},
            {"provisioning_password", value_of(file, "provisioning.config.password")},
            {"syslog_server", value_of(file, "maintain.syslog.server")},
            {"firmware_url", url_of(value_of(file, "provisioning.firmware.protocol") == "HTTPS" ? "https" : "http",
                                    value_of(file, "provisioning.firmware.serverPath"))},
            {"phonebook_url", book == "EnabledUseHTTP"    ? url_of("http", value_of(file, "phonebook.download.server"))
                              : book == "EnabledUseHTTPS" ? url_of("https", value_of(file, "phonebook.download.server"))
                                                          : std::string()}});
  if (value_of(file, "network.port.eth.1.vlan.enable") == "Yes")
    put_settings(out, {{"vlan_id", value_of(file, "network.port.eth.1.vlan.tag")},
                       {"vlan_priority", value_of(file, "network.port.eth.1.vlan.priority")}});
  if (!value_of(file, "ldap.server").empty())
    put_settings(out, {{"ldap_server", value_of(file, "ldap.server")},
                       {"ldap_port", value_of(file, "ldap.port")},
                       {"ldap_base", value_of(file, "ldap.base")},
                       {"ldap_user", value_of(file, "ldap.username")},
                       {"ldap_password", value_of(file, "ldap.password")},
                       {"ldap_name_filter", value_of(file, "ldap.ldapNameFilter")},
                       {"ldap_number_filter", value_of(file, "ldap.ldapNumberFilter")},
                       {"ldap_name_attributes", value_of(file, "ldap.ldapNameAttributes")},
                       {"ldap_number_attributes", value_of(file, "ldap.ldapNumberAttributes")}});
}

bool is_adapter(const PhoneFile& source) {
  return source.model->model.starts_with("ht");
}

PhoneAsConfigured read_grandstream(const PhoneFile& source) {
  const auto file = grandstream_settings(source.bytes);
  PhoneAsConfigured out;
  if (is_adapter(source)) {
    for (const int port : {1, 2})
      if (value_of(file, port == 1 ? "P271" : "P401") == "1")
        out.accounts[static_cast<std::uint16_t>(port)] = account_of_port(file, port);
    settings_of_codes(file, out);
    put_settings(out, {{"dial_timeout", value_of(file, "P85")}});
    out.dial_plan = grandstream_dial_plan(value_of(file, "P4200"));
    return out;
  }
  if (file.contains("account.1.enable")) {
    for (int n = 1; n <= 16; ++n)
      if (value_of(file, "account." + std::to_string(n) + ".enable") == "Yes")
        out.accounts[static_cast<std::uint16_t>(n)] = account_of_items(file, n);
    keys_of_items(source, file, out);
    settings_of_items(file, out);
    out.dial_plan = grandstream_dial_plan(value_of(file, "account.1.call.dialplan"));
    return out;
  }
  for (int n = 1; n <= 6; ++n)
    if (value_of(file, account_code(n, 271, 1)) == "1")
      out.accounts[static_cast<std::uint16_t>(n)] = account_of_codes(file, n);
  keys_of_codes(source, file, out);
  settings_of_codes(file, out);
  put_settings(out, {{"dial_timeout", value_of(file, "P85")}});
  out.dial_plan = grandstream_dial_plan(value_of(file, "P290"));
  return out;
}

std::vector<Reader::Gap> grandstream_gaps(const PhoneFile& source) {
  std::vector<Reader::Gap> out{{"provisioning_url", "the phone appends the name of its file"}};
  if (is_adapter(source)) {
    for (const char* fact : {"line.*.label", "line.*.voicemail", "language", "clock.hours", "phonebook_*", "ldap_*"})
      out.push_back({fact, "an adapter has none"});
    out.push_back({"line.*.codecs", "an adapter knows no G722"});
    return out;
  }
  out.push_back({"phonebook_name", "the phone has one book without a name"});
  const auto& model = source.model->model;
  const int keys = source.model->keys.value_or(0);
  const int lines = source.model->lines.value_or(0);
  const bool items = source.bytes.find("account.1.enable") != std::string_view::npos;
  if (!items) {
    // The keys of the lines themselves, and those that rich_configuration() makes lines.
    const int fixed = virtual_keys(model) ? 6 : line_keys(model);
    for (int n = 1; n <= keys; ++n)
      if (n > fixed && (n <= lines || n == lines + 2 || n == lines + 3))
        out.push_back({"key." + std::to_string(n) + ".*", "only a line key can be a line"});
  }
  if (keys > 0) out.push_back({"key.*.pickup", "one code for all keys of an account"});
  return out;
}

}  // namespace

Reader grandstream_reader() {
  return {.read = read_grandstream, .gaps = grandstream_gaps};
}

}  // namespace strowger::phones
