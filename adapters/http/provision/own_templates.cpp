#include "adapters/http/provision/own_templates.hpp"

#include "actors/provisioning/custom_templates.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace strowger::http::provision {
namespace {

namespace fs = std::filesystem;

Error unwritable(const fs::path& path, const std::string& why) {
  return unavailable("template_unwritable", "The template cannot be kept in " + path.string() + ": " + why);
}

std::optional<std::string> content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The old file or the new one is there, whole, whatever happens in between. For its owner only: a password may have
// been typed into it.
Result<void> write_whole(const fs::path& path, const std::string& text) {
  auto fresh = path;
  fresh += ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (file < 0) return unwritable(path, std::system_category().message(errno));
  std::size_t written = 0;
  while (written < text.size()) {
    const auto count = ::write(file, text.data() + written, text.size() - written);
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  const bool synced = written == text.size() && ::fsync(file) == 0;
  const int fault = errno;
  ::close(file);
  std::error_code failed;
  if (synced) fs::rename(fresh, path, failed);
  if (synced && !failed) return {};
  std::error_code ignored;
  fs::remove(fresh, ignored);
  return unwritable(path, failed ? failed.message() : std::system_category().message(fault));
}

Result<void> keep(const fs::path& path, const std::optional<std::string>& text) {
  if (text) return write_whole(path, *text);
  std::error_code failed;
  fs::remove(path, failed);
  if (failed) return unwritable(path, failed.message());
  return {};
}

// The name of the file that it is about.
std::string file_of(const Error& fault) {
  const auto* file = fault.details.if_contains("file");
  const auto* path = file != nullptr ? file->if_string() : nullptr;
  return path == nullptr ? std::string() : fs::path(std::string_view(*path)).filename().string();
}

bool is_folder(const std::string& name) {
  return !name.ends_with(".template");
}

}  // namespace

std::string OwnTemplates::file_name(const provisioning::Vendor& vendor, const provisioning::Model& model) const {
  // Where the model has one of its own already, under whatever name, that is the one.
  const auto present = world_.present()->find(vendor.vendor, model.model);
  if (present && present->custom) return present->name;
  return vendor.vendor + "_" + model.model + ".template";
}

Result<RendererPtr> OwnTemplates::propose(const provisioning::Vendor& vendor, const provisioning::Model& model,
                                          const std::optional<std::string>& text, const std::stop_token& stop) const {
  std::optional<provisioning::CustomTemplate> own;
  if (text) own = provisioning::CustomTemplate{file_name(vendor, model), *text};
  return world_.present()->with(vendor, model, own, stop);
}

Result<RendererPtr> OwnTemplates::put(const provisioning::Vendor& vendor, const provisioning::Model& model,
                                      const std::optional<std::string>& text, const std::string& by) {
  const std::lock_guard lock(mutex_);
  auto proposed = propose(vendor, model, text);
  if (!proposed) return proposed;
  const auto directory = world_.folder().path;
  std::error_code failed;
  fs::create_directories(directory, failed);
  if (failed) return unwritable(directory, failed.message());
  const auto path = directory / file_name(vendor, model);
  const auto before = content_of(path);
  if (auto kept = keep(path, text); !kept) return kept.error();
  if (auto published = world_.publish(**proposed, by); !published) {
    static_cast<void>(keep(path, before));
    return published.error();
  }
  world_.put_in_force(*proposed);
  return proposed;
}

// Each under the name of the file that is refused; those of all files where the folder itself cannot be read.
std::vector<provisioning::CustomTemplate> OwnTemplates::kept_instead(const std::vector<Error>& refused) const {
  const auto present = world_.present();
  const auto in_force = present ? present->templates() : std::vector<provisioning::Renderer::TemplateInfo>();
  std::vector<provisioning::CustomTemplate> out;
  for (const auto& fault : refused) {
    const auto name = file_of(fault);
    const bool whole_folder = is_folder(name);
    for (const auto& info : in_force)
      if (info.custom && (whole_folder || info.name == name)) out.push_back({info.name, info.text});
    if (present || whole_folder) continue;
    const auto names = provisioning::split_template_name(name);
    const auto vendor = names ? world_.vendors.vendor(names->first) : names.error();
    if (!vendor) continue;
    const auto model = world_.vendors.model(**vendor, names->second);
    if (!model) continue;
    if (auto last = world_.recorded((*vendor)->vendor, (*model)->model); last && last->name == name)
      out.push_back(std::move(*last));
  }
  return out;
}

Result<OwnTemplates::Loaded> OwnTemplates::load(const Folder& folder) const {
  std::error_code ignored;
  provisioning::CustomTemplates files;
  if (!folder.may_be_absent || fs::exists(folder.path, ignored))
    files = provisioning::read_custom_templates(folder.path);
  auto made = provisioning::Renderer::make(world_.vendors, files.templates);
  if (!made) return made.error();
  auto refused = std::move(files.faults);
  for (auto& fault : made->refused) refused.push_back(std::move(fault));

  const auto instead = kept_instead(refused);
  if (!instead.empty()) {
    for (const auto& kept : instead) {
      std::erase_if(files.templates, [&](const auto& file) { return file.name == kept.name; });
      files.templates.push_back(kept);
    }
    made = provisioning::Renderer::make(world_.vendors, files.templates);
    if (!made) return made.error();
  }
  for (auto& fault : refused) {
    const auto name = file_of(fault);
    const bool kept = std::any_of(instead.begin(), instead.end(),
                                  [&](const auto& one) { return is_folder(name) || one.name == name; });
    fault.message += kept ? "; what was in force before stays so" : "; nothing of it is in force";
  }
  const auto present = world_.present();
  const bool changed = !present || made->renderer->templates() != present->templates();
  return Loaded{changed ? made->renderer : present, std::move(refused), changed};
}

Result<OwnTemplates::Loaded> OwnTemplates::reload(const std::string& by) {
  const std::lock_guard lock(mutex_);
  auto loaded = load(world_.folder());
  if (!loaded || !loaded->changed) return loaded;
  if (auto published = world_.publish(*loaded->renderer, by); !published) return published.error();
  world_.put_in_force(loaded->renderer);
  return loaded;
}

}  // namespace strowger::http::provision
