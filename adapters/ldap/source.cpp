#include "adapters/ldap/source.hpp"

#include "adapters/ldap/values.hpp"

#include <algorithm>
#include <charconv>

namespace strowger::ldap {
namespace {

using directory::Entry;

constexpr std::size_t most_numbers = 64;              // of one user
constexpr std::chrono::seconds longest_question{60};  // that a person waits for, and others after them

constexpr std::string_view never_unlocked = "000001010000Z";  // pwdAccountLockedTime of a locked account (ppolicy)

// FNV-1a: the same in every build, because it is kept.
std::uint64_t mixed(std::string_view text) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3ULL;
  return hash;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == at)
      out.emplace_back();
    else
      out.back().push_back(c);
  }
  return out;
}

std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_set(const std::string& value) {
  const auto word = lower(value);
  return !word.empty() && word != "false" && word != "0" && word != "no";
}

}  // namespace

// <invocationId or server>|<USN or modifyTimestamp>|<fingerprint of the groups>|<when it was read, by filetime()>
struct LdapSource::Mark {
  std::string origin;
  std::string at;
  std::uint64_t groups = 0;
  std::uint64_t read_at = 0;

  std::string text() const {
    return at.empty() ? "" : origin + "|" + at + "|" + std::to_string(groups) + "|" + std::to_string(read_at);
  }
  static std::optional<Mark> parse(const std::string& text) {
    const auto parts = split(text, '|');
    if (parts.size() != 4 || parts[1].empty()) return std::nullopt;
    const auto groups = number_of(parts[2]);
    const auto read_at = number_of(parts[3]);
    if (!groups || !read_at) return std::nullopt;
    return Mark{parts[0], parts[1], *groups, *read_at};
  }
};

LdapSource::LdapSource(SourceOptions options) : options_(std::move(options)) {
  if (!options_.name_attributes.empty()) return;
  // Elsewhere displayName is seldom kept, and cn is the person's name; Active Directory's cn is the object's.
  options_.name_attributes = {{"displayName"}, {"givenName", "sn"}};
  if (!options_.active_directory)
    options_.name_attributes.insert(options_.name_attributes.begin() + 1, std::vector<std::string>{"cn"});
}

std::string LdapSource::server() const {
  const std::lock_guard lock(mutex_);
  return server_;
}

Result<Connection> LdapSource::connect(std::chrono::milliseconds whole, std::stop_token stop) {
  auto with = options_.connection;
  with.stop = std::move(stop);
  with.limit = std::min(with.limit, whole);
  std::optional<Error> first;
  for (const auto& url : options_.urls) {
    {
      const std::lock_guard lock(mutex_);
      server_ = url;
    }
    auto opened = Connection::open(with, url);
    if (opened) return opened;
    if (opened.error().code == "directory_credentials") return opened;
    if (!first)
      first = opened.error();
    else
      first->message += "; " + opened.error().message;
  }
  if (!first) return unacceptable("directory_bad_server", options_.connection.setting + ".server names no server");
  return *first;
}

Connection::Search LdapSource::users(const std::string& more, std::vector<std::string> attributes) const {
  const std::string kind =
      options_.active_directory ? "(objectCategory=person)(objectClass=user)" : "(objectClass=person)";
  return {user_base(), LDAP_SCOPE_SUBTREE, "(&" + kind + options_.filter + more + ")", std::move(attributes)};
}

std::vector<std::string> LdapSource::attributes() const {
  std::vector<std::string> out{identity_attribute(), account_attribute(), "mail"};
  for (const auto& name : options_.name_attributes) out.insert(out.end(), name.begin(), name.end());
  out.insert(out.end(), options_.number_attributes.begin(), options_.number_attributes.end());
  if (!options_.disabled_attribute.empty()) out.push_back(options_.disabled_attribute);
  out.push_back(options_.active_directory ? "userAccountControl" : "pwdAccountLockedTime");
  if (options_.active_directory) out.push_back("accountExpires");
  if (!options_.active_directory) out.push_back("modifyTimestamp");
  return out;
}

Uuid LdapSource::identity_of(const Found& found) const {
  const auto value = found.first(identity_attribute());
  if (options_.active_directory) return guid(value).value_or(Uuid{});
  const auto parsed = Uuid::parse(value);
  return parsed ? *parsed : Uuid{};
}

