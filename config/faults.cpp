#include "config/faults.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace strowger::config {

void Faults::add(std::size_t line, std::string key, std::string message) {
  const auto later = std::find_if(all_.begin(), all_.end(), [&](const Fault& other) { return other.line > line; });
  all_.insert(later, {line, std::move(key), std::move(message)});
}

Error Faults::error() const {
  std::string message;
  boost::json::array list;
  for (const auto& fault : all_) {
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
