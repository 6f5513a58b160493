#include "actors/provisioning/renderer.hpp"

#include "actors/provisioning/format_check.hpp"
#include "actors/provisioning/partials.hpp"
#include "actors/provisioning/taken_apart.hpp"
#include "actors/provisioning/template_lint.hpp"
#include "actors/provisioning/value_set.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <boost/json/value.hpp>
#include <sodium.h>

namespace strowger::provisioning {
namespace {

constexpr std::string_view kSuffix = ".template";

std::optional<std::string_view> find_built_in(std::span<const templates::File> files, std::string_view path) {
  for (const auto& file : files)
    if (file.path == path) return file.content;
  return std::nullopt;
}

// The entry of a file that phones share, which no model's name can be.
std::string common_key(std::string_view name) {
  return "/" + std::string(name);
}

std::string_view name_of(const Model* model) {
  return model != nullptr ? std::string_view(model->name) : std::string_view();
}

// Values that break what can be broken (a line, a tag, an attribute, a comment), on a phone with `round`th choices of
// everything; round 0: nothing is set.
DeviceValues hostile(const std::string& text, std::size_t round, const VendorValues& vendor) {
  DeviceValues values;
  values.server = {text, 5060, text, text};
  values.number = ExtensionNumber::parse("1001").value();
  values.name = values.password = values.label = text;
  values.mac = MacAddress::from_bits(0x001565123456);
  values.config_url =
      round % 2 == 1 ? "https://192.0.2.1/provision/001565123456.cfg" : "http://192.0.2.1:8080/a-b/" + text;
  if (round == 0) return values;
  values.more_lines.push_back({2, ExtensionNumber::parse("*1002").value(), text, text, text});
  for (const auto& type : setting_types()) {
    auto& value = values.phone.set[std::string(type.name)];
    if (type.kind == SettingKind::choice || type.kind == SettingKind::codecs)
      value = type.choices[(round - 1) % type.choices.size()];
    else if (type.kind == SettingKind::timezone)
      value = std::array{"Europe/Berlin", "UTC", "America/New_York"}[round % 3];
    else if (type.kind == SettingKind::dial_plan)
      value = std::array{"112!,.", "*8!,[2-4]xx!,0.", "."}[round % 3];
    else if (type.kind == SettingKind::number)
      value = std::to_string(type.least);
    else
      value = text;
  }
  std::uint16_t number = 1;
  for (const auto& [type, code] : vendor.key_codes()) {
    values.phone.keys[number] = {type, text, round % 2 == 0 ? text : "",
                                 round % 2 == 0 ? std::uint16_t{2} : std::uint16_t{0}, text};
    ++number;
  }
  return values;
}

constexpr std::size_t hostile_rounds = 5;

Result<void> prove(const Vendor& vendor, const Model* model, const TemplateText& text, const std::stop_token& stop) {
  for (const std::string value : {"plain", "two words", "--><x y='\"'>]]>&#0;\n#!k = v\n<", "--", "-", ""}) {
    for (std::size_t round = 0; round < (model != nullptr ? hostile_rounds : 2); ++round) {
      const auto device = hostile(value, round, *vendor.values);
      ValueSet values(device.server, device.config_url, name_of(model));
      // A device of which nothing is set has lines and keys that are free.
      const ModelKind kind = round == 0 ? ModelKind{vendor.values, 3, 4} : ModelKind{vendor.values, {}, {}};
      if (model != nullptr) values.add_device(device, kind);
      const auto filled = text.fill(values.values(), stop);
      if (!filled) return filled.error();
      const auto fine = check_format(vendor.format, vendor.first_line, filled->bytes, stop);
      if (fine) continue;
      auto fault = fine.error();
      if (fault.code != "bad_output") {
        fault.message = text.name() + ": " + fault.message;
        return fault;
      }
      const auto line = fault.details.at("line").to_number<std::size_t>();
      return template_fault(text.name(), line,
                            fault.message + (value == "plain" ? "" : " (with the value '" + value + "')"));
    }
  }
  return {};
}

// A phone that is given another password than the server's never registers, and nobody would know why.
Result<void> check_passwords(Format format, std::string_view vendor, const DeviceValues& device) {
  const auto fine = [&](const std::string& password) { return can_hold(format, password); };
  if (fine(device.password) && std::all_of(device.more_lines.begin(), device.more_lines.end(),
                                           [&](const auto& line) { return fine(line.password); }))
    return {};
  return unacceptable("unwritable_password", "files of " + std::string(vendor) +
                                                 " phones cannot hold a SIP password with a double quote; give the "
                                                 "extension another one");
}

// As other systems' editors leave a text: with a byte order mark, with CRLF. Phones want neither.
std::string without_editor_marks(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 >= text.size() || text[i + 1] != '\n') out.push_back(text[i]);
  return out;
}

Result<TemplateText> checked(const Vendor& vendor, const Model* model, std::string name, std::string_view text,
                             const std::stop_token& stop = {}) {
  const auto known = model != nullptr ? Vocabulary::device(*vendor.values) : Vocabulary::common();
  auto parsed = TemplateText::parse(std::move(name), vendor.format, without_editor_marks(text), known, stop);
  if (!parsed) return parsed.error();
  if (const auto done = prove(vendor, model, *parsed, stop); !done) return done.error();
  return parsed;
}

std::shared_ptr<const Coverage> coverage_of(const Vendor& vendor, const TemplateText& text) {
  return std::make_shared<const Coverage>(text.names(), *vendor.values);
}

Result<Rendered> finish(const std::string& content_type, const TemplateText& text, const ValueSet& values, bool custom,
                        const std::stop_token& stop = {}) {
  Rendered out;
  auto filled = text.fill(values.values(), stop);
  if (!filled) return filled.error();
  out.bytes = std::move(filled->bytes);
  out.holds_secret = filled->took_secret || (custom && tells_secret(text.format(), out.bytes, stop));
  out.content_type = content_type;
  out.etag = etag_of(out.bytes);
  out.template_name = text.name();
  return out;
}

}  // namespace

