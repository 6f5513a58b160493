#include "actors/provisioning/vendor_catalog.hpp"

#include "actors/provisioning/file_table.hpp"
#include "events/nearest.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace strowger::provisioning {
namespace {

namespace json = boost::json;

std::string text_at(const json::object& object, std::string_view key) {
  return json::value_to<std::string>(object.at(key));
}

// None where the key is not there: most rows have no aliases.
template <class T>
std::vector<T> list(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? std::vector<T>{} : json::value_to<std::vector<T>>(*value);
}

std::vector<std::string> texts(const json::object& object, std::string_view key) {
  return list<std::string>(object, key);
}

std::optional<std::uint16_t> count(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return json::value_to<std::uint16_t>(*value);
}

std::uint32_t oui_of(const std::string& prefix) {
  const auto mac = MacAddress::parse(prefix + ":00:00:01");
  if (!mac) throw std::invalid_argument("'" + prefix + "' is not an address prefix such as 00:15:65");
  return mac->oui();
}

Format format_of(const std::string& name) {
  if (name == "text") return Format::text;
  if (name == "xml") return Format::xml;
  if (name == "colon") return Format::colon;
  if (name == "set") return Format::set;
  throw std::invalid_argument("format '" + name + "' is none of text, xml, colon and set");
}

Model model_from(const json::object& object, const json::object& family, const std::string& folder) {
  Model model;
  model.model = text_at(object, "model");
  if (model.model != squeezed(model.model))
    throw std::invalid_argument("model '" + model.model + "' is not written in lower-case letters and digits only");
  model.name = text_at(object, "name");
  model.family = text_at(family, "family");
  model.kind = text_at(family, "kind");
  model.lines = count(object, "lines");
  model.keys = count(object, "keys");
  model.sidecars = count(object, "sidecars");
  model.sidecar_keys = count(object, "sidecar_keys");
  model.hardware_ids = list<std::uint16_t>(object, "hardware_ids");
  for (const auto& alias : texts(object, "aliases")) model.aliases.push_back(squeezed(alias));
  model.template_file = folder + "/" + text_at(object.contains("template") ? object : family, "template") + ".template";
  return model;
}

void name_models(Vendor& vendor) {
  std::sort(vendor.models.begin(), vendor.models.end(),
            [](const Model& a, const Model& b) { return a.model < b.model; });
  const auto add = [&](const std::string& name, std::size_t model) {
    if (!vendor.model_names.emplace(name, model).second)
      throw std::invalid_argument("two models are called '" + name + "'");
  };
  for (std::size_t i = 0; i < vendor.models.size(); ++i) {
    add(vendor.models[i].model, i);
    for (const auto& alias : vendor.models[i].aliases) add(alias, i);
  }
}

// Throws what boost::json or we find wrong; parse() adds the file's name.
Vendor vendor_from(std::string_view content) {
  const auto document = json::parse(content);
  const auto& object = document.as_object();
  const auto& notify = object.at("notify").as_object();
  Vendor vendor;
  vendor.vendor = text_at(object, "vendor");
  vendor.name = text_at(object, "name");
  vendor.aliases = texts(object, "aliases");
  vendor.format = format_of(text_at(object, "format"));
  vendor.content_type = text_at(object, "content_type");
  vendor.first_line = text_at(object, "first_line");
  vendor.reboot_event = text_at(notify, "reboot");
  vendor.resync_event = text_at(notify, "resync");
  if (const auto* renames = notify.if_contains("resync_renames")) vendor.resync_renames = renames->as_bool();
  vendor.challenges_notify = notify.at("challenges").as_bool();
  vendor.url_macro = text_at(object, "url_macro");
  vendor.menu_path = text_at(object, "menu_path");
  for (const auto& prefix : texts(object, "ouis")) vendor.ouis.push_back(oui_of(prefix));
  vendor.model_prefixes = texts(object, "model_prefixes");
  vendor.model_suffixes = texts(object, "model_suffixes");
  for (const auto& family : object.at("families").as_array())
    for (const auto& model : family.at("models").as_array())
      vendor.models.push_back(model_from(model.as_object(), family.as_object(), vendor.vendor));
  name_models(vendor);
  return vendor;
}

bool drop_prefix(std::string& name, const std::string& prefix) {
  if (prefix.empty() || name.size() <= prefix.size() || name.compare(0, prefix.size(), prefix) != 0) return false;
  name.erase(0, prefix.size());
  return true;
}

bool drop_suffix(std::string& name, const std::string& suffix) {
  if (name.size() <= suffix.size() || !name.ends_with(suffix)) return false;
  name.resize(name.size() - suffix.size());
  return true;
}

std::vector<std::string> names_of(const Vendor& vendor) {
  std::vector<std::string> names{vendor.vendor};
  names.insert(names.end(), vendor.aliases.begin(), vendor.aliases.end());
  return names;
}

}  // namespace

std::string squeezed(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, 64)) {
    if (c >= 'A' && c <= 'Z') {
      out.push_back(static_cast<char>(c - 'A' + 'a'));
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      out.push_back(c);
    }
  }
  return out;
}

