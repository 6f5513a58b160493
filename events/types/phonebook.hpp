// The phone book that phones are given: extensions (stream extension/<number>) and contacts of the house's own (stream
// contact/<id>).
#pragma once

#include "events/ids.hpp"
#include "events/uuid.hpp"

#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace strowger {

// Whether phone books name the extension. One that was never said to be hidden is listed.
struct ExtensionListingChanged {
  static constexpr std::string_view type = "extension.listing_changed";
  static constexpr std::uint16_t schema = 1;
  ExtensionNumber number;
  bool listed = true;
};
BOOST_DESCRIBE_STRUCT(ExtensionListingChanged, (), (number, listed))

enum class NumberKind : std::uint8_t { work, mobile, home, other };
BOOST_DESCRIBE_ENUM(NumberKind, work, mobile, home, other)

struct ContactNumber {
  NumberKind kind = NumberKind::work;
  std::string number;  // as people write it: +49 (0)30 1234-567
  bool operator==(const ContactNumber&) const = default;
};
BOOST_DESCRIBE_STRUCT(ContactNumber, (), (kind, number))

struct ContactAdded {
  static constexpr std::string_view type = "contact.added";
  static constexpr std::uint16_t schema = 1;
  Uuid contact;
  std::string name;
  std::string company;
  std::vector<ContactNumber> numbers;
};
BOOST_DESCRIBE_STRUCT(ContactAdded, (), (contact, name, company, numbers))

// The whole contact after the change.
struct ContactChanged {
  static constexpr std::string_view type = "contact.changed";
  static constexpr std::uint16_t schema = 1;
  Uuid contact;
  std::string name;
  std::string company;
  std::vector<ContactNumber> numbers;
};
BOOST_DESCRIBE_STRUCT(ContactChanged, (), (contact, name, company, numbers))

struct ContactRemoved {
  static constexpr std::string_view type = "contact.removed";
  static constexpr std::uint16_t schema = 1;
  Uuid contact;
};
BOOST_DESCRIBE_STRUCT(ContactRemoved, (), (contact))

}  // namespace strowger
