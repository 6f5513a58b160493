// Percent-encoding (RFC 3986 section 2.1) and query strings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strowger::http {

// None where a `%` is not followed by two hex digits, or where a control character comes out.
std::optional<std::string> percent_decode(std::string_view text);
// Leaves what is not a valid escape as it is: for file names, where a phone may send a macro such as `%MAC%` literally.
std::string percent_decode_leniently(std::string_view text);
// For one path segment or query value: all but the unreserved characters is escaped.
std::string percent_encode(std::string_view text);

// The parameters of a query (without the `?`), in order, decoded; `+` is a space. An invalid escape stays as it is.
class Query {
 public:
  Query() = default;
  explicit Query(std::string_view query);
  // The first of that name.
  std::optional<std::string_view> find(std::string_view name) const&;
  std::optional<std::string_view> find(std::string_view name) const&& = delete;  // of a temporary
  const std::vector<std::pair<std::string, std::string>>& all() const& { return items_; }
  const std::vector<std::pair<std::string, std::string>>& all() const&& = delete;  // of a temporary

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

}  // namespace strowger::http
