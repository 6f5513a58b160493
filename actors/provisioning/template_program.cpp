#include "actors/provisioning/template_program.hpp"

#include "events/stopped.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <boost/json/value.hpp>

namespace strowger::provisioning {
namespace {

constexpr std::string_view tag_blanks = " \t\r\n";

std::string_view tag_content(std::string_view inner) {
  const auto first = std::min(inner.find_first_not_of(tag_blanks), inner.size());
  inner.remove_prefix(first);
  return inner.substr(0, inner.find_last_not_of(tag_blanks) + 1);
}

// How much of the text its first line is. A tag may go on over the end of a line.
std::size_t length_of_line(std::string_view text, std::size_t& breaks_in_tags) {
  std::size_t end = 0;
  while (end < text.size()) {
    if (text.substr(end, 2) == "{{") {
      const auto close = std::min(text.find("}}", end + 2), text.size() - 2) + 2;
      breaks_in_tags += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(end),
                                                            text.begin() + static_cast<std::ptrdiff_t>(close), '\n'));
      end = close;
    } else if (text[end++] == '\n') {
      break;
    }
  }
  return end;
}

// Whether nothing but white space and one tag of a section, or a comment, stands on the line.
bool is_one_tag(std::string_view line) {
  const auto first = line.find_first_not_of(tag_blanks);
  if (first == std::string_view::npos || line.substr(first, 2) != "{{") return false;
  const auto end = line.find("}}", first + 2);
  if (end == std::string_view::npos || line.find_first_not_of(tag_blanks, end + 2) != std::string_view::npos)
    return false;
  const auto kind = line.find_first_not_of(tag_blanks, first + 2);
  return std::string_view("#^/!").find(line[kind]) != std::string_view::npos;
}

const Placeholder* placeholder_named(std::span<const Placeholder> values, std::string_view name) {
  for (const auto& value : values)
    if (value.name == name) return &value;
  return nullptr;
}

}  // namespace

class TemplateProgram::Compiler {
 public:
  explicit Compiler(TemplateProgram& program) : program_(program), text_(program.text_) {}

  void compile() {
    std::size_t number = 1;
    for (std::size_t at = 0; at < text_.size();) {
      std::size_t breaks = 0;
      const auto size = length_of_line(text_.substr(at), breaks);
      const auto line = text_.substr(at, size);
      if (is_one_tag(line)) {
        tag(line.substr(line.find("{{")));
      } else {
        add(Kind::line, number);
        content(at, at + size);
      }
      at += size;
      number += breaks + 1;
    }
  }

 private:
  void add(Kind kind, std::size_t a = 0, std::size_t b = 0) {
    program_.steps_.push_back({kind, static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b)});
  }

  void literal(std::size_t begin, std::size_t end) {
    while (begin < end) {
      const auto part = text_.substr(begin, end - begin);
      const auto stop = begin + std::min(part.find('\r'), part.size());
      if (begin < stop) add(Kind::text, begin, stop);
      if (stop < end) add(Kind::carriage_return);
      begin = stop + 1;
    }
  }

  void content(std::size_t begin, std::size_t end) {
    while (begin < end) {
      const auto part = text_.substr(begin, end - begin);
      const auto open = begin + std::min(part.find("{{"), part.size());
      literal(begin, open);
      if (open == end) return;
      tag(text_.substr(open));
      begin = text_.find("}}", open + 2) + 2;
    }
  }

  // The text begins with the tag.
  void tag(std::string_view text) {
    auto inner = tag_content(text.substr(2, text.find("}}", 2) - 2));
    const char kind = inner.front();
    if (kind == '!') return;
    if (std::string_view("#^/").find(kind) == std::string_view::npos) return add(Kind::value, index_of(inner));
    const auto name = tag_content(inner.substr(1));
    if (kind == '/') {
      add(Kind::end);
      program_.steps_[open_.back()].b = static_cast<std::uint32_t>(program_.steps_.size());
      open_.pop_back();
      return;
    }
    open_.push_back(program_.steps_.size());
    add(kind == '#' ? Kind::section : Kind::inverted, index_of(name));
  }

  std::size_t index_of(std::string_view name) {
    const auto [found, fresh] = indices_.try_emplace(name, program_.names_.size());
    if (fresh) program_.names_.emplace_back(name);
    return found->second;
  }

  TemplateProgram& program_;
  const std::string_view text_;
  std::map<std::string_view, std::size_t> indices_;
  std::vector<std::size_t> open_;  // sections
};

class TemplateProgram::Run {
 public:
  Run(const TemplateProgram& program, const std::string& name, Format format, const TemplateValues& values, bool traced,
      const std::stop_token& stop, const RenderBudget& budget)
      : program_(program),
        name_(name),
        format_(format),
        values_(values),
        traced_(traced),
        stop_(stop),
        budget_(budget),
        globals_(program.names_.size()),
        hints_(program.names_.size()) {}

  Result<Output> take() {
    out_.bytes.reserve(std::min(program_.text_.size() + 512, budget_.bytes));
    std::size_t taken = 0;
    for (std::size_t at = 0; at < program_.steps_.size();) {
      if (++taken > budget_.steps) return too_costly();
      if (stop_.requested()) return stopped();
      at = step(at);
      if (over_) return too_large();
    }
    end_line();
    if (over_) return too_large();
    return std::move(out_);
  }

 private:
  struct Frame {
    std::size_t opened = 0;  // the step
    const ValueList* list = nullptr;
    std::size_t item = 0;
  };
  // What a name stands for outside of all lists.
  struct Global {
    bool known = false;
    const Placeholder* value = nullptr;
    const ValueList* list = nullptr;
  };
  struct Found {
    const Placeholder* value = nullptr;
    std::string_view scope{};
    const ValueList* list = nullptr;
    bool is_there() const { return value != nullptr ? !value->value.empty() : list != nullptr && !list->items.empty(); }
  };

