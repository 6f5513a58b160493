#include "config/directory_keys.hpp"

#include "config/key_kinds.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace strowger::config {
namespace {

using DirectoryMember = Directory Settings::*;

// A key of one of them; the table's texts live for ever.
std::string_view directory_key(DirectoryMember which, std::string_view name) {
  static std::set<std::string> paths;
  const bool ad = which == &Settings::active_directory;
  return *paths.insert((ad ? "integrations.active_directory." : "integrations.ldap.") + std::string(name)).first;
}

std::string check_role(const std::string& value) {
  for (const std::string_view known : {"admin", "operator", "viewer", "user"})
    if (value == known) return {};
  return "'" + value + "' is no role; there are admin, operator, viewer and user";
}

std::string check_filter(const std::string& value) {
  if (value.empty() || (value.starts_with('(') && value.ends_with(')'))) return check_line(value);
  return "'" + value + "' does not stand in brackets, as (department=Sales) does";
}

std::string check_names(const std::string& value) {
  const bool plain = std::ranges::all_of(value, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == ';' ||
           c == ',' || c == ' ';
  });
  return plain ? std::string() : "'" + value + "' is no list of attributes, such as displayName, givenName sn";
}

Key group_roles(DirectoryMember which) {
  Key key;
  key.path = directory_key(which, "group_roles");
  key.shape = Shape::pairs;
  key.expected = "a map from a group's name to admin, operator, viewer or user";
  key.help = "Which role the members of a group have.";
  key.begin = [which](Settings& settings) { (settings.*which).group_roles.clear(); };
  key.read_pair = [which](Settings& settings, const std::string& name, const std::string& value) {
    auto fault = check_role(value);
    if (fault.empty()) (settings.*which).group_roles.emplace_back(name, value);
    return fault;
  };
  key.show = [](const Settings&) { return "{}"; };
  key.example = "Phone Admins: admin";
  return key;
}

}  // namespace

std::vector<Key> directory_keys(DirectoryMember which, std::string_view enabled_help) {
  std::vector<Key> keys;
  const auto add = [&](Key key) { keys.push_back(std::move(key)); };
  using D = Directory;
  const auto at = [which](auto member) {
    return [which, member](Settings& settings) -> auto& { return settings.*which.*member; };
  };
  const auto key = [which](std::string_view name) { return directory_key(which, name); };
  add(boolean(key("enabled"), at(&D::enabled), enabled_help));
  add(text(key("server"), at(&D::server), check_line, "hosts, or ldap:// or ldaps:// URLs, with commas",
           "Hosts or URLs, with commas: the first that answers is used."));
  add(text(key("base_dn"), at(&D::base_dn), check_line, "a distinguished name", ""));
  add(text(key("user_search_base"), at(&D::user_search_base), check_line, "a distinguished name", "Empty: base_dn."));
  add(text(key("bind_dn"), at(&D::bind_dn), check_line, "a distinguished name or user", ""));
  add(text(key("bind_password"), at(&D::bind_password), check_line, "a password",
           "Better not written here: ${NAME} reads the environment, ${credential:NAME} a systemd credential."));
  add(boolean(key("use_ssl"), at(&D::use_ssl), "ldaps for servers that are given without ldap:// or ldaps://."));
  add(boolean(key("start_tls"), at(&D::start_tls), "TLS on the port of ldap://, before anything is said."));
  add(text(key("ca_file"), at(&D::ca_file), check_line, "a PEM file",
           "Who may have signed the servers' certificates. Empty: whom this system trusts."));
  add(number<std::uint16_t>(key("timeout_seconds"), at(&D::timeout_seconds), 600, "seconds, 1 to 600",
                            "How long a server may be silent at any step."));
  add(number<std::uint16_t>(key("read_timeout_seconds"), at(&D::read_timeout_seconds), 43'200, "seconds, 1 to 43200",
                            "How long reading all of the users may take. A sync that takes longer changes nothing."));
  add(boolean(key("auto_provision"), at(&D::auto_provision),
              "Whether a user that has a number is given an extension."));
  add(boolean(key("deactivate_removed_users"), at(&D::deactivate_removed_users), ""));
  add(text(key("extension_attribute"), at(&D::extension_attribute), check_line, "an attribute's name",
           "Tried before ipPhone and telephoneNumber."));
  add(text(key("number_rule"), at(&D::number_rule), check_line, "a number rule",
           "How a directory number becomes an extension: \"last 4\" digits, \"x\" (what follows x, ext or extension), "
           "\"regex: …\" (its group). Empty: as it is."));
  add(text(key("name_attributes"), at(&D::name_attributes), check_names, "attributes' names",
           "What a user's name is, with commas: the first that is set. Several with a blank between them are one name: "
           "\"displayName, givenName sn\". Empty: as this kind of directory has it."));
  add(text(key("filter"), at(&D::filter), check_filter, "an LDAP filter", "Narrows the users. Empty: all."));
  add(text(key("disabled_attribute"), at(&D::disabled_attribute), check_line, "an attribute's name",
           "A user in whom it is set, and not false, is disabled. Empty: as this kind of directory has it."));
  add(text(key("schedule"), at(&D::schedule), check_line, "a schedule",
           "When a sync runs by itself: \"every 15m\", \"03:00\" or cron's five fields. Empty: only on demand."));
  add(group_roles(which));
  add(number<std::uint8_t>(key("max_change_percent"), at(&D::max_change_percent), 100, "a percentage, 0 to 100",
                           "A sync that would disable more of the users stops and asks."));
  return keys;
}

}  // namespace strowger::config
