#include "actors/provisioning/vendor_values.hpp"

#include "actors/provisioning/phone_settings.hpp"
#include "actors/provisioning/recorded.hpp"
#include "actors/provisioning/vocabulary.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace strowger::provisioning {
namespace {

namespace bj = boost::json;

constexpr std::string_view zones_path = "timezones.json";

std::string_view file(std::span<const templates::File> files, std::string_view path) {
  for (const auto& one : files)
    if (one.path == path) return one.content;
  return {};
}

[[noreturn]] void wrong(const std::string& what) {
  throw std::invalid_argument(what);
}

VendorValues::Named named(const bj::object& object) {
  VendorValues::Named out;
  for (const auto& [key, value] : object) out.emplace_back(std::string(key), bj::value_to<std::string>(value));
  return out;
}

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// May stand in a key or an element's name.
bool is_word(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

VendorValues::Codes codes(const bj::object& object) {
  VendorValues::Codes out;
  for (const auto& [name, values] : object) {
    out.emplace_back(std::string(name), bj::value_to<std::vector<std::string>>(values));
    if (!is_name(out.back().first)) wrong("'" + out.back().first + "' is no name of a placeholder");
    for (const auto& code : out.back().second)
      if (!code.empty() && !is_word(code)) wrong("'" + code + "' of " + out.back().first + " cannot stand in a key");
  }
  return out;
}

VendorValues::Tables tables(const bj::object& object) {
  VendorValues::Tables out;
  for (const auto& [name, table] : object) {
    out.emplace_back(std::string(name), named(table.as_object()));
    if (!is_name(out.back().first)) wrong("'" + out.back().first + "' is no name of a placeholder");
  }
  return out;
}

void check_key_type(const std::string& name) {
  if (std::none_of(key_kinds().begin(), key_kinds().end(), [&](const auto& k) { return k.name == name; }))
    wrong("'" + name + "' is no type of key");
}

void check_setting(const std::string& name) {
  if (find_setting(name) == nullptr) wrong("'" + name + "' is no setting");
}

}  // namespace

std::span<const std::string_view> timezone_names() {
  static const auto names = [] {
    static const auto table = bj::parse(file(templates::files(), zones_path));
    std::vector<std::string_view> out;
    for (const auto& member : table.as_object()) out.emplace_back(member.key().data(), member.key().size());
    std::sort(out.begin(), out.end());
    return out;
  }();
  return names;
}

Result<std::shared_ptr<const VendorValues>> VendorValues::built_in(std::string_view vendor,
                                                                   std::span<const templates::File> files) {
  const auto path = std::string(vendor) + "/values.json";
  auto values = file(files, path);
  auto zones = file(files, zones_path);
  if (values.empty()) values = "{}";
  if (zones.empty()) zones = "{}";
  auto made = parse("{\"timezones\":" + std::string(zones) + ",\"values\":" + std::string(values) + "}");
  if (!made) return malformed("bad_vendor_table", path + ": " + made.error().message);
  return made;
}

const std::shared_ptr<const VendorValues>& VendorValues::none() {
  static const std::shared_ptr<const VendorValues> empty(new VendorValues());
  return empty;
}

Result<std::shared_ptr<const VendorValues>> VendorValues::parse(std::string text) {
  if (text.empty()) return none();
  std::shared_ptr<VendorValues> out(new VendorValues());
  try {
    const auto document = bj::parse(text);
    for (const auto& [name, rule] : document.at("timezones").as_object())
      out->zones_.emplace(name, bj::value_to<std::string>(rule));
    for (const auto& [member, value] : document.at("values").as_object()) {
      const std::string key(member);
      if (key == "defaults") {
        for (auto& [setting, fallback] : named(value.as_object())) {
          check_setting(setting);
          out->defaults_.emplace(setting, fallback);
        }
      } else if (key == "maps") {
        for (const auto& [setting, map] : value.as_object()) {
          check_setting(std::string(setting));
          auto& to = out->maps_[std::string(setting)];
          for (auto& [ours, theirs] : named(map.as_object())) to.emplace(ours, theirs);
        }
      } else if (key == "map_tables") {
        for (const auto& [table, tables_maps] : value.as_object()) {
          const std::string called(table);
          if (!is_name(called)) wrong("'" + called + "' is no name of a placeholder");
          for (const auto& [setting, map] : tables_maps.as_object()) {
            check_setting(std::string(setting));
            for (auto& [ours, theirs] : named(map.as_object()))
              out->map_tables_[called][std::string(setting)].emplace(ours, theirs);
          }
        }
      } else if (key == "timezone_offsets") {
        for (auto& [minutes, theirs] : named(value.as_object())) out->offsets_.emplace(minutes, theirs);
      } else if (key == "codecs") {
        out->codecs_ = named(value.as_object());
        for (const auto& [ours, theirs] : out->codecs_)
          if (!is_word(theirs)) wrong("codec '" + theirs + "' cannot stand in a key");
      } else if (key == "codec_separator") {
        out->codec_separator_ = bj::value_to<std::string>(value);
      } else if (key == "codec_slots") {
        out->codec_slots_ = bj::value_to<std::size_t>(value);
      } else if (key == "keys") {
        out->keys_ = named(value.as_object());
        for (const auto& [ours, theirs] : out->keys_) check_key_type(ours);
      } else if (key == "codec_tables") {
        out->codec_tables_ = tables(value.as_object());
      } else if (key == "key_tables") {
        out->key_tables_ = tables(value.as_object());
        for (const auto& [table, codes_of_it] : out->key_tables_)
          for (const auto& [ours, theirs] : codes_of_it) check_key_type(ours);
      } else if (key == "per_line") {
        out->per_line_ = codes(value.as_object());
      } else if (key == "per_key") {
        out->per_key_ = codes(value.as_object());
      } else if (key == "dial_plan") {
        out->dial_grammar_ = provisioning::dial_grammar(bj::value_to<std::string>(value));
        if (!out->dial_grammar_) wrong("'" + bj::value_to<std::string>(value) + "' is no grammar of dial plans");
      } else if (key == "reserved" || key == "doubled") {
        for (auto& [placeholder, signs] : named(value.as_object())) {
          if (!is_name(placeholder)) wrong("'" + placeholder + "' is no name of a placeholder");
          (key == "reserved" ? out->reserved_ : out->doubled_).emplace(placeholder, signs);
        }
      } else if (key == "sources" || key == "unproven") {
        (void)named(value.as_object());  // for readers
      } else if (key == "phonebook") {
        out->phonebook_ = bj::value_to<std::string>(value);
      } else {
        wrong("'" + key + "' is not known here");
      }
    }
  } catch (const std::exception& fault) {
    return malformed("bad_vendor_table", fault.what());
  }
  out->sha256_ = sha256_of(text);
  out->text_ = std::move(text);
  return std::shared_ptr<const VendorValues>(std::move(out));
}

std::string VendorValues::written(std::string_view setting, std::string_view value) const {
  const auto map = maps_.find(setting);
  if (map == maps_.end()) {
    const auto placeholder = capitals(setting);
    const auto signs = reserved_.find(placeholder);
    if (signs != reserved_.end() && value.find_first_of(signs->second) != std::string_view::npos) return {};
    return written_text(placeholder, std::string(value));
  }
  const auto found = map->second.find(value);
  return found == map->second.end() ? std::string() : found->second;
}

std::string VendorValues::written_timezone(std::string_view name, const TimeZone& zone) const {
  auto word = written("timezone", name);
  if (!word.empty() || offsets_.empty()) return word;
  const auto found = offsets_.find(std::to_string(zone.offset / 60));
  return found == offsets_.end() ? std::string() : found->second;
}

std::string VendorValues::written_text(std::string_view placeholder, std::string text) const {
  if (const auto signs = reserved_.find(placeholder); signs != reserved_.end())
    for (char& c : text)
      if (signs->second.find(c) != std::string::npos) c = ' ';
  const auto twice = doubled_.find(placeholder);
  if (twice == doubled_.end()) return text;
  std::string out;
  for (const char c : text) out.append(twice->second.find(c) == std::string::npos ? 1 : 2, c);
  return out;
}

std::string VendorValues::fallback(std::string_view setting) const {
  if (const auto own = defaults_.find(setting); own != defaults_.end()) return own->second;
  const auto* type = find_setting(setting);
  return type == nullptr ? std::string() : std::string(type->fallback);
}

std::optional<TimeZone> VendorValues::timezone(std::string_view name) const {
  const auto found = zones_.find(name);
  if (found == zones_.end()) return std::nullopt;
  auto zone = TimeZone::parse(found->second);
  if (!zone) return std::nullopt;
  return std::move(*zone);
}

const std::string* VendorValues::key_code(std::string_view type) const {
  for (const auto& [ours, theirs] : keys_)
    if (ours == type) return &theirs;
  return nullptr;
}

}  // namespace strowger::provisioning
