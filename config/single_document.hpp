// That a text is one YAML document, found out before it is read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace strowger::config {

// The line (from 1) in which a second document starts; none where there is at most one. Throws YAML::Exception on what
// is not YAML. yaml-cpp 0.7 sees documents without end after a stray comma: LoadAll() never returns, Load() takes the
// emptiness before it for the document. Both are a second document here.
std::optional<std::size_t> second_document(const std::string& text);

}  // namespace strowger::config
