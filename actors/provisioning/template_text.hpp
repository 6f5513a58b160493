// One template, parsed: Mustache whose {{NAME}} is escaped for the grammar of the file.
#pragma once

#include "actors/provisioning/format.hpp"
#include "actors/provisioning/vocabulary.hpp"
#include "events/error.hpp"

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

// What stands for a name of the vocabulary. A section ({{#NAME}}…{{/NAME}}, {{^NAME}}…{{/NAME}}) is there when the
// value is not empty.
struct Placeholder {
  std::string_view name;
  std::string_view value;
  bool secret = false;  // the value is one: a password, a token
};

// A section ({{#NAME}}…{{/NAME}}) that is there once for each item, with the item's placeholders before the others.
struct ValueList {
  struct Item {
    std::string scope;  // LINES[2]: how traces name it
    std::vector<Placeholder> values;
  };
  std::string_view name;
  std::vector<Item> items;
};

struct TemplateValues {
  std::span<const Placeholder> values;
  std::span<const ValueList> lists{};
};

class TemplateProgram;

// Immutable; any thread renders.
class TemplateText {
 public:
  // Refuses, with `bad_template`, the line and the column: what Mustache cannot read, a name that is not in `known`,
  // unescaped output ({{{NAME}}} and {{&NAME}}), partials (those of built-in templates are in their places by now:
  // partials.hpp), changed delimiters, a list inside itself and sections deeper than most_sections
  // (template_lint.hpp); in files of lines also a value that does not follow its key.
  static Result<TemplateText> parse(std::string name, Format format, std::string_view text, const Vocabulary& known,
                                    const std::stop_token& stop = {});

  const std::string& name() const { return name_; }
  const std::string& text() const;
  // That its tags name, each once: values and sections, also inverted ones. Lives as long as this.
  std::span<const std::string> names() const;
  Format format() const { return format_; }

  // The file, and whether the template took a value that is a secret, also where it only asked whether there is one.
  // Fails with `output_too_large` above 1 MiB, and with `template_too_costly` (template_program.hpp).
  struct Filled {
    std::string bytes;
    bool took_secret = false;
  };
  Result<Filled> fill(const TemplateValues& values, const std::stop_token& stop = {}) const;

  // The same bytes, with where each came from.
  struct Traced {
    // A value that was put in place of {{NAME}}. In order; none overlaps.
    struct Piece {
      std::size_t begin = 0;
      std::size_t end = 0;
      std::string placeholder;  // NTP_SERVER; of a list's item LINES[2].EXTENSION_NAME
    };
    struct Line {
      std::size_t begin = 0;        // where it starts in `bytes`
      std::size_t of_template = 0;  // the line of the template that made it, from 1
    };
    std::string bytes;
    std::vector<Piece> pieces;
    std::vector<Line> lines;  // in order
  };
  // Fails as fill() does.
  Result<Traced> trace(const TemplateValues& values, const std::stop_token& stop = {}) const;

 private:
  TemplateText() = default;

  std::string name_;
  Format format_ = Format::text;
  std::shared_ptr<const TemplateProgram> program_;
};

}  // namespace strowger::provisioning
