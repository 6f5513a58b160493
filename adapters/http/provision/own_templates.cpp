#include "adapters/http/provision/own_templates.hpp"

#include "actors/provisioning/custom_templates.hpp"

#include <array>
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

}  // namespace

std::string OwnTemplates::file_name(const provisioning::Vendor& vendor, const provisioning::Model& model) const {
  // Where the model has one of its own already, under whatever name, that is the one.
  const auto present = world_.present()->find(vendor.vendor, model.model);
  if (present && present->custom) return present->name;
  return vendor.vendor + "_" + model.model + ".template";
}

Result<RendererPtr> OwnTemplates::propose(const provisioning::Vendor& vendor, const provisioning::Model& model,
                                          const std::optional<std::string>& text) const {
  std::optional<provisioning::CustomTemplate> own;
  if (text) own = provisioning::CustomTemplate{file_name(vendor, model), *text};
  return world_.present()->with(vendor, model, own);
}

Result<RendererPtr> OwnTemplates::put(const provisioning::Vendor& vendor, const provisioning::Model& model,
                                      const std::optional<std::string>& text, const std::string& by) {
  const std::lock_guard lock(mutex_);
  auto proposed = propose(vendor, model, text);
  if (!proposed) return proposed;
  const auto directory = world_.directory();
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

Result<OwnTemplates::Reloaded> OwnTemplates::reload(const std::string& by) {
  const std::lock_guard lock(mutex_);
  const auto directory = world_.directory();
  std::error_code ignored;
  provisioning::CustomTemplates files;
  if (fs::exists(directory, ignored)) files = provisioning::read_custom_templates(directory);
  auto made = provisioning::Renderer::make(world_.vendors, files.templates);
  if (!made) return made.error();
  if (auto published = world_.publish(*made->renderer, by); !published) return published.error();
  world_.put_in_force(made->renderer);
  Reloaded out{std::move(made->renderer), std::move(files.faults)};
  for (auto& refused : made->refused) out.refused.push_back(std::move(refused));
  return out;
}

}  // namespace strowger::http::provision
