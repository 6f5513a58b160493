#include "actors/directory/mapping.hpp"

#include "actors/extension/extension.hpp"
#include "events/plain_text.hpp"
#include "events/utf8.hpp"

#include <algorithm>

namespace strowger::directory {
namespace {

// An account is compared byte by byte: nothing in it is changed.
std::string trimmed_account(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

constexpr std::size_t longest_account = 256;  // bytes; sAMAccountName has 20, uid and userPrincipalName up to 256

// The role that reaches farthest.
std::optional<Role> role_of(const Entry& entry, const Policy& policy) {
  std::optional<Role> best;
  for (const auto& group : entry.groups) {
    const auto found = policy.group_roles.find(group);
    if (found != policy.group_roles.end() && (!best || found->second < *best)) best = found->second;
  }
  return best;
}

}  // namespace

bool is_plain_text(std::string_view text) {
  return utf8::is_valid(text) &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Person map(const Entry& entry, const Policy& policy) {
  Person person;
  person.identity = entry.identity;
  person.account = trimmed_account(entry.account);
  if (!is_plain_text(person.account) || person.account.size() > longest_account) person.account.clear();
  person.disabled = entry.disabled;
  person.role = role_of(entry, policy);
  if (entry.identity.is_nil()) {
    person.fault = "the directory gives no identity (objectGUID, entryUUID) for it, or hides it from the bind user";
    return person;
  }
  std::optional<Error> refused;
  for (const auto& value : entry.numbers) {
    // People paste numbers and names with characters in them that nobody sees.
    const auto given = plain_text(value);
    if (given.empty()) continue;
    auto number = is_plain_text(given) ? policy.number_rule.apply(given)
                                       : Result<ExtensionNumber>(unacceptable("no_number", "its number is not text"));
    if (number) {
      person.number = std::move(*number);
      break;
    }
    if (!refused) refused = number.error();
  }
  if (!person.number) {
    if (refused) person.fault = refused->message;
    return person;
  }
  person.name = plain_text(entry.name);
  if (!is_plain_text(person.name)) {
    person.fault = "its name is not well-formed text";
    person.name.clear();
  } else if (auto ok = actors::check_name(person.name); !ok) {
    person.fault = ok.error().message;
  }
  person.email = plain_text(entry.mail);
  if (!is_plain_text(person.email) || !actors::check_email(person.email)) person.email.clear();
  return person;
}

}  // namespace strowger::directory
