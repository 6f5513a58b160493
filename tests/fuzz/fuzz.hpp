// A fuzz target is a folder with one file that defines fuzz(). It is built twice: with clang's libFuzzer in the preset
// `fuzz`, which looks for new inputs, and with a driver that replays the corpus once, as an ordinary test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

void fuzz(std::string_view input);

// Ends the process where a property does not hold, which both drivers count as a find.
#define FUZZ_CHECK(condition)                                                             \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
