#include "actors/registrar/binding.hpp"

#include <algorithm>

namespace strowger::registrar {

std::vector<BindingPtr> Bindings::page(const std::optional<ExtensionNumber>& after, std::size_t max,
                                       std::optional<ExtensionNumber>& next) const {
  next.reset();
  std::vector<BindingPtr> out;
  for (const auto& binding : all()) {
    if (after && binding->extension <= *after) continue;
    if (out.size() >= max && binding->extension != out.back()->extension) {
      next = out.back()->extension;
      break;
    }
    out.push_back(binding);
  }
  return out;
}

std::vector<BindingPtr> Bindings::at_ip(const std::string& ip, std::size_t max) const {
  auto out = all();
  std::erase_if(out, [&](const BindingPtr& binding) { return binding->ip != ip; });
  if (out.size() > max) out.resize(max);
  return out;
}

std::vector<BindingPtr> Bindings::with_mac(const MacAddress& mac) const {
  auto out = all();
  std::erase_if(out, [&](const BindingPtr& binding) { return binding->mac != mac; });
  return out;
}

}  // namespace strowger::registrar
