// One connection to one directory server, bound and ready. Blocks, for at most the timeout at each step and the limit
// in all; one thread.
//
// A value that is longer than any that we use is cut as it is read, between characters: nothing that a directory holds
// becomes an event, an answer or a line of the log of its size.
//
// Referrals are not followed, on purpose: they lead to servers that nobody put into the settings, with the password.
#pragma once

#include "actors/directory/source.hpp"
#include "adapters/ldap/handles.hpp"
#include "adapters/ldap/socket.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::ldap {

struct ConnectionOptions {
  std::string setting;  // integrations.active_directory: for sentences
  bool start_tls = false;
  std::string ca_file;  // empty: whom this system trusts
  std::string bind_dn;  // empty: anonymous
  std::string bind_password;
  std::chrono::milliseconds timeout{10'000};
  std::chrono::milliseconds limit{900'000};  // of the whole connection, all its searches together
  std::stop_token stop{};                    // breaks it off
};

// An entry that a search found, valid until the visitor returns.
class Found {
 public:
  Found(LDAP* handle, LDAPMessage* entry) : handle_(handle), entry_(entry) {}
  static constexpr std::size_t longest_value = 1'024;  // bytes
  static constexpr std::size_t longest_dn = 8'192;

  std::string dn() const;
  std::string first(const char* attribute) const;             // value, cut; empty: it has none
  std::vector<std::string> all(const char* attribute) const;  // cut as a distinguished name is
  std::vector<std::string> attributes() const;                // with their options: member;range=0-1499

 private:
  LDAP* handle_;
  LDAPMessage* entry_;
};

class Connection {
 public:
  using Steps = std::vector<directory::Source::Step>;
  // Fails with `directory_unresolved`, `directory_unreachable`, `directory_tls`, `directory_credentials` or
  // `directory_refused`, and says what to do. What was done is added to `steps`, where there are any.
  static Result<Connection> open(const ConnectionOptions& options, const std::string& url, Steps* steps = nullptr);

  struct Search {
    std::string base;
    int scope = LDAP_SCOPE_SUBTREE;
    std::string filter = "(objectClass=*)";
    std::vector<std::string> attributes;
    int page = 500;  // 0: not paged
    int most = 0;    // entries; 0: all. With a limit, more than that is no failure
  };
  // Entry after entry, never all of them in memory. `directory_base_missing`, or any failure on the way: then what was
  // visited is not all.
  Result<void> search(const Search& search, const std::function<Result<void>(const Found&)>& visit);
  // The first entry's attribute, of a search in one object; empty where it has none.
  Result<std::string> attribute(const std::string& object, const char* attribute);

  const std::string& url() const { return url_; }

 private:
  struct Pages;  // of one search, so far
  Connection(const ConnectionOptions& options, std::string url, Handle handle, std::unique_ptr<Deadline> deadline)
      : setting_(options.setting),
        timeout_(options.timeout),
        limit_(options.limit),
        url_(std::move(url)),
        handle_(std::move(handle)),
        deadline_(std::move(deadline)) {}
  Result<void> page(const Search& search, Pages& pages, const std::function<Result<void>(const Found&)>& visit);
  Result<void> finished(const Search& search, LDAPMessage* result, OwnedBytes& cookie) const;
  Error fault(const Search& search, int code, const std::string& diagnostic, const std::string& matched) const;

  std::string setting_;
  std::chrono::milliseconds timeout_;
  std::chrono::milliseconds limit_;
  std::string url_;
  Handle handle_;
  std::unique_ptr<Deadline> deadline_;  // shuts the connection down when the limit has passed
};

}  // namespace strowger::ldap
