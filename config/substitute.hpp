// ${…} in a setting's value.
#pragma once

#include "events/error.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::config {

// A variable's value; none where it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
Environment process_environment();

// ${NAME} and ${NAME:-default} (the default also where it is set but empty); ${credential:NAME} is the content of the
// file NAME in $CREDENTIALS_DIRECTORY, as systemd hands secrets over, without the line break at its end. $${ is a plain
// ${. What comes in is not looked at again, and never read as YAML.
Result<std::string> substitute(std::string_view value, const Environment& environment);

}  // namespace strowger::config
