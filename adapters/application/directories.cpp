#include "adapters/application/directories.hpp"

#include "adapters/application/first_start.hpp"
#include "adapters/ldap/source.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

namespace strowger::application {
namespace {

std::vector<std::string> urls_of(const config::Directory& from) {
  std::vector<std::string> urls;
  for (std::size_t at = 0; at < from.server.size();) {
    const auto end = std::min(from.server.find_first_of(", \t", at), from.server.size());
    auto one = from.server.substr(at, end - at);
    at = end + 1;
    if (one.empty()) continue;
    const bool whole = one.starts_with("ldap://") || one.starts_with("ldaps://");
    urls.push_back(whole ? one : (from.use_ssl && !from.start_tls ? "ldaps://" : "ldap://") + one);
  }
  return urls;
}

// "displayName, givenName sn": two names, the second of two attributes.
std::vector<std::vector<std::string>> names_of(const std::string& setting) {
  std::vector<std::vector<std::string>> names(1);
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) names.back().push_back(std::exchange(word, {}));
  };
  for (const char c : setting) {
    if (c != ' ' && c != ',') {
      word.push_back(c);
      continue;
    }
    end_word();
    if (c == ',') names.emplace_back();
  }
  end_word();
  std::erase_if(names, [](const auto& name) { return name.empty(); });
  return names;
}

Role role_of(const std::string& word) {
  Role role = Role::user;
  json::from_word(word, role);
  return role;
}

Result<directory::Setup> setup_of(const std::string& name, const config::Directory& from) {
  const bool ad = name == "ad";
  const std::string key = ad ? "integrations.active_directory" : "integrations.ldap";
  const auto wrong = [&](Error error, const char* member) {
    error.message = key + "." + member + ": " + error.message;
    return error;
  };
  directory::Setup setup;
  auto rule = directory::NumberRule::parse(from.number_rule);
  if (!rule) return wrong(rule.error(), "number_rule");
  if (!from.schedule.empty()) {
    auto schedule = directory::Schedule::parse(from.schedule);
    if (!schedule) return wrong(schedule.error(), "schedule");
    setup.schedule = std::move(*schedule);
  }
  setup.policy = {name, std::move(*rule), from.auto_provision, from.deactivate_removed_users, from.max_change_percent,
                  {}};
  ldap::SourceOptions options;
  options.connection = {key,
                        from.start_tls,
                        from.ca_file,
                        from.bind_dn,
                        from.bind_password,
                        std::chrono::seconds(from.timeout_seconds),
                        std::chrono::seconds(from.read_timeout_seconds)};
  options.urls = urls_of(from);
  options.active_directory = ad;
  options.base_dn = from.base_dn;
  options.user_search_base = from.user_search_base;
  options.filter = from.filter;
  if (!from.extension_attribute.empty()) options.number_attributes.push_back(from.extension_attribute);
  options.number_attributes.insert(options.number_attributes.end(), {"ipPhone", "telephoneNumber"});
  options.disabled_attribute = from.disabled_attribute;
  options.name_attributes = names_of(from.name_attributes);
  for (const auto& [group, role] : from.group_roles) {
    setup.policy.group_roles[group] = role_of(role);
    options.groups.push_back(group);
  }
  // Whatever decides what is read and what is made of it.
  std::string all;
  for (const auto& part :
       {from.name_attributes, from.base_dn, from.user_search_base, from.extension_attribute, from.number_rule,
        from.filter, from.disabled_attribute, std::string(from.auto_provision ? "1" : "0"),
        std::string(from.deactivate_removed_users ? "1" : "0")})
    all += part + '\n';
  for (const auto& [group, role] : from.group_roles) all += group + '\n' + role + '\n';
  setup.fingerprint = std::to_string(std::hash<std::string>{}(all));
  setup.source = std::make_shared<ldap::LdapSource>(std::move(options));
  return setup;
}

const config::Directory& directory_of(const std::string& name, const config::Settings& settings) {
  return name == "ad" ? settings.active_directory : settings.ldap;
}

}  // namespace

Result<directory::Setup> directory_setup(const std::string& name, const config::Settings& settings) {
  const auto& from = directory_of(name, settings);
  if (!from.enabled)
    return conflict("directory_disabled", std::string("The directory is not set up: set integrations.") +
                                              (name == "ad" ? "active_directory" : "ldap") +
                                              ".enabled, .server and .base_dn in the settings.");
  return setup_of(name, from);
}

Result<void> check_directories(const config::Settings& settings) {
  for (const auto* name : directory_names)
    if (auto setup = setup_of(name, directory_of(name, settings)); !setup) return setup.error();
  return {};
}

std::unique_ptr<directory::Syncs> start_syncs(SyncParts parts) {
  const auto folder = parts.settings()->data_dir;
  return std::make_unique<directory::Syncs>(directory::Syncs::World{
      parts.log,
      parts.ids,
      parts.clock,
      parts.runner,
      parts.extension_rows,
      parts.user_rows,
      parts.directory_rows,
      {parts.extensions, parts.devices, parts.users, parts.device_rows, parts.vault,
       [] { return random_password(20); }},
      folder,
      {directory_names.begin(), directory_names.end()},
      [settings = parts.settings](const std::string& name) { return directory_setup(name, *settings()); },
      [to = parts.logger](const std::string& line) { to->info("{}", line); },
      [to = parts.logger](const std::string& line) { to->warn("{}", line); }});
}

}  // namespace strowger::application
