// Readers for one kind of value each: they check a text and put it where it belongs.
#pragma once

#include "config/schema.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace strowger::config {

template <class T>
using Member = std::function<T&(Settings&)>;

// Each returns what is wrong with `value`, in words that follow "… is not what is expected: ".
std::string read_boolean(bool& out, const std::string& value);
std::string read_number(std::uint64_t& out, std::uint64_t most, const std::string& value);
// 90d, 12h, 10m or 30s; 0 and never are zero.
std::string read_duration(std::chrono::seconds& out, const std::string& value);
std::string show_duration(std::chrono::seconds duration);

std::string check_line(const std::string& value);     // no control characters, valid UTF-8 is not asked for
std::string check_host(const std::string& value);     // what a socket can be bound to
std::string check_address(const std::string& value);  // what phones are told: an address or a name; may be empty
std::string check_realm(const std::string& value);    // goes between quotes into SIP headers
std::string check_url_format(const std::string& value);
std::string check_interface(const std::string& value);  // a name that Linux takes
std::string check_network(const std::string& value);
std::string check_mac(const std::string& value);
std::string check_extension(const std::string& value);

}  // namespace strowger::config
