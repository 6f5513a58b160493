// JSON for described structs (BOOST_DESCRIBE_STRUCT): events, snapshots and projection rows are written and read by
// the same few templates, so a field added to a struct is in all of them.
//
// Reading is tolerant in one direction only: a missing member keeps its default (it was added later) and an unknown
// one is skipped (it was added by a newer release); a member of the wrong type is an error that names it.
//
// Whatever is written can be read again, by every reader that takes JSON: text that is not UTF-8 is written with U+FFFD
// in place of what is wrong, and a number that JSON cannot write (NaN, infinity) as 0.
#pragma once

#include "events/ids.hpp"
#include "events/secret.hpp"
#include "events/time.hpp"
#include "events/uuid.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11.hpp>

namespace strowger::json {

// Whether secrets are written as they are (into the log) or masked (to anybody else).
enum class Secrets : std::uint8_t { kept, masked };

// With quotes and escapes; as UTF-8, whatever bytes the text is made of.
void write_string(std::string& out, std::string_view text);
// Parses a JSON text of our own making; the value's memory comes from `storage`, which outlives it.
Result<boost::json::value> parse(std::string_view text, boost::json::storage_ptr storage = {});

template <class T>
concept Described = boost::describe::has_describe_members<T>::value;
template <class T>
concept DescribedEnum = boost::describe::has_describe_enumerators<T>::value;

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_string_map : std::false_type {};
template <class T>
struct is_string_map<std::map<std::string, T>> : std::true_type {};

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

// An enumerator as a word. One that is a C++ keyword has a trailing underscore in the code, and none here.
template <DescribedEnum T>
std::string_view word(T value) {
  std::string_view text = boost::describe::enum_to_string(value, "?");
  if (text.ends_with('_')) text.remove_suffix(1);
  return text;
}
template <DescribedEnum T>
bool from_word(std::string text, T& to) {
  return boost::describe::enum_from_string(text.c_str(), to) ||
         boost::describe::enum_from_string((text += '_').c_str(), to);
}

template <class T>
void write(std::string& out, const T& value, Secrets secrets) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    char digits[24];
    out.append(digits, std::to_chars(std::begin(digits), std::end(digits), value).ptr);
  } else if constexpr (std::is_same_v<T, double>) {
    char digits[40];
    out.append(digits, std::to_chars(std::begin(digits), std::end(digits), std::isfinite(value) ? value : 0.0).ptr);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    write_string(out, value);
  } else if constexpr (std::is_same_v<T, SealedSecret> || std::is_same_v<T, PasswordHash>) {
    write_string(out, secrets == Secrets::kept ? std::string_view(value.text) : "(secret)");
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    if (secrets == Secrets::masked)
      write_string(out, to_iso8601(value));
    else
      write(out, value.time_since_epoch().count(), secrets);
  } else if constexpr (requires { value.text(); }) {  // MacAddress, ExtensionNumber, StreamId, Uuid
    write_string(out, value.text());
  } else if constexpr (DescribedEnum<T>) {
    write_string(out, word(value));
  } else if constexpr (std::is_enum_v<T>) {  // Position, StreamVersion
    write(out, static_cast<std::uint64_t>(value), secrets);
  } else if constexpr (is_optional<T>::value) {
    if (value)
      write(out, *value, secrets);
    else
      out += "null";
  } else if constexpr (is_vector<T>::value) {
    out.push_back('[');
    bool first = true;
    for (const auto& item : value) {
      if (!first) out.push_back(',');
      first = false;
      write(out, item, secrets);
    }
    out.push_back(']');
  } else if constexpr (is_string_map<T>::value) {
    out.push_back('{');
    bool first = true;
    for (const auto& [key, item] : value) {
      if (!first) out.push_back(',');
      first = false;
      write_string(out, key);
      out.push_back(':');
      write(out, item, secrets);
    }
    out.push_back('}');
  } else {
    static_assert(Described<T>, "describe the struct with BOOST_DESCRIBE_STRUCT");
    out.push_back('{');
    bool first = true;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
      const auto& field = value.*member.pointer;
      if constexpr (is_optional<std::remove_cvref_t<decltype(field)>>::value) {
        if (!field) return;  // absent and null read the same
      }
      if (!first) out.push_back(',');
      first = false;
      out.push_back('"');
      out += member.name;
      out += "\":";
      write(out, field, secrets);
    });
    out.push_back('}');
  }
}

