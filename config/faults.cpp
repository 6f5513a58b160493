#include "config/faults.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace strowger::config {

void Faults::add(std::size_t line, std::string key, std::string message) {
  all_.push_back({line, std::move(key), std::move(message)});
}

Error Faults::error() const {
  auto ordered = all_;
  std::stable_sort(ordered.begin(), ordered.end(), [](const Fault& a, const Fault& b) { return a.line < b.line; });
  std::string message;
  boost::json::array list;
  for (const auto& fault : ordered) {
    if (!message.empty()) message += '\n';
    message += file_;
    if (fault.line > 0) message += ":" + std::to_string(fault.line);
    if (!fault.key.empty()) message += ": " + fault.key;
    message += ": " + fault.message;
    list.push_back({{"line", fault.line}, {"key", fault.key}, {"message", fault.message}});
  }
  return unacceptable("bad_settings", std::move(message)).with("faults", std::move(list));
}

}  // namespace strowger::config
