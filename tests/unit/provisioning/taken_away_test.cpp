// What is taken away goes from the phone: the file of a device of which everything was taken back names every key that
// its full file named.
#include "actors/provisioning/config_entries.hpp"
#include "actors/provisioning/renderer.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <pugixml.hpp>

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

// The vendors whose families say all that they ever said.
constexpr std::array vendors{"polycom",     "cisco",   "snom",   "mitel", "avaya", "sangoma",
                             "grandstream", "yealink", "zultys", "htek",  "fanvil"};

DeviceValues everything(const Sample& sample, const Model& model, const Vendor& vendor) {
  auto values = device(sample);
  values.label = "Front desk";
  const auto lines = line_limit({vendor.values, model.lines, model.keys});
  for (std::uint16_t line = 2; line <= lines; ++line)
    values.more_lines.push_back(
        {line, ExtensionNumber::parse(std::to_string(1000 + line)).value(), "Bob", "s3cret", "B"});
  for (const auto& type : setting_types()) {
    auto& value = values.phone.set[std::string(type.name)];
    if (type.kind == SettingKind::choice || type.kind == SettingKind::codecs)
      value = type.choices.front();
    else if (type.kind == SettingKind::timezone)
      value = "Europe/Berlin";
    else if (type.kind == SettingKind::number)
      value = std::to_string(type.least);
    else if (type.kind == SettingKind::dial_plan)
      value = "112!,.";
    else
      value = type.kind == SettingKind::url ? "http://192.0.2.9/x" : "x";
  }
  for (std::uint16_t key = 1; key <= model.keys.value_or(8); ++key)
    values.phone.keys[key] = {"blf", std::to_string(2000 + key), "K", 0, "*8"};
  return values;
}

// A password is kept: a phone without one of ours would be open, or could fetch nothing any more.
bool may_go_unsaid(const std::string& key, bool off) {
  static const std::set<std::string> kept{
      "admin password",           "http digest username",
      "http digest password",     "ADMIN_PASSWORD",
      "FORCE_WEB_ADMIN_PASSWORD", "FORCE_HTTP_AUTH_USERNAME",
      "FORCE_HTTP_AUTH_PASSWORD", "APPNAME"};  // an empty one would be a file's name
  // An account that is off does nothing with the rest of what it was told.
  if (key.starts_with("account.") && off)
    for (const char* part :
         {".codec.", ".nat.", ".dtmf.", ".srtp_", "transport", ".expires", ".retry_counts", "pickup_code"})
      if (key.find(part) != std::string::npos) return true;
  const auto has = [&](std::string_view part) { return key.find(part) != std::string::npos; };
  return kept.contains(key) || has("localAdminPassword") || has("device.prov.user") || has("device.prov.password") ||
         has("Admin_Passw") || has("Web_Login_Admin") || has("http_user") || has("http_pass") ||
         has("admin_mode_password") || has("webserver_admin") || has("http_client_") || has("P1360") || has("P1361") ||
         key.ends_with("/P2") || has("users.admin.password") || has("provisioning.config.username") ||
         has("provisioning.config.password") || has("security.user_password") || has("/DefaultUsername") ||
         has("/DefaultPassword") || has("/web") || has("MMI_CONFIG_MODULE") || has("Download_Username") ||
         has("Download_Password") || has("auto_provision.server.username") || has("auto_provision.server.password") ||
         key.starts_with("PHONEKEY");  // how a key is taken away is not published
}

// Elements and attributes also where they are empty, which is how most are taken back.
void add_names(const pugi::xml_node& node, const std::string& path, std::set<std::string>& to) {
  for (const auto attribute : node.attributes()) to.insert(path + "@" + attribute.name());
  for (const auto child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    const std::string index = child.attribute("idx").value();
    const auto name = path + "/" + child.name() + (index.empty() ? "" : "[" + index + "]");
    to.insert(name);
    add_names(child, name, to);
  }
}

std::set<std::string> keys_of(const Vendor& vendor, const std::string& bytes) {
  std::set<std::string> out;
  if (vendor.format == Format::xml) {
    pugi::xml_document document;
    REQUIRE(document.load_buffer(bytes.data(), bytes.size()));
    add_names(document, "", out);
    return out;
  }
  for (const auto& entry : config_entries(vendor.format, bytes).value()) out.insert(entry.key);
  return out;
}

}  // namespace

TEST_CASE("a file from which everything was taken back still names every key") {
  const auto all = renderer();
  for (const auto* name : vendors) {
    const auto* vendor = catalog().find_vendor(name);
    REQUIRE(vendor != nullptr);
    for (const auto& model : vendor->models) {
      CAPTURE(name, model.model);
      // Of a phone whose lines and keys nobody has counted it is not known which ones to take back.
      if (!model.keys || (!model.lines && vendor->values->per_line().empty())) continue;
      const Sample sample{name, model.model, "001565123456"};
      const auto full = keys_of(*vendor, all->render(name, model.model, everything(sample, model, *vendor))->bytes);
      const auto fresh = keys_of(*vendor, all->render(name, model.model, device(sample))->bytes);
      std::string unsaid;
      for (const auto& key : full)
        if (!fresh.contains(key) && !may_go_unsaid(key, !key.starts_with("account.1."))) unsaid += key + " ";
      CHECK(unsaid == "");
    }
  }
}
