#include "config/key_kinds.hpp"

#include <algorithm>
#include <limits>

namespace strowger::config {

std::string not_empty(const std::string& value) {
  return value.empty() ? "it is empty" : check_line(value);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

Key text(std::string_view path, Member<std::string> member, Check check, std::string_view expected,
         std::string_view help) {
  Key key;
  key.path = path;
  key.expected = expected;
  key.help = help;
  key.read = [member, check](Settings& settings, const std::string& value) {
    auto fault = check(value);
    if (fault.empty()) member(settings) = value;
    return fault;
  };
  key.show = [member](const Settings& settings) { return quoted(copy_of(settings, member)); };
  return key;
}

Key boolean(std::string_view path, Member<bool> member, std::string_view help) {
  Key key;
  key.path = path;
  key.expected = "true or false";
  key.help = help;
  key.read = [member](Settings& settings, const std::string& value) { return read_boolean(member(settings), value); };
  key.show = [member](const Settings& settings) { return copy_of(settings, member) ? "true" : "false"; };
  return key;
}

Key duration(std::string_view path, Member<std::chrono::seconds> member, std::string_view expected,
             std::string_view help) {
  Key key;
  key.path = path;
  key.expected = expected;
  key.help = help;
  key.read = [member](Settings& settings, const std::string& value) { return read_duration(member(settings), value); };
  key.show = [member](const Settings& settings) { return quoted(show_duration(copy_of(settings, member))); };
  return key;
}

Key port(std::string_view path, Member<std::uint16_t> member, std::string_view help) {
  return number<std::uint16_t>(path, std::move(member), std::numeric_limits<std::uint16_t>::max(),
                               "a port, 0 to 65535; 0 takes a free one", help);
}

Key list(std::string_view path, Member<std::vector<std::string>> member, Check check, std::string_view expected,
         std::string_view help, bool once) {
  Key key;
  key.path = path;
  key.shape = Shape::values;
  key.expected = expected;
  key.help = help;
  key.begin = [member](Settings& settings) { member(settings).clear(); };
  key.read = [member, check, once](Settings& settings, const std::string& value) {
    auto fault = check(value);
    auto& all = member(settings);
    if (fault.empty() && once && std::find(all.begin(), all.end(), value) != all.end())
      fault = value + " is listed twice";
    if (fault.empty()) all.push_back(value);
    return fault;
  };
  key.show = [member](const Settings& settings) {
    std::string out = "[";
    for (const auto& value : copy_of(settings, member)) out += (out.size() > 1 ? ", " : "") + quoted(value);
    return out + "]";
  };
  return key;
}

}  // namespace strowger::config