Entry LdapSource::entry_of(const Found& found, const Members& members, std::uint64_t now) const {
  Entry entry;
  entry.identity = identity_of(found);
  entry.dn = found.dn();
  entry.account = found.first(account_attribute());
  for (const auto& name : options_.name_attributes) {
    for (const auto& attribute : name) {
      const auto part = found.first(attribute.c_str());
      if (!part.empty()) entry.name += (entry.name.empty() ? "" : " ") + part;
    }
    if (!entry.name.empty()) break;
  }
  entry.mail = found.first("mail");
  for (const auto& attribute : options_.number_attributes) {
    for (auto& value : found.all(attribute.c_str()))
      if (value.find_first_not_of(" \t") != std::string::npos && entry.numbers.size() < most_numbers)
        entry.numbers.push_back(std::move(value));
    if (!entry.numbers.empty()) break;
  }
  if (!options_.disabled_attribute.empty())
    entry.disabled = is_set(found.first(options_.disabled_attribute.c_str()));
  else if (options_.active_directory)
    entry.disabled = account_disabled(found.first("userAccountControl"));
  else
    entry.disabled = found.first("pwdAccountLockedTime") == never_unlocked;
  if (options_.active_directory && account_expired(found.first("accountExpires"), now)) entry.disabled = true;
  if (members.of.empty()) return entry;
  for (const auto& key : {normal_dn(entry.dn), "uid:" + lower(entry.account)}) {
    const auto known = members.of.find(key);
    if (known == members.of.end()) continue;
    for (const auto group : known->second) entry.groups.push_back(options_.groups[group]);
  }
  return entry;
}

Result<std::vector<std::string>> LdapSource::find_groups(Connection& connection, const std::string& filter) const {
  std::vector<std::string> out;
  auto done = connection.search({options_.base_dn, LDAP_SCOPE_SUBTREE, filter, {"1.1"}},
                                [&](const Found& found) -> Result<void> {
                                  out.push_back(found.dn());
                                  return {};
                                });
  if (!done) return done.error();
  return out;
}

// All values of an attribute, in as many parts as the server makes of them.
Result<void> LdapSource::add_members(Connection& connection, const std::string& dn, const char* attribute,
                                     const std::function<void(const std::string&)>& take) const {
  std::string wanted = options_.active_directory ? next_range(attribute, 0) : attribute;
  while (!wanted.empty()) {
    const auto asked = std::exchange(wanted, {});
    auto done = connection.search({dn, LDAP_SCOPE_BASE, "(objectClass=*)", {asked}, 0},
                                  [&](const Found& found) -> Result<void> {
                                    for (const auto& name : found.attributes()) {
                                      for (const auto& value : found.all(name.c_str())) take(value);
                                      const auto range = parse_range(name);
                                      if (range && range->last) wanted = next_range(attribute, *range->last + 1);
                                    }
                                    return {};
                                  });
    if (!done) return done;
  }
  return {};
}

// Those whose primary group it is: the group itself does not name them (Domain Users names nobody).
Result<void> LdapSource::add_primary_members(Connection& connection, const std::string& dn,
                                             const std::function<void(const std::string&)>& take) const {
  const auto sid = connection.attribute(dn, "objectSid");
  if (!sid) return sid.error();
  const auto id = relative_id(*sid);
  if (!id) return {};
  return connection.search(users("(primaryGroupID=" + std::to_string(*id) + ")", {"1.1"}),
                           [&](const Found& found) -> Result<void> {
                             take(found.dn());
                             return {};
                           });
}

Result<void> LdapSource::add_group(Connection& connection, const std::string& dn, std::size_t group,
                                   std::vector<std::string>& seen, Members& members) const {
  const auto normal = normal_dn(dn);
  if (std::ranges::find(seen, normal) != seen.end()) return {};  // groups may hold each other
  seen.push_back(normal);
  const auto take = [&](const std::string& key) {
    auto& groups = members.of[key];
    if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
    members.fingerprint += mixed(std::to_string(group) + key);  // in any order
  };
  const auto by_dn = [&](const std::string& member) { take(normal_dn(member)); };
  if (auto done = add_members(connection, dn, "member", by_dn); !done) return done;
  if (options_.active_directory) {
    if (auto done = add_primary_members(connection, dn, by_dn); !done) return done;
    const auto nested = find_groups(connection, "(&(objectCategory=group)(memberOf=" + escape_filter(dn) + "))");
    if (!nested) return nested.error();
    for (const auto& inner : *nested)
      if (auto done = add_group(connection, inner, group, seen, members); !done) return done;
    return {};
  }
  if (auto done = add_members(connection, dn, "uniqueMember", by_dn); !done) return done;
  return add_members(connection, dn, "memberUid", [&](const std::string& uid) { take("uid:" + lower(uid)); });
}