Result<VendorCatalog> VendorCatalog::parse(std::span<const templates::File> files) {
  if (const auto names = FileTable::parse(files); !names) return names.error();
  VendorCatalog catalog;
  for (const auto& file : files) {
    if (!file.path.ends_with("/vendor.json")) continue;
    try {
      catalog.vendors_.push_back(vendor_from(file.content));
    } catch (const std::exception& fault) {
      return malformed("bad_vendor_table", std::string(file.path) + ": " + fault.what());
    }
    auto& vendor = catalog.vendors_.back();
    auto values = VendorValues::built_in(vendor.vendor, files);
    if (!values) return values.error();
    vendor.values = std::move(*values);
  }
  std::sort(catalog.vendors_.begin(), catalog.vendors_.end(),
            [](const Vendor& a, const Vendor& b) { return a.vendor < b.vendor; });
  for (std::size_t i = 0; i < catalog.vendors_.size(); ++i) {
    for (const auto oui : catalog.vendors_[i].ouis) {
      const auto [entry, fresh] = catalog.by_oui_.emplace(oui, i);
      if (!fresh)
        return malformed("bad_vendor_table", catalog.vendors_[i].vendor + "/vendor.json lists an address prefix that " +
                                                 catalog.vendors_[entry->second].vendor + " has already");
    }
  }
  return catalog;
}

VendorCatalog VendorCatalog::built_in() {
  return parse(templates::files()).value();
}

const Vendor* VendorCatalog::find_vendor(std::string_view name) const {
  const auto wanted = squeezed(name);
  for (const auto& vendor : vendors_)
    for (const auto& known : names_of(vendor))
      if (known == wanted) return &vendor;
  return nullptr;
}

const Model* VendorCatalog::find_model(const Vendor& vendor, std::string_view name) {
  auto wanted = squeezed(name);
  const auto find = [&]() -> const Model* {
    const auto found = vendor.model_names.find(wanted);
    return found == vendor.model_names.end() ? nullptr : &vendor.models[found->second];
  };
  if (const auto* model = find()) return model;
  for (const auto& prefix : names_of(vendor))
    if (drop_prefix(wanted, prefix)) break;
  if (const auto* model = find()) return model;
  for (const auto& prefix : vendor.model_prefixes)
    if (drop_prefix(wanted, prefix)) break;
  for (const auto& suffix : vendor.model_suffixes)
    if (drop_suffix(wanted, suffix)) break;
  return find();
}

Result<const Vendor*> VendorCatalog::vendor(std::string_view name) const {
  if (const auto* found = find_vendor(name)) return found;
  std::vector<std::string> known;
  for (const auto& vendor : vendors_) known.push_back(vendor.vendor);
  const auto near = nearest(squeezed(name), known);
  return unacceptable("unknown_vendor", "Vendor '" + std::string(name.substr(0, 64)) + "' is not known; did you mean " +
                                            listed(near) + "? GET /api/provisioning/vendors lists all")
      .with("nearest", boost::json::value_from(near))
      .with("known", boost::json::value_from(known));
}

Result<const Model*> VendorCatalog::model(const Vendor& vendor, std::string_view name) const {
  if (const auto* found = find_model(vendor, name)) return found;
  std::vector<std::string> known;
  for (const auto& model : vendor.models) known.push_back(model.model);
  const auto near = nearest(squeezed(name), known);
  auto message = "Model '" + std::string(name.substr(0, 64)) + "' of " + vendor.name + " is not known; did you mean " +
                 listed(near) + "?";
  for (const auto& other : vendors_) {
    if (&other == &vendor) continue;
    if (const auto* elsewhere = find_model(other, name))
      message += " (" + elsewhere->name + " is vendor '" + other.vendor + "', model '" + elsewhere->model + "')";
  }
  return unacceptable("unknown_model", std::move(message))
      .with("nearest", boost::json::value_from(near))
      .with("known", boost::json::value_from(known));
}

const Vendor* VendorCatalog::vendor_of(const MacAddress& mac) const {
  const auto found = by_oui_.find(mac.oui());
  return found == by_oui_.end() ? nullptr : &vendors_[found->second];
}

std::optional<std::pair<const Vendor*, const Model*>> VendorCatalog::by_hardware_id(std::uint16_t id) const {
  for (const auto& vendor : vendors_)
    for (const auto& model : vendor.models)
      if (std::find(model.hardware_ids.begin(), model.hardware_ids.end(), id) != model.hardware_ids.end())
        return std::pair{&vendor, &model};
  return std::nullopt;
}

RebootVerb VendorCatalog::verb_for(std::string_view name, RebootReason reason) const {
  const auto* vendor = find_vendor(name);
  const bool renamed = reason == RebootReason::name_synced || reason == RebootReason::extension_changed;
  return vendor != nullptr && vendor->resync_renames && renamed ? RebootVerb::resync : RebootVerb::reboot;
}

Result<std::string> VendorCatalog::notify_event(std::string_view name, RebootVerb verb) const {
  const auto found = vendor(name);
  if (!found) return found.error();
  return verb == RebootVerb::reboot ? (*found)->reboot_event : (*found)->resync_event;
}

}  // namespace strowger::provisioning
