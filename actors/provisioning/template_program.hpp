// A template as a flat list of steps: Mustache's variables, sections, inverted sections and comments, which is all that
// lint_template() lets through. Memory is proportional to the text; nothing is copied for a section.
//
// Lines follow Mustache: a tag of a section or a comment that stands alone on its line takes the line with it.
//
// Budgets: what a short text can become is not bounded by its length, because lists inside lists multiply. A run ends
// with an error at `bytes` of output, after `steps` steps, and with `pieces` traced values.
#pragma once

#include "actors/provisioning/format.hpp"
#include "actors/provisioning/template_text.hpp"
#include "events/error.hpp"

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

struct RenderBudget {
  std::size_t bytes = std::size_t{1} << 20;
  std::size_t steps = 1'000'000;  // the largest built-in template takes some thousands
  std::size_t pieces = 200'000;
};

// Immutable. Any thread runs it.
class TemplateProgram {
 public:
  // The text passed lint_template(). Complexity: O(text).
  explicit TemplateProgram(std::string text);

  const std::string& text() const { return text_; }
  // That its tags name, each once: values and sections, also inverted ones.
  const std::vector<std::string>& names() const { return names_; }

  struct Output {
    std::string bytes;
    bool took_secret = false;
    std::vector<TemplateText::Traced::Piece> pieces;  // where traced
    std::vector<TemplateText::Traced::Line> lines;    // where traced
  };
  // Errors: `output_too_large`, `template_too_costly`; `stopped`. Complexity: O(steps × values of one item).
  Result<Output> run(const std::string& name, Format format, const TemplateValues& values, bool traced,
                     const std::stop_token& stop, const RenderBudget& budget = {}) const;

 private:
  enum class Kind : std::uint8_t { line, text, value, section, inverted, end, carriage_return };
  struct Step {
    Kind kind;
    std::uint32_t a = 0;  // text: where it begins. line: its number. value, section, inverted: the name's index
    std::uint32_t b = 0;  // text: where it ends. section, inverted: the step behind its end
  };
  class Compiler;
  class Run;

  std::string text_;
  std::vector<std::string> names_;
  std::vector<Step> steps_;
};

}  // namespace strowger::provisioning