Result<LdapSource::Members> LdapSource::members(Connection& connection) const {
  Members members;
  for (std::size_t i = 0; i < options_.groups.size(); ++i) {
    const auto& name = options_.groups[i];
    std::vector<std::string> found{name};
    if (name.find('=') == std::string::npos) {
      const auto escaped = escape_filter(name);
      const std::string kind =
          options_.active_directory
              ? "(objectCategory=group)"
              : "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))";
      auto by_name = find_groups(connection, "(&" + kind + "(|(cn=" + escaped + ")(sAMAccountName=" + escaped + ")))");
      if (!by_name) return by_name.error();
      found = std::move(*by_name);
      // Not as if it were empty: that would take the role from all of its members.
      if (found.empty())
        return unavailable("directory_group_missing", "There is no group '" + name + "' below '" + options_.base_dn +
                                                          "': check " + options_.connection.setting + ".group_roles");
    }
    std::vector<std::string> seen;
    for (const auto& dn : found)
      if (auto done = add_group(connection, dn, i, seen, members); !done) return done.error();
  }
  return members;
}

// Before anything is read: what changes meanwhile is read again the next time.
Result<LdapSource::Mark> LdapSource::mark_of(Connection& connection, const Members& members) const {
  Mark mark{connection.url(), {}, members.fingerprint, filetime(options_.now())};
  if (!options_.active_directory) return mark;  // the newest modifyTimestamp is known when all was read
  const auto usn = connection.attribute("", "highestCommittedUSN");
  if (!usn) return usn.error();
  const auto service = connection.attribute("", "dsServiceName");
  if (!service) return service.error();
  std::optional<Uuid> invocation;
  if (!service->empty())
    if (const auto id = connection.attribute(*service, "invocationId")) invocation = guid(*id);
  if (!invocation || !number_of(*usn)) return mark;  // hidden from the bind user: then always everything
  mark.origin = invocation->text();
  mark.at = *usn;
  return mark;
}

Result<directory::Source::Done> LdapSource::read(const Order& order, const Visitor& visitor) {
  auto connection = connect(options_.connection.limit, order.stop);
  if (!connection) return connection.error();
  const auto members = this->members(*connection);
  if (!members) return members.error();
  auto mark = mark_of(*connection, *members);
  if (!mark) return mark.error();

  const auto last = Mark::parse(order.cursor);
  const bool changes_only = last && last->origin == mark->origin && last->groups == mark->groups;
  std::string since;
  if (changes_only && options_.active_directory) {
    const auto usn = number_of(last->at);
    if (usn)
      since = "(|(uSNChanged>=" + std::to_string(*usn + 1) + ")(&(accountExpires>=" + std::to_string(last->read_at) +
              ")(accountExpires<=" + std::to_string(mark->read_at) + ")))";
  } else if (changes_only) {
    since = "(modifyTimestamp>=" + escape_filter(last->at) + ")";
    mark->at = last->at;
  }
  auto done = connection->search(users(since, attributes()), [&](const Found& found) -> Result<void> {
    if (!options_.active_directory) mark->at = std::max(mark->at, found.first("modifyTimestamp"));
    return visitor.entry(entry_of(found, *members, mark->read_at));
  });
  if (!done) return done.error();
  if (!since.empty()) {
    done = connection->search(users({}, {identity_attribute()}), [&](const Found& found) -> Result<void> {
      visitor.present(identity_of(found));
      return {};
    });
    if (!done) return done.error();
  }
  return Done{since.empty() ? SyncMode::full : SyncMode::incremental, connection->url(), mark->text()};
}