std::string etag_of(std::string_view bytes) {
  static_assert(sizeof(char) == sizeof(unsigned char));
  std::array<unsigned char, 16> hash{};
  const auto* data = static_cast<const unsigned char*>(static_cast<const void*>(bytes.data()));
  crypto_generichash(hash.data(), hash.size(), data, bytes.size(), nullptr, 0);
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const auto byte : hash) {
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  out.push_back('"');
  return out;
}

Result<TemplateText> check_template(const Vendor& vendor, const Model& model, std::string name, std::string_view text,
                                    const std::stop_token& stop) {
  return checked(vendor, &model, std::move(name), text, stop);
}

Result<Rendered> render_from(const TemplateInForce& source, const DeviceValues& device, const std::stop_token& stop) {
  if (const auto held = check_passwords(source.format, source.vendor, device); !held) return held.error();
  const auto known = Vocabulary::device(*source.kind.values);
  const auto text = TemplateText::parse(source.name, source.format, source.text, known, stop);
  if (!text) return text.error();
  ValueSet values(device.server, device.config_url, source.model_name);
  values.add_device(device, source.kind);
  return finish(source.content_type, *text, values, source.custom, stop);
}

void DeviceValues::wipe() {
  const auto clear = [](std::string& secret) { sodium_memzero(secret.data(), secret.size()); };
  clear(password);
  clear(token);
  for (auto& line : more_lines) clear(line.password);
  for (auto& [setting, value] : phone.set)
    if (const auto* type = find_setting(setting); type != nullptr && type->kind == SettingKind::secret) clear(value);
}

std::uint16_t line_limit(const ModelKind& kind) {
  constexpr std::uint16_t unknown = 64;
  std::size_t most = kind.lines.value_or(unknown);
  for (const auto& [name, codes] : kind.values->per_line()) most = std::min(most, codes.size());
  return static_cast<std::uint16_t>(most);
}

