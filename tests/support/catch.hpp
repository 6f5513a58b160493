// Catch2, whichever of the two major versions Debian has, and how it shows our own types.
#pragma once

#ifdef STROWGER_CATCH2_V3
#include <catch2/catch_all.hpp>
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>
inline auto ContainsSubstring(const std::string& text) {
  return Catch::Matchers::Contains(text);
}
#endif

#include "events/error.hpp"

template <class T>
struct Catch::StringMaker<strowger::Result<T>> {
  static std::string convert(const strowger::Result<T>& result) {
    return result ? "a value" : "error " + result.error().code + ": " + result.error().message;
  }
};
