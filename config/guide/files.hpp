// The guides of this folder, as they were when the program was built: a Markdown file a topic, whose first line is its
// title. `strowger help` prints them.
#pragma once

#include <span>
#include <string_view>

namespace strowger::guide {

struct File {
  std::string_view path;  // access.md
  std::string_view content;
};

// By path, in order.
std::span<const File> files();

}  // namespace strowger::guide
