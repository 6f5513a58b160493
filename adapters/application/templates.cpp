// The administrator's own templates: which folder they are in, and what happens when somebody edits there.
#include "actors/history/history.hpp"
#include "adapters/application/house.hpp"

#include <spdlog/logger.h>

namespace strowger::application {

using http::provision::OwnTemplates;

OwnTemplates::Folder Application::House::templates_folder(const config::Settings& from) {
  // Without one in the settings, what the API puts there.
  const auto& set = from.provisioning.custom_templates_dir;
  return set.empty() ? OwnTemplates::Folder{std::filesystem::path(from.data_dir) / "templates", true}
                     : OwnTemplates::Folder{set, false};
}

void Application::House::make_own_templates() {
  const auto recorded = [this](const std::string& vendor,
                               const std::string& model) -> std::optional<provisioning::CustomTemplate> {
    const history::History past(*log, *vault);
    const auto all = past.templates(vendor, model);
    if (!all || all->empty() || all->back().published.origin != TemplateOrigin::custom) return std::nullopt;
    auto text = past.text_of(all->back().published.sha256);
    if (!text) return std::nullopt;
    return provisioning::CustomTemplate{all->back().published.name, std::move(*text)};
  };
  own_templates = std::make_unique<OwnTemplates>(OwnTemplates::World{
      vendors, [this] { return templates_folder(*settings.get()); }, [this] { return renderer.get(); },
      [this](http::provision::RendererPtr fresh) { renderer.set(std::move(fresh)); },
      [this](const provisioning::Renderer& fresh, const std::string& by) {
        return publish(*settings.get(), fresh, *address.get(), by);
      },
      recorded});
  template_watch = std::make_unique<FolderWatch>(templates_folder(*settings.get()).path, ".template", warnings());
}

Result<http::provision::RendererPtr> Application::House::load_templates(const config::Settings& from) const {
  auto loaded = own_templates->load(templates_folder(from));
  if (!loaded) return loaded.error();
  for (const auto& fault : loaded->refused) logger->error("{}", fault.message);
  return std::move(loaded->renderer);
}

void Application::House::follow_templates() {
  template_watch->start([this] {
    const auto loaded = own_templates->reload("system");
    if (!loaded) return logger->error("The edited templates were not taken: {}", loaded.error().message);
    for (const auto& fault : loaded->refused) logger->error("{}", fault.message);
    if (loaded->changed) logger->info("Templates of {} read again", templates_folder(*settings.get()).path.string());
  });
}

}  // namespace strowger::application