Result<std::vector<Entry>> LdapSource::search(const std::string& text, std::size_t most) {
  auto connection = connect(longest_question);
  if (!connection) return connection.error();
  std::string filter;
  if (!text.empty()) {
    const auto part = "=*" + escape_filter(text) + "*)";
    filter = "(|";
    for (const std::string attribute : {"displayName", "cn", "mail", account_attribute()})
      filter += "(" + attribute + part;
    for (const auto& name : options_.name_attributes)
      for (const auto& attribute : name) filter += "(" + attribute + part;
    for (const auto& attribute : options_.number_attributes) filter += "(" + attribute + part;
    filter += ")";
  }
  auto search = users(filter, attributes());
  search.most = static_cast<int>(most);
  search.page = 0;
  std::vector<Entry> out;
  auto done = connection->search(search, [&](const Found& found) -> Result<void> {
    out.push_back(entry_of(found, {}, filetime(options_.now())));
    return {};
  });
  if (!done) return done.error();
  return out;
}

Result<Uuid> LdapSource::authenticate(const std::string& account, const std::string& password) {
  const Error refused{ErrorKind::unauthenticated, "bad_credentials", "The name or the password is wrong.", {}};
  if (account.empty() || password.empty()) return refused;  // a bind without a password succeeds, as nobody
  auto connection = connect(longest_question);
  if (!connection) return connection.error();
  std::vector<std::pair<std::string, Entry>> found;
  auto search = users("(" + std::string(account_attribute()) + "=" + escape_filter(account) + ")", attributes());
  auto done = connection->search(search, [&](const Found& one) -> Result<void> {
    found.emplace_back(one.dn(), entry_of(one, {}, filetime(options_.now())));
    return {};
  });
  if (!done) return done.error();
  if (found.size() != 1 || found.front().second.disabled) return refused;
  auto as_user = options_.connection;
  as_user.bind_dn = found.front().first;
  as_user.bind_password = password;
  as_user.limit = std::min<std::chrono::milliseconds>(as_user.limit, longest_question);
  const auto bound = Connection::open(as_user, connection->url());
  if (bound) return found.front().second.identity;
  if (bound.error().code == "directory_credentials") return refused;
  return bound.error();
}

std::vector<directory::Source::Step> LdapSource::check() {
  std::vector<Step> steps;
  std::optional<Connection> connection;
  for (const auto& url : options_.urls) {
    auto opened = Connection::open(options_.connection, url, &steps);
    if (opened && !connection) connection.emplace(std::move(*opened));
  }
  if (options_.urls.empty())
    steps.push_back({"resolve", false, options_.connection.setting + ".server names no server"});
  if (!connection) {
    // The last line says that it went no further, whatever order the servers failed in.
    if (steps.back().ok) steps.push_back({"connect", false, "no server lets us in"});
    return steps;
  }
  std::size_t read = 0, identities = 0, numbers = 0, names = 0, mails = 0;
  auto search = users({}, attributes());
  auto done = connection->search(search, [&](const Found& found) -> Result<void> {
    ++read;
    const auto entry = entry_of(found, {}, filetime(options_.now()));
    identities += entry.identity.is_nil() ? 0 : 1;
    numbers += entry.numbers.empty() ? 0 : 1;
    names += entry.name.empty() ? 0 : 1;
    mails += entry.mail.empty() ? 0 : 1;
    return {};
  });
  if (!done) {
    steps.push_back({"search", false, done.error().message});
    return steps;
  }
  const auto& setting = options_.connection.setting;
  if (read == 0) {
    steps.push_back({"search", false,
                     "no user is found below '" + user_base() + "' by " + search.filter + ": check " + setting +
                         ".user_search_base and .filter, and that the bind user may read there"});
    return steps;
  }
  steps.push_back({"search", true, std::to_string(read) + " users below '" + user_base() + "'"});
  std::string said = "of them " + std::to_string(numbers) + " have a number (";
  for (std::size_t i = 0; i < options_.number_attributes.size(); ++i)
    said += (i > 0 ? ", " : "") + options_.number_attributes[i];
  said += "), " + std::to_string(names) + " a name, " + std::to_string(mails) + " mail, " + std::to_string(identities) +
          " an identity";
  if (numbers == 0) said += ": set " + setting + ".extension_attribute to the attribute that holds the numbers";
  if (identities == 0)
    said += std::string(": the bind user may not read ") + identity_attribute() + "; give it the right";
  steps.push_back({"attributes", numbers > 0 && identities > 0, said});
  if (numbers > 0 && identities > 0 && !options_.groups.empty()) {
    const auto found = members(*connection);
    steps.push_back({"groups", found.has_value(),
                     found ? std::to_string(found->of.size()) + " members have a role" : found.error().message});
  }
  return steps;
}

}  // namespace strowger::ldap
