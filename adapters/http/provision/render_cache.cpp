#include "adapters/http/provision/render_cache.hpp"

#include "adapters/http/provision/device_values.hpp"

#include <algorithm>
#include <mutex>

#include <sodium.h>

namespace strowger::http::provision {
namespace {

// About: the bytes, what else is in the file, and how it is recorded.
std::size_t footprint(const RenderedFile& file) {
  return file.representation.full->bytes.size() + 2560;
}

}  // namespace

RenderedFilePtr RenderCache::find(const MacAddress& mac) const {
  const auto& part = shard(mac);
  const std::shared_lock lock(part.mutex);
  const auto found = part.files.find(mac);
  return found == part.files.end() ? nullptr : found->second;
}

bool RenderCache::is_current(const RenderedFile& file, const PresentPtr& present, const DefinitionPtr& device,
                             const ExtensionsProjection::RowPtr& extension) const {
  if (file.present != present || file.device != device || file.extension != extension) return false;
  std::size_t more = 0;
  for (const auto& line : device->lines)
    if (line.line != 1 && extensions_.find(line.extension) != file.more_extensions[more++]) return false;
  const auto changes = settings_.changes();  // before the layers: what changes in between is looked at next time
  if (file.settings_changes.load(std::memory_order_relaxed) == changes) return true;
  if (settings_.layers(*device) != file.layers) return false;
  file.settings_changes.store(changes, std::memory_order_relaxed);
  return true;
}

RenderCache::Basis RenderCache::basis_of(const PresentPtr& present, const DefinitionPtr& device,
                                         const ExtensionsProjection::RowPtr& extension) const {
  Basis basis{present, device, extension, {}, settings_.changes(), {}};
  for (const auto& line : device->lines)
    if (line.line != 1) basis.more_extensions.push_back(extensions_.find(line.extension));
  basis.layers = settings_.layers(*device);
  return basis;
}

Result<RenderedFilePtr> RenderCache::get(const PresentPtr& present, const DefinitionPtr& device,
                                         const ExtensionsProjection::RowPtr& extension) {
  const auto cached = find(device->mac);
  if (cached && is_current(*cached, present, device, extension)) {
    hits_.fetch_add(1, std::memory_order_relaxed);
    return cached;
  }
  auto basis = basis_of(present, device, extension);
  auto rendered = render(basis);
  if (!rendered) return rendered.error();
  auto file = std::make_shared<RenderedFile>();
  file->present = present;
  file->device = device;
  file->extension = extension;
  auto modified = std::max({device->updated_at, extension->updated_at, present->since});
  for (const auto& row : basis.more_extensions)
    if (row) modified = std::max(modified, row->updated_at);
  for (const auto& row : basis.layers)
    if (row) modified = std::max(modified, row->updated_at);
  file->more_extensions = std::move(basis.more_extensions);
  file->settings_changes = basis.settings_changes;
  file->layers = std::move(basis.layers);
  // A change that left the bytes as they were is none to the phone.
  if (cached && cached->representation.etag == rendered->etag) modified = cached->representation.last_modified;
  // The phone asks each time and gets 304; nobody in between keeps a file with a password.
  file->representation = represent(rendered->content_type, rendered->bytes, rendered->etag, modified,
                                   {{"Cache-Control", "private, no-cache"}});
  file->content_type = std::move(rendered->content_type);
  file->size = rendered->bytes.size();
  keep(file);
  sodium_memzero(rendered->bytes.data(), rendered->bytes.size());
  return RenderedFilePtr(std::move(file));
}

Result<std::string> RenderCache::etag(const PresentPtr& present, const DefinitionPtr& device,
                                      const ExtensionsProjection::RowPtr& extension) {
  const auto cached = find(device->mac);
  if (cached && is_current(*cached, present, device, extension)) return cached->representation.etag;
  auto rendered = render(basis_of(present, device, extension));
  if (!rendered) return rendered.error();
  return std::move(rendered->etag);
}

Result<provisioning::Rendered> RenderCache::render(const Basis& basis) {
  renders_.fetch_add(1, std::memory_order_relaxed);
  auto values = device_values(*basis.present, *basis.device, *basis.extension, basis.more_extensions, basis.layers,
                              [this](const SealedSecret& secret) { return vault_.open(secret); });
  if (!values) return values.error();
  auto rendered = basis.present->renderer->render(basis.device->vendor, basis.device->model, *values);
  values->wipe();
  return rendered;
}

void RenderCache::keep(const RenderedFilePtr& file) {
  auto& part = shard(file->device->mac);
  const std::unique_lock lock(part.mutex);
  auto& place = part.files[file->device->mac];
  if (place)
    part.bytes -= footprint(*place);
  else
    part.order.push_back(file->device->mac);
  place = file;
  part.bytes += footprint(*file);
  while (part.bytes > most_bytes_ && part.order.size() > 1) {
    const auto oldest = part.files.find(part.order.front());
    part.bytes -= footprint(*oldest->second);
    part.files.erase(oldest);
    part.order.pop_front();
  }
}

}  // namespace strowger::http::provision
