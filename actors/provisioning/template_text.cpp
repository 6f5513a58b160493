#include "actors/provisioning/template_text.hpp"

#include "actors/provisioning/template_lint.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <functional>
#include <vector>

#include <kainjow/mustache.hpp>

namespace strowger::provisioning {
namespace {

namespace mustache = kainjow::mustache;

// What the engine reads in place of a line break, so that it leaves lines alone: which of them go is decided here, by
// the rules of Mustache, whether a section is there or not. Lint refuses it in a template.
constexpr char line_break = '\x1E';

// In a traced render a value stands between these, its index behind the first, and a template's line begins with the
// last two around its number. Escaping lets no control character of a value through.
constexpr char value_begins = '\x01';
constexpr char value_ends = '\x02';
constexpr char line_begins = '\x03';
constexpr char line_ends = '\x04';
constexpr char index_ends = '\x06';
constexpr std::string_view marks("\x01\x02\x03\x04\x06");

// Hands the engine the values as it asks for them, without building its maps for every render.
class Values final : public mustache::basic_context<std::string> {
 public:
  // `traced`: where each value that is handed out is named, and by whose index it is marked; null: not traced.
  explicit Values(const TemplateValues& values, std::vector<std::string>* traced = nullptr)
      : values_(values), traced_(traced) {
    lists_.reserve(values.lists.size());
    for (const auto& list : values.lists) {
      mustache::list items;
      for (std::size_t i = 0; i < list.items.size(); ++i) items.emplace_back(mustache::data{true});
      lists_.emplace_back(mustache::data{std::move(items)});
    }
  }

  // A section's value, or an item of a list. Only items have members.
  void push(const mustache::data* entered) override {
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      const auto& items = lists_[i].list_value();
      if (items.empty() || std::less<>()(entered, items.data()) || !std::less<>()(entered, items.data() + items.size()))
        continue;
      frames_.push_back(&values_.lists[i].items[static_cast<std::size_t>(entered - items.data())]);
      return;
    }
    frames_.push_back(nullptr);
  }
  void pop() override { frames_.pop_back(); }

  const mustache::data* get(const std::string& name) const override {
    for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame)
      if (*frame != nullptr)
        if (const auto* value = find((*frame)->values, name)) return handed(*value, (*frame)->scope);
    if (const auto* value = find(values_.values, name)) return handed(*value, {});
    for (std::size_t i = 0; i < lists_.size(); ++i)
      if (values_.lists[i].name == name) return &lists_[i];
    return nullptr;
  }
  const mustache::data* get_partial(const std::string&) const override { return nullptr; }

  bool gave_secret() const { return gave_secret_; }

 private:
  static const Placeholder* find(std::span<const Placeholder> values, std::string_view name) {
    for (const auto& value : values)
      if (value.name == name) return &value;
    return nullptr;
  }
  const mustache::data* handed(const Placeholder& placeholder, std::string_view scope) const {
    if (placeholder.value.empty()) return &nothing_;  // prints nothing, and its section is not there
    gave_secret_ = gave_secret_ || placeholder.secret;
    std::string value;
    if (traced_ != nullptr) {
      value = value_begins + std::to_string(traced_->size()) + index_ends;
      traced_->push_back(scope.empty() ? std::string(placeholder.name)
                                       : std::string(scope) + "." + std::string(placeholder.name));
    }
    value += placeholder.value;
    return &handed_.emplace_back(std::move(value));
  }

  const TemplateValues& values_;
  std::vector<std::string>* traced_;
  std::vector<mustache::data> lists_;
  std::vector<const ValueList::Item*> frames_;
  mutable std::deque<mustache::data> handed_;  // alive while sections that they opened are
  mustache::data nothing_{false};
  mutable bool gave_secret_ = false;
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

// The tag, where nothing but white space and one tag of a section (or a comment) stands on the line.
std::string_view tag_alone(std::string_view line) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = line.find_first_not_of(blank);
  if (first == std::string_view::npos || line.substr(first, 2) != "{{") return {};
  const auto end = line.find("}}", first);
  if (end == std::string_view::npos || line.find_first_not_of(blank, end + 2) != std::string_view::npos) return {};
  const auto kind = line.find_first_not_of(blank, first + 2);
  if (std::string_view("#^/!").find(line[kind]) == std::string_view::npos) return {};
  return line.substr(first, end + 2 - first);
}