template <class T>
std::string to_string(const T& value, Secrets secrets = Secrets::kept) {
  std::string out;
  out.reserve(256);
  write(out, value, secrets);
  return out;
}

// Calls `visit(std::string_view)` with each text in the value, however deep.
template <class T, class Visit>
void for_each_text(const T& value, const Visit& visit) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    visit(std::string_view(value));
  } else if constexpr (is_optional<T>::value) {
    if (value) for_each_text(*value, visit);
  } else if constexpr (is_vector<T>::value) {
    for (const auto& item : value) for_each_text(item, visit);
  } else if constexpr (is_string_map<T>::value) {
    for (const auto& [key, item] : value) {
      visit(std::string_view(key));
      for_each_text(item, visit);
    }
  } else if constexpr (Described<T>) {
    boost::mp11::mp_for_each<Members<T>>([&](auto member) { for_each_text(value.*member.pointer, visit); });
  }
}

Error wrong_type(std::string_view expected);

template <class T>
Result<void> read(const boost::json::value& from, T& to) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!from.is_bool()) return wrong_type("true or false");
    to = from.get_bool();
  } else if constexpr (std::is_integral_v<T>) {
    boost::json::error_code fault;
    to = from.to_number<T>(fault);
    if (fault) return wrong_type("a whole number in range");
  } else if constexpr (std::is_same_v<T, double>) {
    boost::json::error_code fault;
    to = from.to_number<double>(fault);
    if (fault) return wrong_type("a number");
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!from.is_string()) return wrong_type("a string");
    to.assign(from.get_string().data(), from.get_string().size());
  } else if constexpr (std::is_same_v<T, SealedSecret> || std::is_same_v<T, PasswordHash>) {
    return read(from, to.text);
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    std::int64_t microseconds = 0;
    if (auto done = read(from, microseconds); !done) return done;
    to = Timestamp(std::chrono::microseconds(microseconds));
  } else if constexpr (requires { T::parse(std::string_view{}); }) {
    if (!from.is_string()) return wrong_type("a string");
    const std::string_view text(from.get_string().data(), from.get_string().size());
    // A default-constructed value (an extension, a MAC address) stands for none in a fact, and not all can be parsed.
    if (text.empty()) {
      to = T{};
      return {};
    }
    auto parsed = T::parse(text);
    if (!parsed && text == T{}.text()) parsed = T{};
    if (!parsed) return parsed.error();
    to = std::move(*parsed);
  } else if constexpr (DescribedEnum<T>) {
    if (!from.is_string() || !from_word(std::string(from.get_string()), to)) return wrong_type("a known word");
  } else if constexpr (std::is_enum_v<T>) {
    std::uint64_t value = 0;
    if (auto done = read(from, value); !done) return done;
    to = static_cast<T>(value);
  } else if constexpr (is_optional<T>::value) {
    if (from.is_null()) {
      to.reset();
    } else {
      typename T::value_type value{};
      if (auto done = read(from, value); !done) return done;
      to = std::move(value);
    }
  } else if constexpr (is_vector<T>::value) {
    if (!from.is_array()) return wrong_type("a list");
    to.clear();
    for (const auto& item : from.get_array()) {
      typename T::value_type value{};
      if (auto done = read(item, value); !done) return done;
      to.push_back(std::move(value));
    }
  } else if constexpr (is_string_map<T>::value) {
    if (!from.is_object()) return wrong_type("an object");
    to.clear();
    for (const auto& [key, item] : from.get_object()) {
      typename T::mapped_type value{};
      if (auto done = read(item, value); !done) return done;
      to.emplace(key, std::move(value));
    }
  } else {
    static_assert(Described<T>, "describe the struct with BOOST_DESCRIBE_STRUCT");
    if (!from.is_object()) return wrong_type("an object");
    const auto& object = from.get_object();
    Result<void> result;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
      if (!result) return;
      const auto* field = object.if_contains(member.name);
      if (field == nullptr) return;
      if (auto done = read(*field, to.*member.pointer); !done) {
        Error fault = done.error();
        fault.message = std::string(member.name) + ": " + fault.message;
        result = std::move(fault);
      }
    });
    return result;
  }
  return {};
}

template <class T>
Result<T> from_string(std::string_view text) {
  std::array<unsigned char, 4'096> buffer;
  boost::json::monotonic_resource memory(buffer.data(), buffer.size());
  auto parsed = parse(text, &memory);
  if (!parsed) return parsed.error();
  T value{};
  if (auto done = read(*parsed, value); !done) return done.error();
  return value;
}

}  // namespace strowger::json
