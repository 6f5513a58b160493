#include "adapters/http/provision/downloads.hpp"

namespace strowger::http::provision {

std::shared_ptr<const void> Downloads::enter(const Source& source) {
  const std::lock_guard lock(places_->mutex);
  const auto found = places_->of_source.find(source);
  const auto of_source = found == places_->of_source.end() ? 0 : found->second;
  if (places_->in_all >= limits_.in_all || of_source >= limits_.of_source) return nullptr;
  ++places_->of_source[source];
  ++places_->in_all;
  return {places_.get(), [places = places_, source](const void*) {
            const std::lock_guard leaving(places->mutex);
            const auto mine = places->of_source.find(source);
            if (--mine->second == 0) places->of_source.erase(mine);
            --places->in_all;
          }};
}

std::size_t Downloads::under_way() const {
  const std::lock_guard lock(places_->mutex);
  return places_->in_all;
}

}  // namespace strowger::http::provision
