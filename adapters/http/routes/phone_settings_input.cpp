#include "actors/provisioning/custom_templates.hpp"
#include "actors/provisioning/taken_apart.hpp"
#include "adapters/http/routes/phone_settings.hpp"
#include "events/nearest.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <sodium.h>

namespace strowger::http::routes {
namespace {

using provisioning::SettingInput;
using simdjson::dom::element;

SettingInput input_of(element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return {SettingInput::Is::text, std::string(text), {}};
  std::int64_t whole = 0;
  if (value.get(whole) == simdjson::SUCCESS) return {SettingInput::Is::number, std::to_string(whole), {}};
  SettingInput out{SettingInput::Is::other, {}, {}};
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS) return out;
  for (const auto item : list) {
    if (item.get(text) != simdjson::SUCCESS) return out;
    out.items.emplace_back(text);
  }
  out.is = SettingInput::Is::list;
  return out;
}

using Seal = std::function<Result<SealedSecret>(const SealedSecret* sibling, const std::string& clear)>;

class Reader {
 public:
  Reader(Services& services, const SettingsTarget& target, bool replace, Seal sealer)
      : services_(services),
        target_(target),
        sealer_(std::move(sealer)),
        row_(services.phone_settings_rows.find(target.level, target.name)) {
    change_.level = target.level;
    change_.name = target.name;
    change_.replace = replace;
  }

  Result<actors::ChangePhoneSettings> read(element body) {
    simdjson::dom::object members;
    if (body.get(members) != simdjson::SUCCESS)
      return malformed("wrong_type", "The body must be an object of settings, as {\"timezone\": \"Europe/Berlin\"}.");
    std::set<std::string_view> seen;
    for (const auto& [name, value] : members) {
      if (!seen.insert(name).second)
        return malformed("repeated_field", "Setting '" + utf8::clip(name, 64) + "' is given twice.");
      const auto done = name == "keys" ? read_keys(value) : read_setting(name, value);
      if (!done) return done.error();
    }
    return std::move(change_);
  }

 private:
  Result<void> read_setting(std::string_view name, element value) {
    const auto* type = provisioning::find_setting(name);
    if (type == nullptr) return provisioning::unknown_setting(name);
    if (value.is_null()) {
      change_.remove.emplace_back(name);
      return {};
    }
    auto canonical = provisioning::canonical(*type, input_of(value));
    if (!canonical) return canonical.error();
    if (type->kind == provisioning::SettingKind::secret) return seal(std::string(name), *canonical);
    change_.set.emplace(name, std::move(*canonical));
    return {};
  }

  // One that is the same as before, or shown masked and sent back as it was, is no change.
  Result<void> seal(const std::string& name, std::string& clear) {
    const SealedSecret* sibling = nullptr;
    if (row_) {
      for (const auto& [other, stored] : row_->settings)
        if (!stored.secret.empty()) sibling = &stored.secret;
      if (const auto present = row_->settings.find(name); present != row_->settings.end()) {
        const auto opened = services_.vault.open(present->second.secret);
        if (clear == provisioning::mask || (opened && *opened == clear)) {
          change_.kept.push_back(name);
          return {};
        }
      }
    }
    auto sealed = sealer_(sibling, clear);
    sodium_memzero(clear.data(), clear.size());
    if (!sealed) return sealed.error();
    if (sibling != nullptr && !sibling->key().empty() && sealed->key() == sibling->key())
      change_.sealed_like = *sibling;
    change_.secrets.emplace(name, std::move(*sealed));
    return {};
  }

  Result<void> read_keys(element value) {
    if (value.is_null()) {
      change_.remove.emplace_back("keys");
      return {};
    }
    simdjson::dom::object keys;
    if (value.get(keys) != simdjson::SUCCESS)
      return unacceptable("bad_setting",
                          "Setting 'keys' must be an object by the keys' numbers, as {\"5\": {\"type\": \"blf\", "
                          "\"value\": \"1002\"}}.")
          .with("key", "keys");
    for (const auto& [number_text, key] : keys) {
      const auto name = std::string(provisioning::key_prefix) + utf8::clip(number_text, 16);
      const auto number = provisioning::key_number(name);
      if (!number)
        return unacceptable("bad_key", "A key's number is a whole one from 1 to " +
                                           std::to_string(provisioning::most_keys) + "; '" +
                                           utf8::clip(number_text, 16) + "' is not.")
            .with("key", text(name));
      if (key.is_null())
        change_.remove.push_back(name);
      else if (auto done = read_key(*number, name, key); !done)
        return done;
    }
    return {};
  }

  Result<void> read_key(std::uint16_t number, const std::string& name, element value) {
    Fields fields(value, "keys." + std::to_string(number) + ".");
    PhoneKey key;
    key.type = fields.required_text("type");
    key.value = fields.text_or_number("value").value_or("");
    key.label = fields.text("label").value_or("");
    key.line = static_cast<std::uint16_t>(fields.integer("line", 1, 64).value_or(0));
    key.pickup = fields.text_or_number("pickup").value_or("");
    if (auto fault = fields.fault()) return std::move(*fault);
    const auto lines = target_.model != nullptr ? target_.model->lines : std::nullopt;
    auto checked = provisioning::checked_key(number, std::move(key), lines);
    if (!checked) return checked.error();
    if (target_.vendor != nullptr && target_.vendor->values->key_code(checked->type) == nullptr) {
      std::vector<std::string> known;
      for (const auto& [ours, theirs] : target_.vendor->values->key_codes()) known.push_back(ours);
      return unacceptable("bad_key", "Key " + std::to_string(number) + ": phones of " + target_.vendor->name +
                                         " have no key of type " + checked->type +
                                         (known.empty() ? "." : "; they have " + listed(known) + "."))
          .with("key", text(name));
    }
    if (target_.model != nullptr && target_.model->keys && number > *target_.model->keys)
      return unacceptable("bad_key", "Key " + std::to_string(number) + ": the " + target_.model->name + " has " +
                                         std::to_string(*target_.model->keys) + " keys.")
          .with("key", text(name))
          .with("limit", *target_.model->keys);
    change_.keys.insert_or_assign(std::to_string(number), std::move(*checked));
    return {};
  }

