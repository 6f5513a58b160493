#include "adapters/http/provision/render_cache.hpp"

#include "actors/provisioning/config_url.hpp"

#include <algorithm>
#include <mutex>

#include <sodium.h>

namespace strowger::http::provision {
namespace {

bool is_same(const RenderedFile& file, const PresentPtr& present, const DefinitionPtr& device,
             const ExtensionsProjection::RowPtr& extension) {
  return file.present == present && file.device == device && file.extension == extension;
}

std::size_t footprint(const RenderedFile& file) {
  return file.representation.full->bytes.size() + 1024;
}

}  // namespace

RenderedFilePtr RenderCache::find(const MacAddress& mac) const {
  const auto& part = shard(mac);
  const std::shared_lock lock(part.mutex);
  const auto found = part.files.find(mac);
  return found == part.files.end() ? nullptr : found->second;
}

Result<RenderedFilePtr> RenderCache::get(const PresentPtr& present, const DefinitionPtr& device,
                                         const ExtensionsProjection::RowPtr& extension) {
  const auto cached = find(device->mac);
  if (cached && is_same(*cached, present, device, extension)) {
    hits_.fetch_add(1, std::memory_order_relaxed);
    return cached;
  }
  auto rendered = render(*present, *device, *extension);
  if (!rendered) return rendered.error();
  auto file = std::make_shared<RenderedFile>();
  file->present = present;
  file->device = device;
  file->extension = extension;
  auto modified = std::max({device->updated_at, extension->updated_at, present->since});
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
  if (cached && is_same(*cached, present, device, extension)) return cached->representation.etag;
  auto rendered = render(*present, *device, *extension);
  if (!rendered) return rendered.error();
  return std::move(rendered->etag);
}

Result<provisioning::Rendered> RenderCache::render(const Present& present, const DeviceDefinition& device,
                                                   const ExtensionRow& extension) {
  renders_.fetch_add(1, std::memory_order_relaxed);
  auto password = vault_.open(extension.password);
  if (!password) return password.error();
  auto token = device.token.empty() ? Result<std::string>(std::string()) : vault_.open(device.token);
  if (!token) return token.error();
  auto url = provisioning::with_token(present.config_url(device.mac.text()), *token);
  provisioning::DeviceValues values{present.server, extension.number, extension.name,   std::move(*password),
                                    device.mac,     std::move(url),   std::move(*token)};
  auto rendered = present.renderer->render(device.vendor, device.model, values);
  sodium_memzero(values.password.data(), values.password.size());
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
