// The engine fills a template as kainjow's Mustache did, on which it was before: files that were sent then are made
// again byte by byte. The reference is that engine with the preparation that it needed.
#include "actors/provisioning/template_program.hpp"

#include "actors/provisioning/template_lint.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <random>

#include <kainjow/mustache.hpp>

using namespace strowger;
using namespace strowger::provisioning;

namespace {

namespace mustache = kainjow::mustache;

class ReferenceValues final : public mustache::basic_context<std::string> {
 public:
  explicit ReferenceValues(const TemplateValues& values) : values_(values) {
    lists_.reserve(values.lists.size());
    for (const auto& list : values.lists) {
      mustache::list items;
      for (std::size_t i = 0; i < list.items.size(); ++i) items.emplace_back(mustache::data{true});
      lists_.emplace_back(mustache::data{std::move(items)});
    }
  }
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
        if (const auto* value = find((*frame)->values, name)) return handed(*value);
    if (const auto* value = find(values_.values, name)) return handed(*value);
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
  const mustache::data* handed(const Placeholder& placeholder) const {
    if (placeholder.value.empty()) return &nothing_;
    gave_secret_ = gave_secret_ || placeholder.secret;
    return &handed_.emplace_back(std::string(placeholder.value));
  }

  const TemplateValues& values_;
  std::vector<mustache::data> lists_;
  std::vector<const ValueList::Item*> frames_;
  mutable std::deque<mustache::data> handed_;
  mustache::data nothing_{false};
  mutable bool gave_secret_ = false;
};

constexpr char reference_break = '\x1E';  // in place of a line break, so that the engine leaves lines alone

std::string_view reference_tag_alone(std::string_view line) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = line.find_first_not_of(blank);
  if (first == std::string_view::npos || line.substr(first, 2) != "{{") return {};
  const auto end = line.find("}}", first);
  if (end == std::string_view::npos || line.find_first_not_of(blank, end + 2) != std::string_view::npos) return {};
  const auto kind = line.find_first_not_of(blank, first + 2);
  if (std::string_view("#^/!").find(line[kind]) == std::string_view::npos) return {};
  return line.substr(first, end + 2 - first);
}

std::string reference_prepared(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t end = 0;
    for (bool ended = false; !ended && end < text.size();) {
      if (text.substr(end, 2) == "{{")
        end = std::min(text.find("}}", end), text.size() - 2) + 2;
      else
        ended = text[end++] == '\n';
    }
    const auto line = text.substr(0, end);
    text.remove_prefix(end);
    if (const auto tag = reference_tag_alone(line); !tag.empty()) {
      out += tag;
    } else {
      out += line;
      if (line.back() == '\n') out.back() = reference_break;
    }
  }
  return out;
}

struct ReferenceSink {
  std::string& out;
  ReferenceSink& operator<<(const std::string& text) {
    out += text;
    return *this;
  }
};

TemplateProgram::Output by_reference(const std::string& text, Format format, const TemplateValues& values) {
  mustache::mustache engine(reference_prepared(text));
  REQUIRE(engine.is_valid());
  engine.set_custom_escape([format](const std::string& value) { return escape(format, value); });
  TemplateProgram::Output out;
  ReferenceValues context(values);
  ReferenceSink sink{out.bytes};
  engine.render(context, sink);
  std::replace(out.bytes.begin(), out.bytes.end(), reference_break, '\n');
  out.took_secret = context.gave_secret();
  return out;
}

// A template of anything that lint lets through.
std::string random_template(std::minstd_rand& random) {
  static constexpr std::array<std::string_view, 12> texts{"a = ", "\n", " ",  "\t",   "\r", "\r\n",
                                                          "x",    "}}", "{ ", "\n\n", "#",  "é"};
  static constexpr std::array<std::string_view, 4> names{"SIP_PORT", "SIP_REALM", "CONFIG_HTTPS", "EXTENSION_PASSWORD"};
  static constexpr std::array<std::string_view, 3> lists{"CODECS", "LINES", "KEYS"};
  static constexpr std::array<std::string_view, 4> members{"CODEC", "LINE", "KEY", "KEY_SET"};
  const auto any = [&](const auto& from) { return std::string(from[random() % from.size()]); };
  std::string out;
  std::vector<std::string> open;
  for (int i = 0; i < 40; ++i) {
    const auto drawn = random() % 10;
    const std::string pad(random() % 2, ' ');
    if (drawn < 4) {
      out += any(texts);
    } else if (drawn < 5) {
      out += "{{" + pad + any(names) + "}}";
    } else if (drawn < 6) {
      out += "{{" + any(members) + pad + "}}";
    } else if (drawn < 7) {
      out += "{{! a comment" + std::string(random() % 2, '\n') + "}}";
    } else if (drawn < 9 && open.size() < most_sections) {
      open.push_back(random() % 2 == 0 ? any(lists) : any(names));
      out += (random() % 3 == 0 ? "{{^" : "{{#") + pad + open.back() + "}}" + (random() % 2 == 0 ? "\n" : "");
    } else if (!open.empty()) {
      out += (random() % 2 == 0 ? "\n{{/" : "{{/ ") + open.back() + "}}" + (random() % 2 == 0 ? "\n" : "");
      open.pop_back();
    }
  }
  for (; !open.empty(); open.pop_back()) out += "{{/" + open.back() + "}}";
  return out;
}

}  // namespace

TEST_CASE("a template is filled as the engine before filled it, byte by byte, and traces are of the same bytes") {
  const std::vector<Placeholder> values{{"SIP_PORT", "5060"},
                                        {"SIP_REALM", ""},
                                        {"CONFIG_HTTPS", "1"},
                                        {"EXTENSION_PASSWORD", "s3<cret\n", true},
                                        {"CODEC", " "}};
  std::vector<ValueList> lists{{"CODECS", {}}, {"LINES", {}}, {"KEYS", {}}};
  for (int i = 1; i <= 3; ++i) {
    lists[0].items.push_back({"CODECS[" + std::to_string(i) + "]", {{"CODEC", i == 2 ? "" : "pcma"}}});
    if (i <= 2) lists[1].items.push_back({"LINES[" + std::to_string(i) + "]", {{"LINE", "7"}, {"SIP_REALM", "own"}}});
  }
  const TemplateValues all{values, lists};
  const auto known = Vocabulary::device(*VendorValues::none());
  std::size_t tried = 0;
  for (unsigned seed = 1; seed <= 60'000; ++seed) {
    std::minstd_rand random(seed);
    const auto text = random_template(random);
    const auto format = seed % 2 == 0 ? Format::xml : Format::text;
    if (!lint_template("t", Format::xml, text, known)) continue;
    ++tried;
    CAPTURE(seed, text);
    const TemplateProgram program(text);
    const auto before = by_reference(text, format, all);
    const auto now = program.run("t", format, all, false, {});
    REQUIRE(now);
    REQUIRE(now->bytes == before.bytes);
    REQUIRE(now->took_secret == before.took_secret);
    const auto traced = program.run("t", format, all, true, {});
    REQUIRE(traced->bytes == before.bytes);
    std::size_t at = 0;
    for (const auto& piece : traced->pieces) {
      REQUIRE((piece.begin >= at && piece.end >= piece.begin && piece.end <= traced->bytes.size()));
      at = piece.end;
    }
    for (std::size_t i = 0; i < traced->lines.size(); ++i) {
      REQUIRE(traced->lines[i].begin <= traced->bytes.size());
      REQUIRE((i == 0 || traced->lines[i - 1].begin <= traced->lines[i].begin));
    }
  }
  CHECK(tried > 1'000);
}
