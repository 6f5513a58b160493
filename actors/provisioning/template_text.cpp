#include "actors/provisioning/template_text.hpp"

#include "actors/provisioning/template_lint.hpp"

#include <algorithm>
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

// In a traced render a value stands between these, its index behind the first; a template's line begins with these
// around its number; and where the tag of a section that is there stood, stands the last. Escaping lets no control
// character of a value through.
constexpr char value_begins = '\x01';
constexpr char value_ends = '\x02';
constexpr char line_begins = '\x03';
constexpr char line_ends = '\x04';
constexpr char section_tag = '\x05';
constexpr std::string_view marks("\x01\x02\x03\x04\x05");
constexpr char first_index = 'A';

// Lint has seen to it that every {{ has its }}.
std::string with_marks(std::string_view text) {
  std::string out;
  std::size_t number = 1;
  const auto begin_line = [&] { out += line_begins + std::to_string(number++) + line_ends; };
  begin_line();
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 2) != "{{") {
      const char c = text[at++];
      out.push_back(c);
      if (c == '\n' && at < text.size()) begin_line();
      continue;
    }
    const auto end = text.find("}}", at) + 2;
    const auto tag = text.substr(at, end - at);
    const auto kind = tag[tag.find_first_not_of(" \t\r\n", 2)];
    if (kind == '/') out += section_tag;
    out += tag;
    if (kind == '#' || kind == '^') out += section_tag;
    number += static_cast<std::size_t>(std::count(tag.begin(), tag.end(), '\n'));
    at = end;
  }
  return out;
}

// Takes the marks out of a traced render, and the lines that the engine would have left out had they held none: blank
// ones with the tag of a section that is there.
class MarkReader {
 public:
  explicit MarkReader(std::span<const Placeholder> values) : values_(values) {}

  TemplateText::Traced read(std::string_view marked) {
    for (std::size_t at = 0; at < marked.size(); ++at) {
      const char c = marked[at];
      if (c == value_begins) {
        begin_ = out_.bytes.size();
        index_ = static_cast<std::size_t>(marked[++at] - first_index);
      } else if (c == value_ends) {
        out_.pieces.push_back({begin_, out_.bytes.size(), values_[index_].name});
      } else if (c == line_begins) {
        const auto end = marked.find(line_ends, at);
        std::size_t number = 0;
        std::from_chars(marked.data() + at + 1, marked.data() + end, number);
        out_.lines.push_back({out_.bytes.size(), number});
        at = end;
      } else if (c == section_tag) {
        sections_ = true;
      } else {
        out_.bytes.push_back(c);
        if (c == '\n') end_line();
      }
    }
    end_line();
    return std::move(out_);
  }

 private:
  void end_line() {
    const auto line = std::string_view(out_.bytes).substr(line_);
    if (sections_ && line.find_first_not_of(" \t\n") == std::string_view::npos) {
      out_.bytes.resize(line_);
      while (!out_.lines.empty() && out_.lines.back().begin >= line_) out_.lines.pop_back();
      while (!out_.pieces.empty() && out_.pieces.back().begin >= line_) out_.pieces.pop_back();
    }
    line_ = out_.bytes.size();
    sections_ = false;
  }

  std::span<const Placeholder> values_;
  TemplateText::Traced out_;
  std::size_t line_ = 0;   // where the present one starts
  bool sections_ = false;  // the tag of a section stood in it
  std::size_t begin_ = 0;
  std::size_t index_ = 0;
};

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

Result<TemplateText::Traced> TemplateText::trace(std::span<const Placeholder> values) const {
  if (const auto at = text_.find_first_of(marks); at != std::string::npos)
    return unacceptable("not_traceable", name_ + ":" + std::to_string(line_of(text_, at)) +
                                             ": a control character keeps the file from being taken apart");
  std::vector<std::string> marked_values;
  std::vector<Placeholder> marked;
  marked_values.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto& value = marked_values.emplace_back();
    if (!values[i].value.empty())
      value = std::string{value_begins, static_cast<char>(first_index + i)} + std::string(values[i].value);
    marked.push_back({values[i].name, value});
  }
  Engine engine(with_marks(text_));
  engine.parsed.set_custom_escape([format = format_](const std::string& value) {
    return value.substr(0, 2) + escape(format, std::string_view(value).substr(2)) + value_ends;
  });
  std::string out;
  Values context(marked);
  Appender appender{out};
  engine.parsed.render(context, appender);
  auto traced = MarkReader(values).read(out);
  if (traced.bytes != render(values))
    return unacceptable("not_traceable", name_ + ": its sections keep the file from being taken apart");
  return traced;
}

}  // namespace strowger::provisioning
