#include "actors/directory/mapping.hpp"

#include "actors/extension/extension.hpp"

#include <algorithm>

namespace strowger::directory {
namespace {

std::string trimmed_name(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

// The bytes of one UTF-8 sequence (RFC 3629) at the start of `text`; 0 where it is none.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  const std::size_t size = lead < 0x80                   ? 1
                           : lead >= 0xC2 && lead < 0xE0 ? 2
                           : lead >= 0xE0 && lead < 0xF0 ? 3
                           : lead >= 0xF0 && lead < 0xF5 ? 4
                                                         : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if (size == 3 && ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F))) return 0;
  if (size == 4 && ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F))) return 0;
  return size;
}

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
  while (!text.empty()) {
    const auto size = sequence(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (size == 0 || byte < 0x20 || byte == 0x7F) return false;
    text.remove_prefix(size);
  }
  return true;
}

Person map(const Entry& entry, const Policy& policy) {
  Person person;
  person.identity = entry.identity;
  person.account = trimmed_name(entry.account);
  if (!is_plain_text(person.account)) person.account.clear();
  person.disabled = entry.disabled;
  person.role = role_of(entry, policy);
  if (entry.identity.is_nil()) {
    person.fault = "the directory gives no identity (objectGUID, entryUUID) for it, or hides it from the bind user";
    return person;
  }
  const auto value = std::ranges::find_if(entry.numbers, [](const std::string& n) { return !trimmed_name(n).empty(); });
  if (value == entry.numbers.end()) return person;
  auto number = is_plain_text(*value) ? policy.number_rule.apply(*value)
                                      : Result<ExtensionNumber>(unacceptable("no_number", "its number is not text"));
  if (!number) {
    person.fault = number.error().message;
    return person;
  }
  person.name = trimmed_name(entry.name);
  if (!is_plain_text(person.name)) {
    person.fault = "its name is not well-formed text";
    person.name.clear();
  } else if (auto ok = actors::check_name(person.name); !ok) {
    person.fault = ok.error().message;
  }
  person.number = std::move(*number);
  person.email = trimmed_name(entry.mail);
  if (!is_plain_text(person.email) || !actors::check_email(person.email)) person.email.clear();
  return person;
}

}  // namespace strowger::directory
