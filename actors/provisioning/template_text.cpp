#include "actors/provisioning/template_text.hpp"

#include "actors/provisioning/template_lint.hpp"

#include <array>
#include <charconv>
#include <vector>

#include <kainjow/mustache.hpp>

namespace strowger::provisioning {
namespace {

namespace mustache = kainjow::mustache;

constexpr std::array<std::string_view, 9> kCommon{"SERVER_NAME",      "CONFIG_URL",   "CONFIG_BASE_URL",
                                                  "CONFIG_BASE_PATH", "CONFIG_HTTPS", "SIP_SERVER",
                                                  "SIP_PORT",         "SIP_REALM",    "MODEL_NAME"};

constexpr std::array<std::string_view, 13> kAll{
    "EXTENSION_NUMBER", "EXTENSION_NAME",  "EXTENSION_PASSWORD", "SIP_SERVER",   "SIP_PORT", "SERVER_NAME", "SIP_REALM",
    "CONFIG_URL",       "CONFIG_BASE_URL", "CONFIG_BASE_PATH",   "CONFIG_HTTPS", "MAC",      "MODEL_NAME"};

// Hands the engine the values without building its map for every render.
class Values final : public mustache::basic_context<std::string> {
 public:
  explicit Values(std::span<const Placeholder> values) {
    entries_.reserve(values.size());
    for (const auto& value : values) {
      if (value.value.empty()) {
        entries_.emplace_back(value.name, mustache::data{false});  // prints nothing, and its section is not there
      } else {
        entries_.emplace_back(value.name, mustache::data{std::string(value.value)});
      }
    }
  }
  void push(const mustache::data*) override {}  // a section changes nothing: values have no members
  void pop() override {}
  const mustache::data* get(const std::string& name) const override {
    for (const auto& [known, value] : entries_)
      if (known == name) return &value;
    return nullptr;
  }
  const mustache::data* get_partial(const std::string&) const override { return nullptr; }

 private:
  std::vector<std::pair<std::string_view, mustache::data>> entries_;
};

struct Appender {
  std::string& out;
  Appender& operator<<(const std::string& text) {
    out += text;
    return *this;
  }
};

// The engine says "… at <offset>".
std::size_t offset_in(const std::string& message) {
  std::size_t offset = 0;
  const auto digits = message.find_last_not_of("0123456789") + 1;
  std::from_chars(message.data() + digits, message.data() + message.size(), offset);
  return offset;
}

}  // namespace

struct TemplateText::Engine {
  explicit Engine(const std::string& text) : parsed(text) {}
  mustache::mustache parsed;
};

std::span<const std::string_view> common_placeholders() {
  return kCommon;
}
std::span<const std::string_view> device_placeholders() {
  return kAll;
}

Result<TemplateText> TemplateText::parse(std::string name, Format format, std::string_view text,
                                         std::span<const std::string_view> known) {
  const auto fine = lint_template(name, format, text, known);
  if (!fine) return fine.error();
  TemplateText out;
  out.name_ = std::move(name);
  out.text_ = text;
  out.format_ = format;
  out.engine_ = std::make_shared<Engine>(out.text_);
  auto& parsed = out.engine_->parsed;
  if (!parsed.is_valid()) {
    const auto& message = parsed.error_message();
    return template_fault(out.name_, line_of(text, offset_in(message)), message);
  }
  parsed.set_custom_escape([format](const std::string& value) { return escape(format, value); });
  return out;
}

std::string TemplateText::render(std::span<const Placeholder> values) const {
  std::string out;
  out.reserve(text_.size() + 512);
  Values context(values);
  Appender appender{out};
  // Not const in its interface, but with neither lambdas nor partials (lint refuses them) it only reads its tree.
  engine_->parsed.render(context, appender);
  return out;
}

}  // namespace strowger::provisioning
