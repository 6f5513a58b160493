#include "actors/provisioning/custom_templates.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>

#include <boost/json/value.hpp>

namespace strowger::provisioning {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view template_suffix = ".template";
constexpr std::uintmax_t kMaxFile = 256 * 1024;

Error unreadable(const fs::path& path, const std::string& why) {
  return unavailable("template_unreadable", path.string() + ": " + why).with("file", boost::json::value(path.string()));
}

Result<std::string> read_file(const fs::path& path) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  if (failed) return unreadable(path, failed.message());
  if (size > kMaxFile) return unreadable(path, "longer than 256 KiB");
  std::ifstream file(path, std::ios::binary);
  std::string text(size, '\0');
  if (!file || (size > 0 && !file.read(text.data(), static_cast<std::streamsize>(size))))
    return unreadable(path, "cannot be read; check its permissions");
  return text;
}

}  // namespace

CustomTemplates read_custom_templates(const fs::path& directory) {
  CustomTemplates out;
  if (directory.empty()) return out;
  std::error_code failed;
  std::vector<fs::path> paths;
  for (fs::directory_iterator entry(directory, failed), end; !failed && entry != end; entry.increment(failed))
    if (entry->path().extension() == template_suffix) paths.push_back(entry->path());
  if (failed) {
    out.faults.push_back(unreadable(directory, "provisioning.custom_templates_dir: " + failed.message()));
    return out;
  }
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    auto text = read_file(path);
    if (text) {
      out.templates.push_back({path.filename().string(), std::move(*text)});
    } else {
      out.faults.push_back(text.error());
    }
  }
  return out;
}

Result<std::pair<std::string, std::string>> split_template_name(std::string_view name) {
  auto stem = name;
  if (stem.ends_with(template_suffix)) stem.remove_suffix(template_suffix.size());
  const auto bar = stem.find('_');
  if (bar == std::string_view::npos || bar == 0 || bar + 1 == stem.size())
    return unacceptable("bad_template_name", "'" + std::string(name.substr(0, 100)) +
                                                 "' does not name a template; call it vendor_model.template, as in "
                                                 "yealink_t46s.template")
        .with("file", boost::json::value(std::string(name.substr(0, 100))));
  return std::pair{std::string(stem.substr(0, bar)), std::string(stem.substr(bar + 1))};
}

}  // namespace strowger::provisioning
