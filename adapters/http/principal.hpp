// Who is asking, and what they may do.
#pragma once

#include "events/time.hpp"
#include "events/types/user.hpp"
#include "events/uuid.hpp"

#include <string>
#include <string_view>

namespace strowger::http {

struct Principal {
  std::string name;  // admin, ann, 1001
  Role role = Role::user;
  Uuid token;  // nil where no token was needed
  Timestamp expires_at{};
  Uuid epoch{};  // of the account that the token was given to (events/projections/users.hpp); nil: none
  Timestamp issued_at{};

  // admin > operator > viewer > user.
  bool may(Role needed) const { return static_cast<int>(role) <= static_cast<int>(needed); }
  std::string by() const;  // as events name it: admin:ann
};

std::string_view to_text(Role role);  // admin, operator, viewer, user

}  // namespace strowger::http
