// What files depend on, in the words of the log (events/types/template.hpp), and back. The present and the past are
// rendered by way of these same functions, so that they cannot differ.
#pragma once

#include "actors/provisioning/renderer.hpp"
#include "events/types/template.hpp"

#include <string>
#include <string_view>

namespace strowger::provisioning {

// 64 hex digits.
std::string sha256_of(std::string_view bytes);

TemplatePublished published(const TemplateInForce& source);
TemplateInForce in_force(const TemplatePublished& published, std::string text,
                         std::shared_ptr<const VendorValues> values);

ServerValues server_values(const SettingsApplied& settings);
std::string config_url(const SettingsApplied& settings, std::string_view mac);

}  // namespace strowger::provisioning
