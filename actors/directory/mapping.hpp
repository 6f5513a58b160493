// From a directory's entry to a user of ours: pure rules.
#pragma once

#include "actors/directory/entry.hpp"
#include "actors/directory/number_rule.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace strowger::directory {

// What the settings say of one directory. A value: a sync works with the one that it began with.
struct Policy {
  std::string name;  // ad, ldap: of the stream, and in `by`
  NumberRule number_rule;
  bool auto_provision = false;  // an extension is made where a user has a number that has none
  bool deactivate_removed_users = true;
  unsigned max_change_percent = 20;
  std::map<std::string, Role> group_roles;
};

// A person with a fault where the rules accept none of the numbers, or no name; of several numbers that they accept it
// is the first. Names are in normal form (plain_text.hpp). Mail that is none is left away: it must not keep a name from
// being synced. Control characters, and those that change the direction of text, are left out rather than refused: the
// directory's owner is not there to be told of them.
Person map(const Entry& entry, const Policy& policy);

// Whether it is well-formed UTF-8 without control characters.
bool is_plain_text(std::string_view text);

}  // namespace strowger::directory
