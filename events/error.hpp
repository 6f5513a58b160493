// What can go wrong, said so that a person can act on it. Every fallible function of the house returns Result<T>.
//
// The namespace `strowger` holds the words of `events/`, which the whole house speaks; every other folder has a
// namespace of its own below it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/system/result.hpp>

namespace strowger {

// What kind of fault it is, which decides how a protocol says it (HTTP status, SIP status, exit code).
enum class ErrorKind : std::uint8_t {
  malformed,        // could not be read at all
  unauthenticated,  // who is asking is not known
  forbidden,        // known, but may not
  not_found,
  conflict,      // the present state forbids it; reading again may help
  stale,         // the caller decided on an older version than the present one
  too_large,     // over a stated limit
  unacceptable,  // well-formed, but not something that can be done
  overloaded,    // shed; try again after a moment
  unavailable,   // a part that is needed is down; it heals by itself or by an operator
  internal,      // a fault of ours
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string code;     // stable_snake_case, for programs
  std::string message;  // what was wrong, where, and what to do; for people
  boost::json::object details{};

  Error with(std::string_view key, boost::json::value value) && {
    details[key] = std::move(value);
    return std::move(*this);
  }
};

template <class T>
using Result = boost::system::result<T, Error>;

inline Error malformed(std::string code, std::string message) {
  return {ErrorKind::malformed, std::move(code), std::move(message)};
}
inline Error unacceptable(std::string code, std::string message) {
  return {ErrorKind::unacceptable, std::move(code), std::move(message)};
}
inline Error not_found(std::string code, std::string message) {
  return {ErrorKind::not_found, std::move(code), std::move(message)};
}
inline Error conflict(std::string code, std::string message) {
  return {ErrorKind::conflict, std::move(code), std::move(message)};
}
inline Error unavailable(std::string code, std::string message) {
  return {ErrorKind::unavailable, std::move(code), std::move(message)};
}
inline Error overloaded(std::string message) {
  return {ErrorKind::overloaded, "overloaded", std::move(message)};
}
inline Error internal_error(std::string message) {
  return {ErrorKind::internal, "internal_error", std::move(message)};
}

// Found by Boost when value() is called on a failed Result: a programming error, so it ends loudly.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.code + ": " + error.message);
}

}  // namespace strowger
