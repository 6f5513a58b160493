// What several templates of one vendor have in common: {{> codecs}} stands for the text of <vendor>/codecs.partial. It
// is put in its place when the templates are read, so that the text in force, which the log keeps, is whole.
#pragma once

#include "events/error.hpp"
#include "templates/files.hpp"

#include <span>
#include <string>
#include <string_view>

namespace strowger::provisioning {

// The text with every partial in its place; those may hold others. A tag alone on its line gives way to the partial's
// lines, each as far from the margin as the tag. Fails with `bad_template`, the template's name and the line, where
// there is no such partial or one holds itself.
Result<std::string> with_partials(const std::string& name, std::string_view text,
                                  std::span<const templates::File> files);

}  // namespace strowger::provisioning
