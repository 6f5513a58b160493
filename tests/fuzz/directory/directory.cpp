// What a directory holds, anybody may have written: number rules, identities, parts of attributes, texts in filters.
#include "actors/directory/mapping.hpp"
#include "actors/directory/schedule.hpp"
#include "actors/provisioning/dialled.hpp"
#include "adapters/ldap/values.hpp"
#include "events/controls.hpp"
#include "events/plain_text.hpp"
#include "events/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

using namespace strowger;

namespace {

const directory::Policy& policy(std::size_t which) {
  static const auto all = [] {
    std::vector<directory::Policy> out;
    for (const auto* rule : {"", "last 4", "x", "regex: ^\\+?\\d* ?(1\\d{3})$"}) {
      directory::Policy one;
      one.number_rule = directory::NumberRule::parse(rule).value();
      out.push_back(std::move(one));
    }
    return out;
  }();
  return all[which % all.size()];
}

// RFC 4515: nothing that ends or begins a component, and the text comes back.
void check_escape(std::string_view input) {
  const auto escaped = ldap::escape_filter(input);
  FUZZ_CHECK(escaped.find_first_of("*()") == std::string::npos);
  std::string back;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '\\') {
      back.push_back(escaped[i]);
      continue;
    }
    FUZZ_CHECK(i + 2 < escaped.size());
    back.push_back(static_cast<char>(std::stoi(escaped.substr(i + 1, 2), nullptr, 16)));
    i += 2;
  }
  FUZZ_CHECK(back == input);
}

}  // namespace

void fuzz(std::string_view input) {
  check_escape(input);
  directory::Entry entry;
  entry.identity.bytes[0] = 1;
  entry.account = entry.name = entry.mail = std::string(input);
  entry.numbers = {std::string(input)};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto person = directory::map(entry, policy(i));
    if (person.fault.empty() && person.number) {
      FUZZ_CHECK(ExtensionNumber::parse(person.number->text()));
      FUZZ_CHECK(directory::is_plain_text(person.name) && !person.name.empty());
      FUZZ_CHECK(person.email.empty() || directory::is_plain_text(person.email));
    }
  }
  if (const auto identity = ldap::guid(input)) FUZZ_CHECK(Uuid::parse(identity->text()).value() == *identity);
  if (const auto range = ldap::parse_range(input)) FUZZ_CHECK(!range->last || *range->last >= range->first);
  static_cast<void>(ldap::normal_dn(std::string(input.substr(0, input.find('\0')))));
  static_cast<void>(ldap::bind_refusal(input));
  static_cast<void>(ldap::account_disabled(input));
  static_cast<void>(ldap::account_expired(input, 1));
  static_cast<void>(ldap::relative_id(input));
  const auto dialled = provisioning::dialled(input);
  FUZZ_CHECK(!utf8::is_valid(input) || provisioning::dialled(dialled) == dialled);
  const auto plain = plain_text(input);
  FUZZ_CHECK(!utf8::is_valid(input) || (plain_text(plain) == plain && !find_control(plain)));
  static_cast<void>(directory::NumberRule::parse(input));
  static_cast<void>(directory::Schedule::parse(input.substr(0, 64)));
}