  Services& services_;
  const SettingsTarget& target_;
  const Seal sealer_;
  const PhoneSettingsProjection::RowPtr row_;
  actors::ChangePhoneSettings change_;
};

}  // namespace

Result<std::string> site_name(std::string_view text) {
  constexpr std::size_t longest = 63;
  std::string out;
  for (const char c : text.substr(0, longest + 1)) {
    const bool capital = c >= 'A' && c <= 'Z';
    const char small = capital ? static_cast<char>(c - 'A' + 'a') : c;
    const bool plain = (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9');
    if (!plain && (out.empty() || (small != '.' && small != '-' && small != '_'))) break;
    out.push_back(small);
  }
  if (!out.empty() && out.size() == text.size() && out.size() <= longest) return out;
  return unacceptable("bad_site",
                      "A site's name has 1 to 63 small letters, digits, dots, dashes and underscores and begins with a "
                      "letter or digit, as berlin or hq-2.")
      .with("field", "site");
}

Result<SettingsTarget> settings_target(const Services& services, const MacAddress& mac) {
  const auto row = services.device_rows.find(mac);
  if (!row)
    return not_found("device_not_found",
                     "Device " + mac.text() + " is not registered. Register it with POST /api/provisioning/devices.");
  const auto& device = *row->definition;
  SettingsTarget target{SettingsLevel::device, mac.text(), services.vendors.find_vendor(device.vendor), nullptr, mac};
  if (target.vendor != nullptr) target.model = provisioning::VendorCatalog::find_model(*target.vendor, device.model);
  return target;
}

Result<SettingsTarget> settings_target(const Services& services, std::string_view level, std::string_view name) {
  SettingsTarget target;
  if (!json::from_word(std::string(level), target.level))
    return not_found("unknown_level", "There is no level '" + utf8::clip(level, 32) +
                                          "' of settings; they are global, site, vendor, model and device.");
  const bool named = target.level != SettingsLevel::global;
  if (named == name.empty())
    return not_found("unknown_level", named ? "Name the " + std::string(level) + ", as in …/phone-settings/" +
                                                  std::string(level) + "/<name>."
                                            : "The level global has no name: …/phone-settings/global.");
  switch (target.level) {
    case SettingsLevel::global:
      break;
    case SettingsLevel::site: {
      auto site = site_name(name);
      if (!site) return site.error();
      target.name = std::move(*site);
      break;
    }
    case SettingsLevel::vendor: {
      const auto vendor = services.vendors.vendor(name);
      if (!vendor) return vendor.error();
      target.vendor = *vendor;
      target.name = (*vendor)->vendor;
      break;
    }
    case SettingsLevel::model: {
      const auto names = provisioning::split_template_name(name);
      if (!names)
        return unacceptable("bad_model_name", "Name vendor and model, as in …/phone-settings/model/yealink_t46s.");
      const auto vendor = services.vendors.vendor(names->first);
      if (!vendor) return vendor.error();
      const auto model = services.vendors.model(**vendor, names->second);
      if (!model) return model.error();
      target.vendor = *vendor;
      target.model = *model;
      target.name = (*vendor)->vendor + "_" + (*model)->model;
      break;
    }
    case SettingsLevel::device: {
      const auto mac = MacAddress::parse(name);
      if (!mac) return mac.error();
      return settings_target(services, *mac);
    }
  }
  return target;
}

Result<actors::ChangePhoneSettings> read_settings(Services& services, const SettingsTarget& target, element body,
                                                  bool replace) {
  const auto seal = [&vault = services.vault](const SealedSecret* sibling, const std::string& clear) {
    auto sealed = sibling != nullptr ? vault.seal_like(*sibling, clear) : vault.seal(clear);
    if (!sealed && sibling != nullptr) sealed = vault.seal(clear);  // its key is gone
    return sealed;
  };
  return Reader(services, target, replace, seal).read(body);
}

Result<ProposedSettings> propose_settings(Services& services, const SettingsTarget& target, element body,
                                          bool replace) {
  auto proposed = std::make_shared<std::map<std::string, std::string>>();
  const auto seal = [proposed](const SealedSecret*, const std::string& clear) {
    SealedSecret token{"proposed:" + std::to_string(proposed->size())};
    proposed->emplace(token.text, clear);
    return Result<SealedSecret>(std::move(token));
  };
  auto change = Reader(services, target, replace, seal).read(body);
  if (!change) return change.error();
  return ProposedSettings{std::move(*change), [proposed, &vault = services.vault](const SealedSecret& secret) {
                            const auto found = proposed->find(secret.text);
                            return found == proposed->end() ? vault.open(secret) : Result<std::string>(found->second);
                          }};
}

}  // namespace strowger::http::routes
