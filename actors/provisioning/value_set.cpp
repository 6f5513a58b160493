#include "actors/provisioning/value_set.hpp"

#include "actors/provisioning/dial_plan.hpp"
#include "actors/provisioning/dialled.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

namespace strowger::provisioning {
namespace {

constexpr std::size_t most_codec_slots = 8;
constexpr std::size_t flagged_choices = 4;  // as in vocabulary.cpp

std::vector<std::string_view> parts_of(std::string_view list) {
  std::vector<std::string_view> out;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    out.push_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return out;
}

// The names of settings' placeholders, made once.
struct SettingNames {
  const SettingType* type;
  std::string name;
  std::vector<std::string> flags;  // one a choice; of a URL its path and whether it is https; of a host with brackets
};
const std::vector<SettingNames>& setting_names() {
  static const auto table = [] {
    std::vector<SettingNames> out;
    for (const auto& type : setting_types()) {
      if (type.kind == SettingKind::codecs) continue;
      SettingNames names{&type, capitals(type.name), {}};
      if (type.kind == SettingKind::host) names.flags = {names.name + "_HOST"};
      if (type.kind == SettingKind::url) names.flags = {names.name + "_PATH", names.name + "_HTTPS"};
      if (type.kind == SettingKind::choice && type.choices.size() <= flagged_choices)
        for (const auto& choice : type.choices) names.flags.push_back(names.name + "_" + capitals(choice));
      out.push_back(std::move(names));
    }
    return out;
  }();
  return table;
}

const std::vector<std::pair<std::string_view, std::string>>& key_flags() {
  static const auto table = [] {
    std::vector<std::pair<std::string_view, std::string>> out;
    for (const auto& kind : key_kinds()) out.emplace_back(kind.name, "KEY_IS_" + capitals(kind.name));
    return out;
  }();
  return table;
}

// What a phone is told of a key: the number that it dials, or the value as it is.
std::string key_value(const PhoneKey& key) {
  const auto kind = std::ranges::find(key_kinds(), std::string_view(key.type), &KeyKind::name);
  return kind != key_kinds().end() && kind->dials ? dialled(key.value) : key.value;
}

// An IPv6 address as it stands in front of a port; a name and what has brackets are as they were.
std::string bracketed(std::string_view host) {
  const bool bare = host.find(':') != std::string_view::npos && !host.starts_with('[');
  return bare ? "[" + std::string(host) + "]" : std::string(host);
}

std::string two_digits(int number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

std::string scope_of(std::string_view list, std::size_t number) {
  return std::string(list) + "[" + std::to_string(number) + "]";
}

}  // namespace

ValueSet::ValueSet(const ServerValues& server, const std::string& config_url, std::string_view model_name)
    : parts_(url_parts(config_url)) {
  values_.reserve(128);
  add("SIP_SERVER", server.sip_server);
  add("SIP_HOST", keep(bracketed(server.sip_server)));
  add("SIP_PORT", keep(std::to_string(server.sip_port)));
  add("SIP_REALM", server.sip_realm);
  add("SERVER_NAME", server.server_name);
  const bool secret = has_credentials(config_url);
  add("CONFIG_URL", config_url, secret);
  add("CONFIG_BASE_URL", parts_.base, secret);
  add("CONFIG_BASE_PATH", parts_.path, secret);
  add("CONFIG_HOST", parts_.host, secret);
  add("CONFIG_PORT", parts_.port);
  add("CONFIG_FOLDER", parts_.folder, secret);
  add_flag("CONFIG_HTTPS", parts_.https);
  add("MODEL_NAME", model_name);
}

void ValueSet::add_device(const DeviceValues& device, const ModelKind& kind) {
  if (!device.token.empty())  // it is a part of the URL
    for (auto& value : values_) value.secret = value.secret || value.name.starts_with("CONFIG_");
  add("MAC", keep(device.mac.text()));
  add("MAC_UPPER", keep(device.mac.upper()));
  add_lines(device, kind);
  add_settings(device.mac, device.phone, *kind.values);
  add_keys(device.phone, kind);
}

void ValueSet::add_codes(Item& item, const std::vector<std::string_view>& names, const VendorValues::Codes& tables,
                         std::size_t number) {
  auto name = names.begin();
  for (const auto& [code, each] : tables)
    item.values.push_back({*name++, number <= each.size() ? std::string_view(each[number - 1]) : ""});
}

void ValueSet::add_lines(const DeviceValues& device, const ModelKind& kind) {
  ValueList list{"LINES", {}};
  const auto line_names = names_of("LINE_", kind.values->per_line());
  const auto add_line = [&](std::uint16_t line, const ExtensionNumber& number, const std::string& name,
                            const std::string& password, const std::string& label) {
    if (line > line_limit(kind)) return;
    const auto shown = name.empty() ? std::string_view(number.text()) : std::string_view(name);
    Item item{scope_of("LINES", line), {}};
    item.values = {{"LINE", keep(std::to_string(line))},
                   {"LINE_FIRST", line == 1 ? "1" : ""},
                   {"LINE_LABEL", label.empty() ? shown : std::string_view(label)},
                   {"EXTENSION_NUMBER", number.text()},
                   {"EXTENSION_NAME", shown},
                   {"EXTENSION_PASSWORD", password, true}};
    lines_.push_back({line, item.values[2].value});
    // Line 1's are those of the whole file.
    if (line == 1) values_.insert(values_.end(), item.values.begin() + 2, item.values.end());
    add_codes(item, line_names, kind.values->per_line(), line);
    list.items.push_back(std::move(item));
  };
  add_line(1, device.number, device.name, device.password, device.label);
  for (const auto& line : device.more_lines) add_line(line.line, line.number, line.name, line.password, line.label);
  lists_.push_back(std::move(list));
  add_free_lines(kind);
}

// Those that the phone has and nobody uses: what a file says of them takes away what an earlier one gave them.
void ValueSet::add_free_lines(const ModelKind& kind) {
  ValueList list{"LINES_OFF", {}};
  const auto line_names = names_of("LINE_", kind.values->per_line());
  const bool known = kind.lines.has_value() || !kind.values->per_line().empty();
  const std::uint16_t last = known ? line_limit(kind) : 0;
  for (std::uint16_t line = 1; line <= last; ++line) {
    if (std::any_of(lines_.begin(), lines_.end(), [&](const Line& used) { return used.line == line; })) continue;
    Item item{scope_of("LINES_OFF", line), {{"LINE", keep(std::to_string(line))}}};
    add_codes(item, line_names, kind.values->per_line(), line);
    list.items.push_back(std::move(item));
  }
  lists_.push_back(std::move(list));
}

void ValueSet::add_settings(const MacAddress& mac, const PhoneValues& phone, const VendorValues& vendor) {
  for (const auto& names : setting_names()) {
    const auto& type = *names.type;
    const auto set = phone.set.find(type.name);
    auto value = set != phone.set.end() ? set->second : vendor.fallback(type.name);
    if (type.kind == SettingKind::url && value == own_phonebook) value = phonebook_url(mac, vendor);
    if (type.kind == SettingKind::timezone) {
      add_timezone(value, vendor);
      continue;
    }
    if (type.kind == SettingKind::dial_plan) {
      add_dial_plan(value, phone, vendor);
      continue;
    }
    if (type.kind == SettingKind::host)
      add(names.flags[0], value.empty() ? std::string_view() : keep(bracketed(value)));
    const bool secret = type.kind == SettingKind::secret || (type.kind == SettingKind::url && has_credentials(value));
    add(names.name, value.empty() ? std::string_view() : keep(vendor.written(type.name, value)), secret);
    for (const auto& [table, maps] : vendor.map_tables())
      if (const auto map = maps.find(type.name); map != maps.end()) {
        const auto word = map->second.find(value);
        add(keep(names.name + "_" + table), word == map->second.end() ? "" : std::string_view(word->second));
      }
    if (type.kind == SettingKind::url) {
      const auto scheme = value.find("://");
      add(names.flags[0], scheme == std::string::npos ? std::string_view() : keep(value.substr(scheme + 3)), secret);
      add_flag(names.flags[1], value.starts_with("https://"));
      continue;
    }
    for (std::size_t i = 0; i < type.choices.size() && i < names.flags.size(); ++i)
      add_flag(names.flags[i], type.choices[i] == value);
    if (type.name == "register_expires")
      add("REGISTER_EXPIRES_MINUTES", keep(std::to_string((std::atoi(value.c_str()) + 59) / 60)));
  }
  const auto codecs = phone.set.find("codecs");
  const bool explicitly = codecs != phone.set.end();
  add_codecs(explicitly ? codecs->second : vendor.fallback("codecs"), explicitly, vendor);
}

void ValueSet::add_dial_plan(const std::string& neutral, const PhoneValues& phone, const VendorValues& vendor) {
  constexpr std::string_view usual_timer = "3";  // seconds, of phones that need a number
  const auto plan = parse_dial_plan(neutral);
  const auto theirs = vendor.dial_grammar() && plan ? written(*vendor.dial_grammar(), *plan) : WrittenDialPlan{};
  const auto set = phone.set.find("dial_timeout");
  const auto timer = set == phone.set.end() ? vendor.fallback("dial_timeout") : set->second;
  std::string timers;
  for (std::size_t i = 0; i < theirs.segments; ++i)
    timers.append(timers.empty() ? "" : "|").append(timer.empty() ? usual_timer : std::string_view(timer));
  add("DIAL_PLAN", keep(theirs.text));
  ValueList rules{"DIAL_RULES", {}};
  ValueList free{"DIAL_RULES_OFF", {}};
  for (std::size_t number = 1; vendor.dial_grammar() && number <= most_dial_rules; ++number) {
    const bool used = number <= theirs.rules.size();
    auto& list = used ? rules : free;
    Item item{scope_of(list.name, number), {{"DIAL_RULE_NUMBER", keep(std::to_string(number))}}};
    if (used) item.values.push_back({"DIAL_RULE", keep(theirs.rules[number - 1])});
    list.items.push_back(std::move(item));
  }
  lists_.push_back(std::move(rules));
  lists_.push_back(std::move(free));
  add("DIAL_PLAN_TIMEOUTS", keep(std::move(timers)));
}

// Of the phone book of this server.
std::string ValueSet::phonebook_url(const MacAddress& mac, const VendorValues& vendor) const {
  constexpr std::string_view place = "{mac}";
  if (!vendor.phonebook()) return {};
  auto file = *vendor.phonebook();
  if (const auto at = file.find(place); at != std::string::npos) file.replace(at, place.size(), mac.text());
  return parts_.base + "/" + file;
}

void ValueSet::add_codecs(const std::string& chosen, bool explicitly, const VendorValues& vendor) {
  const auto theirs = [&](std::string_view ours) -> std::string_view {
    if (vendor.codecs().empty()) return ours;
    for (const auto& [name, code] : vendor.codecs())
      if (name == ours) return code;
    return {};
  };
  const auto item = [&](std::string_view list, std::string_view code, std::size_t priority) {
    return Item{
        scope_of(list, priority),
        {{"CODEC", code}, {"CODEC_PRIORITY", keep(std::to_string(priority))}, {"CODEC_ON", priority > 0 ? "1" : ""}}};
  };
  ValueList on{"CODECS", {}};
  ValueList off{"CODECS_OFF", {}};
  ValueList all{"ALL_CODECS", {}};
  std::vector<std::string_view> codes;
  std::string joined;
  // Where its phones know none of those that are chosen they keep the usual ones: better than no audio.
  auto wanted = parts_of(keep(chosen));
  if (std::all_of(wanted.begin(), wanted.end(), [&](auto ours) { return theirs(ours).empty(); }))
    wanted = parts_of(keep(vendor.fallback("codecs")));
  for (const auto ours : wanted) {
    const auto code = theirs(ours);
    if (code.empty()) continue;  // its phones do not know it
    codes.push_back(keep(std::string(code)));
    joined += (joined.empty() ? "" : vendor.codec_separator()) + std::string(code);
    on.items.push_back(item("CODECS", codes.back(), codes.size()));
  }
  const auto priority_of = [&](std::string_view code) {
    const auto found = std::find(codes.begin(), codes.end(), code);
    return found == codes.end() ? std::size_t{0} : static_cast<std::size_t>(found - codes.begin()) + 1;
  };
  for (const auto ours : parts_of(keep(vendor.fallback("codecs")))) {
    const auto code = keep(std::string(theirs(ours)));
    if (!code.empty() && priority_of(code) == 0) off.items.push_back(item("CODECS_OFF", code, 0));
  }
  for (const auto& [ours, code] : vendor.codecs()) all.items.push_back(item("ALL_CODECS", code, priority_of(code)));

  add_codec_slots("CODEC_", codes, vendor.codec_slots());
  add_codec_tables(chosen, vendor);
  add("CODEC_LIST", keep(std::move(joined)));
  add_flag("CODECS_SET", explicitly);
  lists_.push_back(std::move(on));
  lists_.push_back(std::move(off));
  lists_.push_back(std::move(all));
}

// The first `slots` are always filled, with the last codec where there are fewer: a choice that is left empty keeps
// what the phone had there.
void ValueSet::add_codec_slots(const std::string& prefix, const std::vector<std::string_view>& codes,
                               std::size_t slots) {
  const std::size_t filled = codes.empty() ? 0 : std::max(codes.size(), slots);
  for (std::size_t i = 0; i < most_codec_slots; ++i)
    add(keep(prefix + std::to_string(i + 1)), i < filled ? codes[std::min(i, codes.size() - 1)] : std::string_view());
}

// As the codecs themselves: of what is chosen those that the phones know, else of the usual ones.
void ValueSet::add_codec_tables(const std::string& chosen, const VendorValues& vendor) {
  for (const auto& [table, words_of_it] : vendor.codec_tables()) {
    const auto known = [&words = words_of_it](std::string_view list) {
      std::vector<std::string_view> out;
      for (const auto ours : parts_of(list))
        for (const auto& [name, word] : words)
          if (name == ours) out.emplace_back(word);
      return out;
    };
    auto codes = known(chosen);
    if (codes.empty()) codes = known(vendor.fallback("codecs"));
    add_codec_slots("CODEC_" + table + "_", codes, vendor.codec_slots());
  }
}

void ValueSet::add_timezone(const std::string& name, const VendorValues& vendor) {
  const auto zone = name.empty() ? std::nullopt : vendor.timezone(name);
  add("TIMEZONE", zone ? keep(name) : "");
  add("TIMEZONE_NAME", zone ? keep(vendor.written_timezone(name, *zone)) : "");
  add("TIMEZONE_OFFSET", zone ? keep(zone->hours()) : "");
  add("TIMEZONE_OFFSET_SECONDS", zone ? keep(std::to_string(zone->offset)) : "");
  add("TIMEZONE_OFFSET_QUARTERS", zone ? keep(std::to_string(zone->offset / 900)) : "");
  add("TIMEZONE_OFFSET_MINUTES", zone ? keep(std::to_string(zone->offset / 60)) : "");
  add("TIMEZONE_WEST_MINUTES", zone ? keep(std::to_string(-zone->offset / 60)) : "");
  add("TIMEZONE_OFFSET_CLOCK", zone ? keep(zone->clock()) : "");
  add("TIMEZONE_GMT", zone ? keep(zone->gmt()) : "");
  add("TIMEZONE_POSIX", zone ? keep(zone->posix) : "");
  const bool summer = zone && zone->summer;
  add_flag("DST", summer);
  add("DST_SAVING_MINUTES", summer ? keep(std::to_string(zone->summer->saving / 60)) : "");
  add("DST_SAVING_SECONDS", summer ? keep(std::to_string(zone->summer->saving)) : "");
  add_change("DST_START_", summer ? &zone->summer->start : nullptr);
  add_change("DST_END_", summer ? &zone->summer->end : nullptr);
}

void ValueSet::add_change(std::string_view prefix, const ClockChange* change) {
  const auto put = [&](std::string_view part, int number, bool there = true) {
    add(keep(std::string(prefix).append(part)), change != nullptr && there ? keep(std::to_string(number)) : "");
  };
  const ClockChange none;
  const auto& dated = change != nullptr ? *change : none;
  const auto at = dated.by_week();
  put("MONTH", at.month);
  put("WEEK", at.week());
  put("WEEK_DATE", at.date, !at.last());
  put("LAST", 1, at.last());
  put("WEEKDAY", at.weekday);
  put("WEEKDAY1", at.weekday + 1);
  put("WEEKDAY7", at.weekday == 0 ? 7 : at.weekday);
  put("HOUR", at.hour);
  put("MINUTE", at.minute);
  put("DATE", dated.date, !dated.last());
  put("DATE_WEEKDAY7", dated.weekday == 0 ? 7 : dated.weekday);
  put("DATE_HOUR", dated.hour);
  put("DATE_MINUTE", dated.minute);
  constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const auto put_text = [&](std::string_view part, std::string text) {
    add(keep(std::string(prefix).append(part)), change != nullptr ? keep(std::move(text)) : "");
  };
  put_text("MONTH_NAME", std::string(months[at.month - 1]));
  put_text("WEEKDAY_NAME", std::string(days[at.weekday]));
  put_text("MONTH_2", two_digits(at.month));
  put_text("WEEK_2", two_digits(at.week()));
  put_text("WEEKDAY7_2", two_digits(at.weekday == 0 ? 7 : at.weekday));
  put_text("TIME", two_digits(at.hour) + ":" + two_digits(at.minute) + ":00");
}

void ValueSet::add_keys(const PhoneValues& phone, const ModelKind& kind) {
  const auto& vendor = *kind.values;
  std::map<std::uint16_t, const PhoneKey*> keys;
  std::deque<PhoneKey> own;
  for (const auto& line : lines_) keys[line.line] = &own.emplace_back(PhoneKey{"line", {}, {}, line.line, {}});
  for (const auto& [number, key] : phone.keys) keys[number] = &key;

  ValueList list{"KEYS", {}};
  std::map<std::uint16_t, Item> all;
  const auto key_names = names_of("KEY_", vendor.per_key());
  const auto table_names = names_of("KEY_TYPE_", vendor.key_tables());
  // What is dialled to take a call counts for each key that names no code of its own.
  const auto code_set = phone.set.find("pickup_code");
  const auto pickup = code_set == phone.set.end() ? vendor.fallback("pickup_code") : code_set->second;
  std::set<std::uint16_t> written;
  std::map<std::string_view, std::size_t> indices;
  for (const auto& [number, key] : keys) {
    const auto* code = vendor.key_code(key->type);
    if (code == nullptr || (kind.keys && number > *kind.keys)) continue;
    const std::uint16_t on_line = key->line == 0 ? 1 : key->line;
    std::string_view label = key->label;
    if (label.empty()) label = key->value;
    if (label.empty() && key->type == "line")
      for (const auto& line : lines_)
        if (line.line == on_line) label = line.label;
    Item item{scope_of("KEYS", number), {}};
    item.values = {{"KEY", keep(std::to_string(number))},
                   {"KEY_TYPE", *code},
                   {"KEY_VALUE", keep(vendor.written_text("KEY_VALUE", key_value(*key)))},
                   {"KEY_LABEL", keep(vendor.written_text("KEY_LABEL", std::string(label)))},
                   {"KEY_LINE", keep(std::to_string(on_line))},
                   {"KEY_LINE_0", keep(std::to_string(on_line - 1))},
                   {"KEY_PICKUP", keep(key->pickup.empty() && key->type == "blf" ? pickup : key->pickup)},
                   {"KEY_INDEX", keep(std::to_string(++indices[*code]))},
                   {"KEY_SET", phone.keys.contains(number) ? "1" : ""}};
    for (const auto& [type, flag] : key_flags()) item.values.push_back({flag, type == key->type ? "1" : ""});
    std::size_t at = 0;
    for (const auto& [table, types] : vendor.key_tables()) {
      const auto found = std::ranges::find(types, key->type, &std::pair<std::string, std::string>::first);
      item.values.push_back({table_names[at++], found == types.end() ? "" : std::string_view(found->second)});
    }
    add_codes(item, key_names, vendor.per_key(), number);
    all.emplace(number, item);
    list.items.push_back(std::move(item));
    written.insert(number);
  }
  add_flag("KEYS_SET", !phone.keys.empty());
  lists_.push_back(std::move(list));

  // Those that the phone has and that do nothing, so that none keeps what it once did.
  ValueList free{"KEYS_OFF", {}};
  for (std::uint16_t number = 1; number <= kind.keys.value_or(0); ++number) {
    if (written.contains(number)) continue;
    Item item{scope_of("KEYS_OFF", number), {{"KEY", keep(std::to_string(number))}}};
    add_codes(item, key_names, vendor.per_key(), number);
    all.emplace(number, item);
    free.items.push_back(std::move(item));
  }
  lists_.push_back(std::move(free));
  ValueList ordered{"ALL_KEYS", {}};
  for (auto& [number, item] : all) ordered.items.push_back(std::move(item));
  lists_.push_back(std::move(ordered));
}

}  // namespace strowger::provisioning