// The template as the engine reads it; `traced`: with the number of each line at its beginning. Lint has seen to it
// that every {{ has its }}.
std::string prepared(std::string_view text, bool traced) {
  std::string out;
  out.reserve(text.size() + 64);
  std::size_t number = 0;
  while (!text.empty()) {
    // A tag may go on over the end of a line.
    std::size_t end = 0;
    std::size_t breaks = 0;
    for (bool ended = false; !ended && end < text.size();) {
      if (text.substr(end, 2) == "{{") {
        const auto close = std::min(text.find("}}", end), text.size() - 2) + 2;
        breaks += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(end),
                                                      text.begin() + static_cast<std::ptrdiff_t>(close), '\n'));
        end = close;
      } else {
        ended = text[end++] == '\n';
      }
    }
    const auto line = text.substr(0, end);
    text.remove_prefix(end);
    ++number;
    if (const auto tag = tag_alone(line); !tag.empty()) {
      out += tag;
    } else {
      if (traced) out += line_begins + std::to_string(number) + line_ends;
      out += line;
      if (line.back() == '\n') out.back() = line_break;
    }
    number += breaks;
  }
  return out;
}

std::string with_line_breaks(std::string text) {
  std::replace(text.begin(), text.end(), line_break, '\n');
  return text;
}

// Takes the marks out of a traced render.
class MarkReader {
 public:
  explicit MarkReader(const std::vector<std::string>& names) : names_(names) {}

  TemplateText::Traced read(std::string_view marked) {
    const auto number_before = [&](std::size_t at, char ends, std::size_t& number) {
      const auto end = marked.find(ends, at);
      std::from_chars(marked.data() + at + 1, marked.data() + end, number);
      return end;
    };
    TemplateText::Traced out;
    std::size_t begin = 0;
    std::size_t index = 0;
    for (std::size_t at = 0; at < marked.size(); ++at) {
      const char c = marked[at];
      if (c == value_begins) {
        begin = out.bytes.size();
        at = number_before(at, index_ends, index);
      } else if (c == value_ends) {
        out.pieces.push_back({begin, out.bytes.size(), names_[index]});
      } else if (c == line_begins) {
        std::size_t number = 0;
        at = number_before(at, line_ends, number);
        out.lines.push_back({out.bytes.size(), number});
      } else {
        out.bytes.push_back(c);
      }
    }
    return out;
  }

 private:
  const std::vector<std::string>& names_;
};

}  // namespace

struct TemplateText::Engine {
  explicit Engine(const std::string& text) : parsed(text) {}
  mustache::mustache parsed;
};

Result<TemplateText> TemplateText::parse(std::string name, Format format, std::string_view text,
                                         const Vocabulary& known) {
  const auto fine = lint_template(name, format, text, known);
  if (!fine) return fine.error();
  TemplateText out;
  out.name_ = std::move(name);
  out.text_ = text;
  out.format_ = format;
  out.engine_ = std::make_shared<Engine>(prepared(out.text_, false));
  auto& parsed = out.engine_->parsed;
  if (!parsed.is_valid()) {
    const Engine as_written(out.text_);  // whose offsets are the template's
    const auto& message = as_written.parsed.error_message();
    return template_fault(out.name_, text, offset_in(message), message);
  }
  parsed.set_custom_escape([format](const std::string& value) { return escape(format, value); });
  return out;
}

TemplateText::Filled TemplateText::fill(const TemplateValues& values) const {
  std::string out;
  out.reserve(text_.size() + 512);
  Values context(values);
  Appender appender{out};
  // Not const in its interface, but with neither lambdas nor partials (lint refuses them) it only reads its tree.
  engine_->parsed.render(context, appender);
  return {with_line_breaks(std::move(out)), context.gave_secret()};
}

Result<TemplateText::Traced> TemplateText::trace(const TemplateValues& values) const {
  if (const auto at = text_.find_first_of(marks); at != std::string::npos)
    return unacceptable("not_traceable", name_ + ":" + std::to_string(line_of(text_, at)) +
                                             ": a control character keeps the file from being taken apart");
  Engine engine(prepared(text_, true));
  engine.parsed.set_custom_escape([format = format_](const std::string& value) {
    const auto clear = value.find(index_ends) + 1;
    return value.substr(0, clear) + escape(format, std::string_view(value).substr(clear)) + value_ends;
  });
  std::string out;
  std::vector<std::string> names;
  Values context(values, &names);
  Appender appender{out};
  engine.parsed.render(context, appender);
  auto traced = MarkReader(names).read(with_line_breaks(std::move(out)));
  if (traced.bytes != render(values))
    return unacceptable("not_traceable", name_ + ": its sections keep the file from being taken apart");
  return traced;
}

}  // namespace strowger::provisioning
