#include "actors/provisioning/template_text.hpp"

#include "actors/provisioning/template_lint.hpp"
#include "actors/provisioning/template_program.hpp"

namespace strowger::provisioning {

Result<TemplateText> TemplateText::parse(std::string name, Format format, std::string_view text,
                                         const Vocabulary& known, const std::stop_token& stop) {
  const auto fine = lint_template(name, format, text, known, stop);
  if (!fine) return fine.error();
  TemplateText out;
  out.name_ = std::move(name);
  out.format_ = format;
  out.program_ = std::make_shared<const TemplateProgram>(std::string(text));
  return out;
}

const std::string& TemplateText::text() const {
  return program_->text();
}

std::span<const std::string> TemplateText::names() const {
  return program_->names();
}

Result<TemplateText::Filled> TemplateText::fill(const TemplateValues& values, const std::stop_token& stop) const {
  auto done = program_->run(name_, format_, values, false, stop);
  if (!done) return done.error();
  return Filled{std::move(done->bytes), done->took_secret};
}

Result<TemplateText::Traced> TemplateText::trace(const TemplateValues& values, const std::stop_token& stop) const {
  auto done = program_->run(name_, format_, values, true, stop);
  if (!done) return done.error();
  return Traced{std::move(done->bytes), std::move(done->pieces), std::move(done->lines)};
}

}  // namespace strowger::provisioning
