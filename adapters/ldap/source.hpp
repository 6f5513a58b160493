// Active Directory and plain LDAP behind the port actors/directory/source.hpp. Read this first.
//
//   LdapSource ─▶ Connection (one server, bound) ─▶ libldap, whose objects live in handles.hpp
//
// Each call connects anew: servers are tried in their order, but for a wrong password, which is wrong everywhere (and
// too many tries would lock the account). A full read takes all users page by page; an incremental one what has
// changed (uSNChanged, modifyTimestamp) and the bare identities of all, so that a deletion, or a move out of the base,
// shows without rights on tombstones; and accounts that expired meanwhile, which changes nothing of them. What an
// incremental read relies on, the cursor, names the server's own state: invocationId, highest USN and time for Active
// Directory (another domain controller, or a restored one, has others), the server and its newest modifyTimestamp
// elsewhere.
#pragma once

#include "actors/directory/source.hpp"
#include "adapters/ldap/connection.hpp"

#include <functional>
#include <mutex>
#include <unordered_map>

namespace strowger::ldap {

struct SourceOptions {
  ConnectionOptions connection;
  std::vector<std::string> urls;
  bool active_directory = true;
  std::string base_dn;
  std::string user_search_base;                // empty: base_dn
  std::string filter;                          // narrows the users; empty: all
  std::vector<std::string> number_attributes;  // in the order in which they are tried
  std::string disabled_attribute;              // of another kind of server; empty: what the kind of directory uses
  std::vector<std::string> groups;             // whose members matter: names or distinguished names
  // Names that are tried in this order, each of one attribute or of several with blanks between them; empty: what the
  // kind of directory has.
  std::vector<std::vector<std::string>> name_attributes{};
  std::function<Timestamp()> now = system_now;
};

class LdapSource : public directory::Source {
 public:
  explicit LdapSource(SourceOptions options);

  Result<Done> read(const Order& order, const Visitor& visitor) override;
  Result<std::vector<directory::Entry>> search(const std::string& text, std::size_t most) override;
  Result<Uuid> authenticate(const std::string& account, const std::string& password) override;
  std::vector<Step> check() override;
  std::string server() const override;

 private:
  // Who is in which of the groups, by normal distinguished name or account.
  struct Members {
    std::unordered_map<std::string, std::vector<std::size_t>> of;
    std::uint64_t fingerprint = 0;
  };
  struct Mark;  // what a cursor says

  // To the first server that answers; whole: how long all that is asked may take.
  Result<Connection> connect(std::chrono::milliseconds whole, std::stop_token stop = {});
  Result<Mark> mark_of(Connection& connection, const Members& members) const;
  Result<Members> members(Connection& connection) const;
  Result<void> add_group(Connection& connection, const std::string& dn, std::size_t group,
                         std::vector<std::string>& seen, Members& members) const;
  Result<void> add_members(Connection& connection, const std::string& dn, const char* attribute,
                           const std::function<void(const std::string&)>& take) const;
  Result<std::vector<std::string>> find_groups(Connection& connection, const std::string& filter) const;
  Result<void> add_primary_members(Connection& connection, const std::string& dn,
                                   const std::function<void(const std::string&)>& take) const;
  // `now`: by filetime(), what accountExpires is judged by.
  directory::Entry entry_of(const Found& found, const Members& members, std::uint64_t now) const;
  Uuid identity_of(const Found& found) const;
  Connection::Search users(const std::string& more, std::vector<std::string> attributes) const;
  std::vector<std::string> attributes() const;
  const std::string& user_base() const {
    return options_.user_search_base.empty() ? options_.base_dn : options_.user_search_base;
  }
  const char* identity_attribute() const { return options_.active_directory ? "objectGUID" : "entryUUID"; }
  const char* account_attribute() const { return options_.active_directory ? "sAMAccountName" : "uid"; }

  SourceOptions options_;  // as they were given, from the constructor on
  mutable std::mutex mutex_;
  std::string server_;  // asked last
};

}  // namespace strowger::ldap
