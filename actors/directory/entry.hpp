// A user as a directory has them, and what a sync makes of one.
#pragma once

#include "events/ids.hpp"
#include "events/types/user.hpp"
#include "events/uuid.hpp"

#include <optional>
#include <string>
#include <vector>

namespace strowger::directory {

// As read, in the words of no particular directory. Text is what the directory holds, checked by nobody yet.
struct Entry {
  Uuid identity;   // objectGUID, entryUUID: stays when all else changes; nil: the directory gave none
  std::string dn;  // where the user is now
  std::string account;
  std::string name;  // of the first of the names that are tried
  std::string mail;
  // All values of the first attribute that has any.
  std::vector<std::string> numbers;
  bool disabled = false;
  std::vector<std::string> groups;  // of those that give roles, by the names of the settings
};

// An entry after the rules: a user of ours, or the reason why not.
struct Person {
  Uuid identity;
  std::string account;
  std::string name;
  std::string email;
  std::optional<ExtensionNumber> number;  // none: not a telephone user
  bool disabled = false;
  std::optional<Role> role;
  std::string fault;  // why it is skipped; empty: it is not
  BOOST_DESCRIBE_CLASS(Person, (), (identity, account, name, email, number, disabled, role, fault), (), ())
};

}  // namespace strowger::directory
