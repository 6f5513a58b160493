// How a kind of value is read and shown: what the rows of the table (schema.cpp) are made of.
#pragma once

#include "config/checks.hpp"
#include "config/schema.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strowger::config {

// What is wrong with a value; empty where nothing is.
using Check = std::string (*)(const std::string&);

std::string not_empty(const std::string& value);
std::string quoted(const std::string& text);  // as YAML

template <class T>
T copy_of(const Settings& settings, const Member<T>& member) {
  auto copy = settings;  // members are named by access to a settings that can change
  return member(copy);
}

Key text(std::string_view path, Member<std::string> member, Check check, std::string_view expected,
         std::string_view help);
Key boolean(std::string_view path, Member<bool> member, std::string_view help);
Key duration(std::string_view path, Member<std::chrono::seconds> member, std::string_view expected,
             std::string_view help);
Key port(std::string_view path, Member<std::uint16_t> member, std::string_view help);

template <class T>
Key number(std::string_view path, Member<T> member, std::uint64_t most, std::string_view expected,
           std::string_view help) {
  Key key;
  key.path = path;
  key.expected = expected;
  key.help = help;
  key.read = [member, most](Settings& settings, const std::string& value) {
    std::uint64_t read = 0;
    auto fault = read_number(read, most, value);
    if (fault.empty()) member(settings) = static_cast<T>(read);
    return fault;
  };
  key.show = [member](const Settings& settings) { return std::to_string(copy_of(settings, member)); };
  return key;
}

// A list whose values are checked one by one; `once`: none may stand in it twice.
Key list(std::string_view path, Member<std::vector<std::string>> member, Check check, std::string_view expected,
         std::string_view help, bool once = false);

// A member of the last entry of a list; `entry` gives that.
template <class T, class Entry>
Field field(std::string_view name, std::string_view expected, bool required, Entry entry, T member, Check check) {
  Field out;
  out.name = name;
  out.expected = expected;
  out.required = required;
  out.read = [entry, member, check](Settings& settings, const std::string& value) {
    auto fault = check(value);
    if (fault.empty()) entry(settings).*member = value;
    return fault;
  };
  return out;
}

}  // namespace strowger::config
