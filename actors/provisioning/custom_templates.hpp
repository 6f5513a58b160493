// An administrator's own templates: files named vendor_model.template in provisioning.custom_templates_dir.
#pragma once

#include "events/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strowger::provisioning {

struct CustomTemplate {
  std::string name;  // yealink_t46s.template
  std::string text;
};

struct CustomTemplates {
  std::vector<CustomTemplate> templates;  // by name
  std::vector<Error> faults;              // one for each file that could not be read; the others are there
};

// Reads every *.template of the directory (not below it). An empty path gives nothing; a directory that is not there or
// cannot be read is a fault. Blocks on the disk.
CustomTemplates read_custom_templates(const std::filesystem::path& directory);

// yealink_t46s.template -> {yealink, t46s}. The model may hold further underscores: polycom_vvx_450.template.
Result<std::pair<std::string, std::string>> split_template_name(std::string_view name);

}  // namespace strowger::provisioning
