// The administrator's own templates as the API changes them. They are files of a directory, which people edit too; what
// is in force is recorded in the log, with who did it, before the first file is rendered with it.
//
// Any thread, one change at a time; waits for the disk and the log: never call it on one that serves.
#pragma once

#include "actors/provisioning/renderer.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace strowger::http::provision {

using RendererPtr = std::shared_ptr<const provisioning::Renderer>;

class OwnTemplates {
 public:
  struct World {
    const provisioning::VendorCatalog& vendors;
    std::function<std::filesystem::path()> directory;
    std::function<RendererPtr()> present;
    std::function<void(RendererPtr)> put_in_force;
    // Into the log, as `by`'s.
    std::function<Result<void>(const provisioning::Renderer&, const std::string& by)> publish;
  };
  explicit OwnTemplates(World world) : world_(std::move(world)) {}

  // As it would be with this text for the model; none: with the built-in one. `bad_template`, with line and column.
  Result<RendererPtr> propose(const provisioning::Vendor& vendor, const provisioning::Model& model,
                              const std::optional<std::string>& text) const;
  // All or nothing. Gives what is in force then.
  Result<RendererPtr> put(const provisioning::Vendor& vendor, const provisioning::Model& model,
                          const std::optional<std::string>& text, const std::string& by);

  struct Reloaded {
    RendererPtr renderer;
    std::vector<Error> refused;  // files that are not in force, each with what is wrong
  };
  // Reads the directory again, as after an edit by hand.
  Result<Reloaded> reload(const std::string& by);

 private:
  std::string file_name(const provisioning::Vendor& vendor, const provisioning::Model& model) const;

  World world_;
  std::mutex mutex_;
};

}  // namespace strowger::http::provision
