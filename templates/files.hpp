// The files of this folder, as they were when the program was built: one folder a vendor, each with vendor.json (who
// makes it, which models, how it is told to reboot, what its phones ask for), a template for each family of models,
// partials that they share, and common.template (the file that leads a phone to its own). files.json holds the names of
// files that several vendors' phones ask for. The program reads no file of the source tree when it runs.
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
