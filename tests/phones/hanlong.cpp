#include "tests/phones/hanlong.hpp"

#include "tests/phones/grammar.hpp"
#include "tests/phones/lines.hpp"

#include <array>
#include <cstdlib>

namespace strowger::phones {
namespace {

using SixCodes = std::array<const char*, 6>;

TextLines hanlong_codes(std::string_view bytes) {
  TextLines out;
  const auto document = xml_of(bytes);
  for (const auto node : document.child("hl_provision").child("config").children())
    out[node.name()] = node.child_value();
  return out;
}

// {112|[x*]+}: + is one more or many; what is complete and can grow no more goes out at once.
DialPlan hanlong_dial_plan(const std::string& plan) {
  if (!plan.starts_with('{') || !plan.ends_with('}')) return {};
  const auto patterns = split_text(std::string_view(plan).substr(1, plan.size() - 2), '|');
  return [patterns](std::string_view number) {
    bool waits = false;
    for (auto pattern : patterns) {
      if (!pattern.ends_with('+')) {
        if (fits_keys(pattern, number)) return Dialled::at_once;
        continue;
      }
      pattern.pop_back();
      const auto from = pattern.ends_with(']') ? pattern.rfind('[') : pattern.size() - 1;
      const auto last = pattern.substr(from);
      for (auto text = pattern; text.size() < 512; text += last)
        if (fits_keys(text, number)) waits = true;
    }
    return waits ? Dialled::after_the_timer : Dialled::refused;
  };
}

Account hanlong_account(const TextLines& file, std::size_t at) {
  const auto of = [&](const SixCodes& codes) { return value_of(file, codes[at]); };
  Account out;
  const auto server = host_port(of({"P47", "P747", "P502", "P602", "P20362", "P20363"}));
  out.server = server.host;
  out.port = server.port;
  const auto proxy = host_port(of({"P48", "P748", "P503", "P603", "P20370", "P20371"}));
  out.proxy = proxy.host;
  out.proxy_port = proxy.port;
  out.transport =
      word_for({{"0", "udp"}, {"1", "tcp"}, {"2", "tls"}}, of({"P130", "P830", "P930", "P1030", "P20374", "P20375"}));
  out.label = of({"P20000", "P20001", "P20002", "P20003", "P20378", "P20379"});
  out.user = of({"P35", "P735", "P504", "P604", "P1704", "P1804"});
  out.auth = of({"P36", "P736", "P505", "P605", "P1705", "P1805"});
  out.password = of({"P34", "P734", "P506", "P606", "P1706", "P1806"});
  out.name = of({"P3", "P703", "P507", "P607", "P1707", "P1807"});
  if (const auto minutes = of({"P32", "P732", "P512", "P612", "P20388", "P20389"}); !minutes.empty())
    out.expires = std::to_string(std::atoi(minutes.c_str()) * 60);
  out.voicemail = of({"P33", "P426", "P526", "P626", "P1726", "P1826"});
  out.dtmf = word_for({{"0", "rfc2833"}, {"1", "inband"}, {"2", "info"}},
                      of({"P20166", "P20167", "P20168", "P20169", "P20170", "P20171"}));
  out.srtp = word_for({{"0", "off"}, {"1", "optional"}, {"2", "required"}},
                      of({"P183", "P443", "P543", "P643", "P20432", "P20433"}));
  std::vector<std::string> codecs;
  for (const auto& choice : std::array<SixCodes, 6>{{{"P57", "P757", "P551", "P651", "P20392", "P20393"},
                                                     {"P58", "P758", "P552", "P652", "P20394", "P20395"},
                                                     {"P59", "P759", "P553", "P653", "P20396", "P20397"},
                                                     {"P60", "P760", "P554", "P654", "P20398", "P20399"},
                                                     {"P61", "P761", "P555", "P655", "P20400", "P20401"},
                                                     {"P62", "P762", "P556", "P656", "P20402", "P20403"}}})
    codecs.push_back(of(choice));
  out.codecs = codec_names(
      codecs, {{"0", "pcmu"}, {"8", "pcma"}, {"9", "g722"}, {"18", "g729"}, {"2", "g726_32"}, {"4", "g723"}});
  return out;
}

std::string hanlong_code(int number) {
  return "P" + std::to_string(number);
}

// Type, value, label, account and code to take a call of key n.
std::array<std::string, 5> hanlong_key_codes(int n) {
  if (n <= 4)
    return {hanlong_code(41199 + n), hanlong_code(41299 + n), hanlong_code(41399 + n), hanlong_code(41499 + n),
            hanlong_code(41599 + n)};
  if (n <= 36) {
    const int first = 20200 + (n - 5) * 5;
    return {hanlong_code(first), hanlong_code(first + 1), hanlong_code(first + 2), hanlong_code(first + 3),
            hanlong_code(first + 4)};
  }
  const int first = 23000 + (n - 37) * 6;
  return {hanlong_code(first), hanlong_code(first + 2), hanlong_code(first + 3), hanlong_code(first + 4),
          hanlong_code(first + 5)};
}

void hanlong_keys(const TextLines& file, PhoneAsConfigured& phone) {
  static const std::map<std::string_view, std::string_view> types{
      {"1", "line"},         {"2", "speed_dial"},   {"3", "blf"},       {"4", "blf_list"}, {"5", "voicemail"},
      {"6", "pickup"},       {"7", "group_pickup"}, {"8", "park"},      {"9", "intercom"}, {"10", "dtmf"},
      {"15", "ldap"},        {"18", "forward"},     {"19", "transfer"}, {"21", "dnd"},     {"25", "record"},
      {"31", "shared_line"}, {"35", "url"},         {"47", "multicast"}};
  for (int n = 1; n <= 45; ++n) {
    const auto codes = hanlong_key_codes(n);
    Key key;
    key.type = word_for(types, value_of(file, codes[0]));
    if (key.type.empty()) continue;
    key.value = value_of(file, codes[1]);
    key.label = value_of(file, codes[2]);
    key.line = std::to_string(std::atoi(value_of(file, codes[3]).c_str()) + 1);
    key.pickup = value_of(file, codes[4]);
    phone.keys[static_cast<std::uint16_t>(n)] = key;
  }
}

// Accounts 7 to 16, which take the server and what belongs to it from profile 1.
Account hanlong_more(const TextLines& file, int line, const Account& profile) {
  const auto of = [&](int first) { return value_of(file, hanlong_code(first + line - 7)); };
  Account out = profile;
  out.label = of(24100);
  out.user = of(24110);
  out.auth = of(24120);
  out.password = of(24130);
  out.name = of(24140);
  out.voicemail = of(24170);
  return out;
}

}  // namespace

PhoneAsConfigured read_hanlong(const PhoneFile& phone_file) {
  const auto file = hanlong_codes(phone_file.bytes);
  PhoneAsConfigured out;
  constexpr SixCodes active{"P271", "P401", "P501", "P601", "P20360", "P20361"};
  for (std::size_t at = 0; at < active.size(); ++at)
    if (value_of(file, active[at]) == "1") out.accounts[static_cast<std::uint16_t>(at + 1)] = hanlong_account(file, at);
  for (int line = 7; line <= 16; ++line)
    if (value_of(file, hanlong_code(24090 + line - 7)) == "1")
      out.accounts[static_cast<std::uint16_t>(line)] = hanlong_more(file, line, hanlong_account(file, 0));
  out.clock.ntp = value_of(file, "P30");
  out.clock.hours = word_for({{"1", "12"}, {"0", "24"}}, value_of(file, "P8624"));
  hanlong_keys(file, out);
  out.dial_plan = hanlong_dial_plan(value_of(file, "P4200"));
  put_settings(out, {{"language", word_for({{"0", "en"}, {"1", "fr"}, {"2", "de"}}, value_of(file, "P8621"))},
                     {"dial_timeout", value_of(file, "P85")},
                     {"syslog_server", value_of(file, "P207")},
                     {"admin_password", value_of(file, "P2")},
                     {"provisioning_user", value_of(file, "P1360")},
                     {"provisioning_password", value_of(file, "P1361")},
                     {"firmware_url", value_of(file, "P192")},
                     {"phonebook_url", value_of(file, "P4401")},
                     {"phonebook_name", value_of(file, "P3316")}});
  if (value_of(file, "P24053") == "1")
    put_settings(out, {{"vlan_id", value_of(file, "P51")}, {"vlan_priority", value_of(file, "P87")}});
  if (!value_of(file, "P5432").empty())
    put_settings(out, {{"ldap_server", value_of(file, "P5432")},
                       {"ldap_port", value_of(file, "P5433")},
                       {"ldap_base", value_of(file, "P5434")},
                       {"ldap_user", value_of(file, "P5435")},
                       {"ldap_password", value_of(file, "P5436")},
                       {"ldap_name_filter", value_of(file, "P5430")},
                       {"ldap_number_filter", value_of(file, "P5431")},
                       {"ldap_name_attributes", value_of(file, "P23136")},
                       {"ldap_number_attributes", value_of(file, "P23137")}});
  return out;
}

std::vector<Reader::Gap> hanlong_gaps(const PhoneFile&) {
  return {{"clock.offset", "a code of the phone's table"},
          {"clock.start", "the phone's table has the rule"},
          {"clock.end", "the phone's table has the rule"},
          {"clock.saving", "the phone's table has the rule"},
          {"dial.+*", "whether the plan's class takes + is not published"},
          {"provisioning_url", "the phone appends the name of its file"}};
}

}  // namespace strowger::phones
