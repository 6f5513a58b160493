// Fills any described struct with values that differ from its defaults and are always the same.
#pragma once

#include "events/json.hpp"

namespace strowger::test {

template <class T>
void fill(T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    value = true;
  } else if constexpr (std::is_integral_v<T>) {
    value = 42;
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = "text <\"é\\\n>";
  } else if constexpr (std::is_same_v<T, SealedSecret> || std::is_same_v<T, PasswordHash>) {
    value.text = "sealed";
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    value = parse_iso8601("2026-01-08T19:40:00.123456Z").value();
  } else if constexpr (std::is_same_v<T, MacAddress>) {
    value = MacAddress::parse("001565abcdef").value();
  } else if constexpr (std::is_same_v<T, ExtensionNumber>) {
    value = ExtensionNumber::parse("1001").value();
  } else if constexpr (std::is_same_v<T, Uuid>) {
    value = Uuid::parse("019b9f0e-7c3b-7000-8000-000000000001").value();
  } else if constexpr (json::DescribedEnum<T>) {
    // The last word: an enumeration that is reordered or renamed shows.
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto word) { value = word.value; });
  } else if constexpr (json::is_optional<T>::value) {
    value.emplace();
    fill(*value);
  } else if constexpr (json::is_vector<T>::value) {
    fill(value.emplace_back());
  } else if constexpr (json::is_string_map<T>::value) {
    fill(value["key"]);
  } else {
    boost::mp11::mp_for_each<json::Members<T>>([&](auto member) { fill(value.*member.pointer); });
  }
}

}  // namespace strowger::test