  // Returns the step to go on with.
  std::size_t step(std::size_t at) {
    const auto& one = program_.steps_[at];
    switch (one.kind) {
      case Kind::line:
        if (traced_) out_.lines.push_back({out_.bytes.size(), one.a});
        break;
      case Kind::text:
        append(std::string_view(program_.text_).substr(one.a, one.b - one.a));
        break;
      case Kind::value:
        put(look_up(one.a));
        break;
      case Kind::section: {
        const auto found = look_up(one.a);
        if (!found.is_there()) return one.b;
        frames_.push_back({at, found.value == nullptr ? found.list : nullptr, 0});
        section_on_line_ = true;
        break;
      }
      case Kind::inverted:
        if (look_up(one.a).is_there()) return one.b;
        frames_.push_back({at, nullptr, 0});
        section_on_line_ = true;
        break;
      case Kind::end: {
        section_on_line_ = true;
        auto& frame = frames_.back();
        if (frame.list != nullptr && ++frame.item < frame.list->items.size()) return frame.opened + 1;
        frames_.pop_back();
        break;
      }
      case Kind::carriage_return:
        if (!end_line()) append("\r");
        section_on_line_ = false;
        line_begin_ = out_.bytes.size();
        break;
    }
    return at + 1;
  }

  // The innermost item that has a value of this name counts, then what is known everywhere.
  Found look_up(std::size_t index) {
    const std::string_view name = program_.names_[index];
    Found found;
    for (auto frame = frames_.rbegin(); frame != frames_.rend() && found.value == nullptr; ++frame) {
      if (frame->list == nullptr) continue;
      const auto& item = frame->list->items[frame->item];
      // Items of a list mostly name the same in the same order.
      auto& hint = hints_[index];
      if (hint < item.values.size() && item.values[hint].name == name) {
        found.value = &item.values[hint];
      } else {
        found.value = placeholder_named(item.values, name);
        if (found.value != nullptr) hint = static_cast<std::size_t>(found.value - item.values.data());
      }
      found.scope = item.scope;
    }
    if (found.value == nullptr) {
      auto& global = globals_[index];
      if (!global.known) global = everywhere(name);
      found = {global.value, {}, global.list};
    }
    if (found.value != nullptr && !found.value->value.empty() && found.value->secret) out_.took_secret = true;
    return found;
  }

  Global everywhere(std::string_view name) const {
    Global global{true, placeholder_named(values_.values, name), nullptr};
    if (global.value != nullptr) return global;
    for (const auto& list : values_.lists)
      if (list.name == name) {
        global.list = &list;
        break;
      }
    return global;
  }

  void put(const Found& found) {
    if (found.value == nullptr || !found.is_there()) return;
    const auto begin = out_.bytes.size();
    append(written_value(format_, found.value->value, out_.bytes));
    if (!traced_) return;
    if (out_.pieces.size() >= budget_.pieces) {
      over_ = true;
      return;
    }
    auto placeholder = std::string(found.value->name);
    if (!found.scope.empty()) placeholder.insert(0, std::string(found.scope) + ".");
    out_.pieces.push_back({begin, out_.bytes.size(), std::move(placeholder)});
  }

  void append(std::string_view text) {
    if (text.size() > budget_.bytes - out_.bytes.size())
      over_ = true;
    else
      out_.bytes += text;
  }

  // A line on which there is nothing but sections' tags and white space is none: true where it went. Lines end here
  // only at a carriage return and at the end; those that end with \n were told apart when the program was made.
  bool end_line() {
    if (!section_on_line_) return false;
    if (out_.bytes.find_first_not_of(" \t", line_begin_) != std::string::npos) return false;
    out_.bytes.resize(line_begin_);
    while (!out_.pieces.empty() && out_.pieces.back().end > line_begin_) out_.pieces.pop_back();
    for (auto line = out_.lines.rbegin(); line != out_.lines.rend() && line->begin > line_begin_; ++line)
      line->begin = line_begin_;
    return true;
  }

  Error too_large() const {
    return unacceptable("output_too_large", name_ + ": makes a file of more than " +
                                                std::to_string(budget_.bytes >> 10) + " KiB, or of more than " +
                                                std::to_string(budget_.pieces) +
                                                " values; lists inside lists multiply, write fewer of them")
        .with("template", boost::json::value(name_));
  }
  Error too_costly() const {
    return unacceptable("template_too_costly", name_ + ": takes more than " + std::to_string(budget_.steps) +
                                                   " steps to fill; lists inside lists multiply, write fewer of them")
        .with("template", boost::json::value(name_));
  }

  const TemplateProgram& program_;
  const std::string& name_;
  const Format format_;
  const TemplateValues& values_;
  const bool traced_;
  StopCheck stop_;
  const RenderBudget budget_;
  std::vector<Global> globals_;
  std::vector<std::size_t> hints_;  // by name: where it was in the last item that had it
  std::vector<Frame> frames_;
  Output out_;
  std::size_t line_begin_ = 0;
  bool section_on_line_ = false;
  bool over_ = false;
};

TemplateProgram::TemplateProgram(std::string text) : text_(std::move(text)) {
  Compiler(*this).compile();
}

Result<TemplateProgram::Output> TemplateProgram::run(const std::string& name, Format format,
                                                     const TemplateValues& values, bool traced,
                                                     const std::stop_token& stop, const RenderBudget& budget) const {
  return Run(*this, name, format, values, traced, stop, budget).take();
}

}  // namespace strowger::provisioning