ModelKind Renderer::Entry::kind() const {
  return model == nullptr ? ModelKind{vendor->values, {}, {}} : ModelKind{vendor->values, model->lines, model->keys};
}

Result<Renderer::Made> Renderer::make(const VendorCatalog& catalog, std::span<const CustomTemplate> custom,
                                      std::span<const templates::File> built_in) {
  auto renderer = std::shared_ptr<Renderer>(new Renderer(catalog));
  struct Family {
    TemplateText text;
    std::shared_ptr<const Coverage> coverage;
  };
  std::map<std::string, Family> read;  // by path: a family's models share one
  const auto add = [&](const Vendor& vendor, const Model* model, const std::string& path,
                       const std::string& key) -> Result<void> {
    auto found = read.find(path);
    if (found == read.end()) {
      const auto text = find_built_in(built_in, path);
      if (!text) return internal_error("no template " + path + " was built in");
      const auto whole = with_partials(path, *text, built_in);
      if (!whole) return whole.error();
      auto parsed = checked(vendor, model, path, *whole);
      if (!parsed) return parsed.error();
      auto coverage = coverage_of(vendor, *parsed);
      found = read.emplace(path, Family{std::move(*parsed), std::move(coverage)}).first;
    }
    renderer->entries_.emplace(Key{vendor.vendor, key},
                               Entry{&vendor, model, found->second.text, false, found->second.coverage});
    return {};
  };
  for (const auto& vendor : catalog.vendors()) {
    for (const auto& model : vendor.models)
      if (auto added = add(vendor, &model, model.template_file, model.model); !added) return added.error();
    // What is no model's is a file that phones share.
    const auto folder = vendor.vendor + "/";
    for (const auto& file : built_in) {
      if (!file.path.starts_with(folder) || !file.path.ends_with(kSuffix) || read.contains(std::string(file.path)))
        continue;
      const auto name = file.path.substr(folder.size(), file.path.size() - folder.size() - kSuffix.size());
      if (auto added = add(vendor, nullptr, std::string(file.path), common_key(name)); !added) return added.error();
    }
  }

  std::vector<Error> refused;
  const auto replace = [&](const CustomTemplate& file) -> Result<void> {
    const auto names = split_template_name(file.name);
    if (!names) return names.error();
    const auto vendor = catalog.vendor(names->first);
    if (!vendor) return vendor.error();
    const auto model = catalog.model(**vendor, names->second);
    if (!model) return model.error();
    auto parsed = checked(**vendor, *model, file.name, file.text);
    if (!parsed) return parsed.error();
    const auto key = Key{(*vendor)->vendor, (*model)->model};
    auto coverage = coverage_of(**vendor, *parsed);
    renderer->entries_.insert_or_assign(key, Entry{*vendor, *model, std::move(*parsed), true, std::move(coverage)});
    return {};
  };
  for (const auto& file : custom) {
    if (auto replaced = replace(file); !replaced) {
      auto error = replaced.error();
      if (error.message.find(file.name) == std::string::npos) error.message = file.name + ": " + error.message;
      refused.push_back(std::move(error).with("file", boost::json::value(file.name)));
    }
  }
  return Made{std::move(renderer), std::move(refused)};
}

Result<std::shared_ptr<const Renderer>> Renderer::with(const Vendor& vendor, const Model& model,
                                                       const std::optional<CustomTemplate>& own,
                                                       const std::stop_token& stop) const {
  const auto built_in = find_built_in(templates::files(), model.template_file);
  if (!own && !built_in) return internal_error("no template " + model.template_file + " was built in");
  const auto whole =
      own ? Result<std::string>(own->text) : with_partials(model.template_file, *built_in, templates::files());
  if (!whole) return whole.error();
  auto parsed = checked(vendor, &model, own ? own->name : model.template_file, *whole, stop);
  if (!parsed) return parsed.error();
  auto out = std::shared_ptr<Renderer>(new Renderer(*this));
  auto covered = coverage_of(vendor, *parsed);
  out->entries_.insert_or_assign(Key{vendor.vendor, model.model},
                                 Entry{&vendor, &model, std::move(*parsed), own.has_value(), std::move(covered)});
  return std::shared_ptr<const Renderer>(std::move(out));
}

