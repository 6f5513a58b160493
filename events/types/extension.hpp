// What happens to an extension: stream extension/<number>.
#pragma once

#include "events/ids.hpp"
#include "events/secret.hpp"

#include <optional>
#include <string>

#include <boost/describe/class.hpp>

namespace strowger {

struct ExtensionCreated {
  static constexpr std::string_view type = "extension.created";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber number;
  std::string name;
  std::string email;
  bool allow_external = true;
  SealedSecret password;
};
BOOST_DESCRIBE_STRUCT(ExtensionCreated, (), (number, name, email, allow_external, password))

// Only the members that changed are set.
struct ExtensionChanged {
  static constexpr std::string_view type = "extension.changed";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber number;
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<bool> allow_external;
};
BOOST_DESCRIBE_STRUCT(ExtensionChanged, (), (number, name, email, allow_external))

struct ExtensionPasswordChanged {
  static constexpr std::string_view type = "extension.password_changed";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber number;
  SealedSecret password;
};
BOOST_DESCRIBE_STRUCT(ExtensionPasswordChanged, (), (number, password))

struct ExtensionDeleted {
  static constexpr std::string_view type = "extension.deleted";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber number;
  SealedSecret password;  // whose data key is to be shredded
};
BOOST_DESCRIBE_STRUCT(ExtensionDeleted, (), (number, password))

}  // namespace strowger
