// Reads the settings. Whatever is wrong stops the start, all of it at once: each fault says file, line, key, what was
// expected, and the nearest key that exists.
//
// A file that sets nothing, and a section with nothing in it, are faults: that is what a file looks like that was cut
// off, or is being written. `{}` says that the defaults are meant.
#pragma once

#include "config/settings.hpp"
#include "config/substitute.hpp"
#include "events/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace strowger::config {

// `bad_settings`: the message is one line a fault, `name:line: key: what`, and details.faults holds them singly
// (line, key, message). `settings_unreadable` where the file cannot be opened.
Result<Settings> load_file(const std::filesystem::path& path, const Environment& environment = process_environment());

// The same from a text; `name` stands for the file in messages.
Result<Settings> load_text(std::string_view text, const std::string& name,
                           const Environment& environment = process_environment());

}  // namespace strowger::config