Result<const Renderer::Entry*> Renderer::entry(std::string_view vendor, std::string_view model) const {
  const auto missing = [&] {
    return not_found("template_not_found",
                     "Template not found for " + utf8::clip(vendor, 64) + " " + utf8::clip(model, 64));
  };
  const auto* known_vendor = catalog_->find_vendor(vendor);
  if (known_vendor == nullptr) return missing();
  const auto* known_model = VendorCatalog::find_model(*known_vendor, model);
  if (known_model == nullptr) return missing();
  const auto found = entries_.find(Key{known_vendor->vendor, known_model->model});
  if (found == entries_.end()) return missing();
  return &found->second;
}

Result<Rendered> Renderer::render(std::string_view vendor, std::string_view model, const DeviceValues& device) const {
  const auto found = entry(vendor, model);
  if (!found) return found.error();
  const auto& whose = *(*found)->vendor;
  if (const auto held = check_passwords(whose.format, whose.name, device); !held) return held.error();
  ValueSet values(device.server, device.config_url, name_of((*found)->model));
  values.add_device(device, (*found)->kind());
  return finish((*found)->vendor->content_type, (*found)->text, values, (*found)->custom);
}

Result<Rendered> Renderer::render_common(std::string_view vendor, const ServerValues& server,
                                         const std::string& config_url, std::string_view name) const {
  const auto* known = catalog_->find_vendor(vendor);
  const auto found = known == nullptr ? entries_.end() : entries_.find(Key{known->vendor, common_key(name)});
  if (found == entries_.end())
    return not_found("template_not_found", "Phones of '" + utf8::clip(vendor, 64) + "' have no common file here");
  const ValueSet values(server, config_url, {});
  return finish(found->second.vendor->content_type, found->second.text, values, found->second.custom);
}

std::vector<Renderer::TemplateInfo> Renderer::templates() const {
  std::vector<TemplateInfo> out;
  for (const auto& [key, entry] : entries_)
    if (entry.model != nullptr)
      out.push_back({key.first, key.second, entry.text.name(), entry.text.text(), entry.custom});
  return out;
}

std::vector<TemplateInForce> Renderer::in_force() const {
  std::vector<TemplateInForce> out;
  for (const auto& [key, entry] : entries_)
    if (entry.model != nullptr)
      out.push_back({key.first, key.second, entry.text.name(), entry.custom, entry.vendor->format,
                     entry.vendor->content_type, entry.model->name, entry.text.text(), entry.kind()});
  return out;
}

Renderer::Covered Renderer::coverage(std::string_view vendor, std::string_view model) const {
  const auto found = entries_.find(Key{vendor, model});
  if (found == entries_.end() || found->second.coverage == nullptr) return {};
  return {found->second.coverage.get(), found->second.text.name()};
}

std::vector<FamilyCoverage> Renderer::families() const {
  std::map<Key, FamilyCoverage> by_template;
  for (const auto& [key, entry] : entries_) {
    if (entry.model == nullptr) continue;
    const auto& name = entry.text.name();
    auto& family =
        by_template.try_emplace(Key{key.first, name}, FamilyCoverage{key.first, name, entry.custom, {}, entry.coverage})
            .first->second;
    family.models.push_back(key.second);
  }
  std::vector<FamilyCoverage> out;
  out.reserve(by_template.size());
  for (auto& [key, family] : by_template) out.push_back(std::move(family));
  return out;
}

Result<Renderer::TemplateInfo> Renderer::find(std::string_view vendor, std::string_view model) const {
  const auto found = entry(vendor, model);
  if (!found) return found.error();
  const auto& entry = **found;
  return TemplateInfo{entry.vendor->vendor, entry.model->model, entry.text.name(), entry.text.text(), entry.custom};
}

}  // namespace strowger::provisioning
