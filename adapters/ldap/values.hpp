// Values as directories write them. Pure.
#pragma once

#include "events/time.hpp"
#include "events/uuid.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::ldap {

// A text as it stands in a search filter (RFC 4515 section 3): nothing in it is read as an operator.
std::string escape_filter(std::string_view text);

// The 16 bytes of an objectGUID, whose first three parts are little-endian; as Active Directory's tools show it.
std::optional<Uuid> guid(std::string_view bytes);

// member;range=0-1499 and member;range=1500-* (MS-ADTS 3.1.1.3.1.3.3): a part of an attribute with many values.
struct Range {
  std::string attribute;
  std::uint32_t first = 0;
  std::optional<std::uint32_t> last;  // none: the last value is in it
};
std::optional<Range> parse_range(std::string_view description);
// The next part, of at most so many values as Active Directory gives by itself: member;range=1500-2999
std::string next_range(const std::string& attribute, std::uint32_t first);

// A distinguished name in one form, to be compared. What is none stays as it is.
std::string normal_dn(const std::string& dn);
std::string lower(std::string_view text);  // ASCII

// userAccountControl with ACCOUNTDISABLE.
bool account_disabled(std::string_view user_account_control);

// The time as Active Directory counts it: steps of 100 ns since 1601.
std::uint64_t filetime(Timestamp time);
// accountExpires: whether it is past. 0 and 9223372036854775807 mean never, and so does what is no number.
bool account_expired(std::string_view account_expires, std::uint64_t now);

// The last part of an objectSid, which primaryGroupID of the group's members is; none where it is no SID
// (MS-DTYP 2.4.2.2).
std::optional<std::uint32_t> relative_id(std::string_view sid);

// What the diagnostic text of Active Directory's refusal of a bind means ("… data 52e, …"); empty: unknown.
std::string bind_refusal(std::string_view diagnostic);

}  // namespace strowger::ldap
