// A phone's file as keys and values, by its grammar, with the place of each in the bytes.
#pragma once

#include "actors/provisioning/format.hpp"
#include "events/error.hpp"

#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

struct ConfigEntry {
  // In files of lines the key. xml: the path of element or attribute: gs_provision/config/P34,
  // APPLICATION/registration@reg.1.label. One that comes again has [2] and so on behind it.
  std::string key;
  std::string value;       // as the phone reads it: decoded, without outer spaces
  std::size_t key_at = 0;  // where its name stands
  std::size_t begin = 0;   // of the value, as it is written
  std::size_t end = 0;
  std::size_t line = 0;  // of the name, from 1
};

// Limits of one file. The largest of the built-in templates have some hundred entries, and elements four deep.
inline constexpr std::size_t most_entries = 50'000;
inline constexpr std::size_t most_elements_deep = 64;
inline constexpr std::size_t most_key_bytes = std::size_t{16} << 20;  // of all keys: an element's name is in many

// In the order of the file. Complexity: O(n log n) of the bytes.
// Errors: `bad_output` where the bytes do not obey the grammar or nest too deep, `output_too_large` above the limits,
// `not_traceable` with a DOCTYPE; `stopped`.
Result<std::vector<ConfigEntry>> config_entries(Format format, std::string_view bytes,
                                                const std::stop_token& stop = {});

// Whether what stands under this key is a secret by its name (a password, a pass phrase, a key), whoever wrote it.
bool names_secret(std::string_view key);
// Whether a comment may hold one: some word of it names a secret.
bool may_tell_secret(std::string_view comment);

}  // namespace strowger::provisioning
