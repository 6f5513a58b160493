// What happens to those who administer: stream user/<name>.
#pragma once

#include "events/secret.hpp"
#include "events/time.hpp"
#include "events/uuid.hpp"

#include <string>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace strowger {

enum class Role : std::uint8_t { admin, operator_, viewer, user };
BOOST_DESCRIBE_ENUM(Role, admin, operator_, viewer, user)

struct UserCreated {
  static constexpr std::string_view type = "user.created";
  static constexpr std::uint16_t schema = 1;
  std::string name;
  Role role = Role::viewer;
  PasswordHash password;
};
BOOST_DESCRIBE_STRUCT(UserCreated, (), (name, role, password))

struct UserPasswordChanged {
  static constexpr std::string_view type = "user.password_changed";
  static constexpr std::uint16_t schema = 1;
  std::string name;
  PasswordHash password;
};
BOOST_DESCRIBE_STRUCT(UserPasswordChanged, (), (name, password))

// The token is refused from now on; after `expires_at` it would be refused anyway.
struct TokenRevoked {
  static constexpr std::string_view type = "user.token_revoked";
  static constexpr std::uint16_t schema = 1;
  std::string name;
  Uuid token;
  Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(TokenRevoked, (), (name, token, expires_at))

}  // namespace strowger
