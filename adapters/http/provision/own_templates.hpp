// The administrator's own templates: files of a folder, which the API writes and people edit. What is in force is
// recorded in the log, with who did it, before the first file is rendered with it.
//
// A file that is refused, or cannot be read, changes nothing: what was last in force under its name stays so, also over
// a restart. Phones do not fall back to the built-in template because of a slip of the pen.
//
// Any thread, one change at a time; waits for the disk and the log: never call it on one that serves.
#pragma once

#include "actors/provisioning/renderer.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace strowger::http::provision {

using RendererPtr = std::shared_ptr<const provisioning::Renderer>;

class OwnTemplates {
 public:
  struct Folder {
    std::filesystem::path path;
    bool may_be_absent = false;  // then nobody has templates of one's own; else that is a fault
  };
  struct World {
    const provisioning::VendorCatalog& vendors;
    std::function<Folder()> folder;
    std::function<RendererPtr()> present;  // null before the first is in force
    std::function<void(RendererPtr)> put_in_force;
    // Into the log, as `by`'s.
    std::function<Result<void>(const provisioning::Renderer&, const std::string& by)> publish;
    // What the log has as in force for the model; may read it.
    std::function<std::optional<provisioning::CustomTemplate>(const std::string& vendor, const std::string& model)>
        recorded;
  };
  explicit OwnTemplates(World world) : world_(std::move(world)) {}

  // As it would be with this text for the model; none: with the built-in one. Fails as Renderer::with() does.
  Result<RendererPtr> propose(const provisioning::Vendor& vendor, const provisioning::Model& model,
                              const std::optional<std::string>& text, const std::stop_token& stop = {}) const;
  // All or nothing. Gives what is in force then.
  Result<RendererPtr> put(const provisioning::Vendor& vendor, const provisioning::Model& model,
                          const std::optional<std::string>& text, const std::string& by);

  struct Loaded {
    RendererPtr renderer;
    std::vector<Error> refused;  // files that are not in force, each with what is wrong and what is instead
    bool changed = true;         // from what was in force
  };
  // Reads the folder; puts nothing in force.
  Result<Loaded> load(const Folder& folder) const;
  // Reads the folder again, as after an edit by hand, and puts it in force where it says something else.
  Result<Loaded> reload(const std::string& by);
  // While it is held nothing else puts templates in force.
  std::unique_lock<std::mutex> hold() { return std::unique_lock(mutex_); }

 private:
  std::vector<provisioning::CustomTemplate> kept_instead(const std::vector<Error>& refused) const;
  std::string file_name(const provisioning::Vendor& vendor, const provisioning::Model& model) const;

  World world_;
  std::mutex mutex_;
};

}  // namespace strowger::http::provision
