// The files of this folder, as they were when the program was built: one folder a vendor, each with vendor.json (who
// makes it, which models, how it is told to reboot), a template for each model and common.template (the file that leads
// a phone to its own). The program reads no file of the source tree when it runs.
#pragma once

#include <span>
#include <string_view>

namespace strowger::templates {

struct File {
  std::string_view path;  // yealink/t46s.template
  std::string_view content;
};

// By path, in order.
std::span<const File> files();

}  // namespace strowger::templates
