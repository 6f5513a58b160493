#include "actors/provisioning/resolver.hpp"

#include "actors/provisioning/file_rules.hpp"
#include "actors/provisioning/percent.hpp"
#include "actors/provisioning/placeholder.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace strowger::provisioning {
namespace {

constexpr std::size_t kMaxName = 200;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool is_any_case(std::string_view text, std::string_view other) {
  return std::equal(text.begin(), text.end(), other.begin(), other.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

bool ends_with_any_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && is_any_case(text.substr(text.size() - end.size()), end);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_model_character(char c) {
  c = lower(c);
  return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

// Matches one name against one pattern. Every wildcard but <mac> is followed by a literal to the end, so that there is
// nothing to go back to.
class Match {
 public:
  Match(const FileRule& rule, std::string_view name) : rule_(rule), rest_(name) {}

  std::optional<RequestedFile> run() {
    std::string_view pattern = rule_.pattern;
    while (!pattern.empty()) {
      if (pattern.front() == '<') {
        const auto end = pattern.find('>');
        const auto wildcard = pattern.substr(1, end - 1);
        pattern.remove_prefix(end + 1);
        if (!take(wildcard, pattern)) return std::nullopt;
      } else if (pattern.front() == '*') {
        pattern.remove_prefix(1);
        if (take_before(pattern).empty()) return std::nullopt;
      } else {
        if (rest_.empty() || lower(rest_.front()) != lower(pattern.front())) return std::nullopt;
        rest_.remove_prefix(1);
        pattern.remove_prefix(1);
      }
    }
    if (!rest_.empty()) return std::nullopt;
    found_.role = rule_.role;
    found_.vendor = rule_.vendor;
    return std::move(found_);
  }

 private:
  bool take(std::string_view wildcard, std::string_view after) {
    if (wildcard == "mac") return take_mac(after);
    if (wildcard == "mac?") return take_anything_for_a_mac(after);
    if (wildcard == "hw") return take_hardware_id();
    if (wildcard == "model:spa") return take_model(after, "spa");
    return take_model(after, "");
  }

  // What stands before `after`, which has to be the end of the name.
  std::string_view take_before(std::string_view after) {
    if (rest_.size() <= after.size() || !ends_with_any_case(rest_, after)) return {};
    const auto taken = rest_.substr(0, rest_.size() - after.size());
    rest_.remove_prefix(taken.size());
    return taken;
  }

  bool take_mac(std::string_view after) {
    auto ahead = rest_;
    const auto text = take_before(after);
    if (text.empty()) return false;
    if (placeholder_size(text) == text.size()) {
      found_.placeholder = true;
    } else if (const auto mac = MacAddress::parse(text)) {
      found_.mac = *mac;
    } else {
      rest_ = ahead;
      return false;
    }
    found_.mac_text = text;
    return true;
  }

  bool take_anything_for_a_mac(std::string_view after) {
    const auto text = take_before(after);
    if (text.empty()) return false;
    found_.mac_text = text;
    found_.mac_fault = MacAddress::parse(text).error();
    return true;
  }

  bool take_hardware_id() {
    if (rest_.size() < 12) return false;
    const auto digits = rest_.substr(0, 12);
    if (!std::all_of(digits.begin(), digits.end(), is_digit) || !digits.starts_with("000000000")) return false;
    std::uint16_t id = 0;
    std::from_chars(digits.data() + 9, digits.data() + 12, id);
    found_.hardware_id = id;
    rest_.remove_prefix(12);
    return true;
  }

  bool take_model(std::string_view after, std::string_view prefix) {
    const auto text = take_before(after);
    if (text.size() <= prefix.size() || !std::all_of(text.begin(), text.end(), is_model_character)) return false;
    if (!is_any_case(text.substr(0, prefix.size()), prefix)) return false;
    found_.model = lowered(text);
    return true;
  }

  const FileRule& rule_;
  std::string_view rest_;
  RequestedFile found_;
};

// A rule with its pattern's text before the first wildcard and after the last. Nearly every rule that is not meant
// fails by these, before anything is made for it.
struct Framed {
  const FileRule& rule;
  std::string_view head;
  std::string_view tail;  // empty, and `head` the whole, where there is no wildcard

  explicit Framed(const FileRule& of) : rule(of) {
    const auto first = of.pattern.find_first_of("<*");
    head = of.pattern.substr(0, first);
    if (first != std::string_view::npos) tail = of.pattern.substr(of.pattern.find_last_of(">*") + 1);
  }
  bool may_match(std::string_view name) const {
    return name.size() >= head.size() + tail.size() && is_any_case(name.substr(0, head.size()), head) &&
           ends_with_any_case(name, tail);
  }
};

const std::vector<Framed>& framed_rules() {
  static const std::vector<Framed> rules(file_rules().begin(), file_rules().end());
  return rules;
}

// The file's name when the target is one that phones may ask for.
std::optional<std::string> name_in(std::string_view target) {
  constexpr std::string_view folder = "/provision/";
  target = target.substr(0, target.find_first_of("?#"));
  if (target.starts_with(folder)) {
    target.remove_prefix(folder.size());
  } else if (target.starts_with('/')) {
    target.remove_prefix(1);
  }
  if (target.empty() || target.size() > kMaxName * 3) return std::nullopt;
  const auto name = percent_decode(target);
  if (!name || name->size() > kMaxName || name->find('/') != std::string::npos) return std::nullopt;
  return *name;
}

}  // namespace

std::string_view to_string(FileRole role) {
  switch (role) {
    case FileRole::per_mac:
      return "per_mac";
    case FileRole::boot:
      return "boot";
    case FileRole::common:
      return "common";
    case FileRole::extra:
      return "extra";
    case FileRole::firmware:
      return "firmware";
    case FileRole::probe:
      return "probe";
    case FileRole::upload:
      return "upload";
    case FileRole::unknown:
      break;
  }
  return "unknown";
}

RequestedFile resolve(std::string_view target) {
  const auto name = name_in(target);
  if (!name) return {};
  RequestedFile out;
  for (const auto& framed : framed_rules()) {
    if (!framed.may_match(*name)) continue;
    if (auto match = Match(framed.rule, *name).run()) {
      out = std::move(*match);
      break;
    }
  }
  out.name = *name;
  return out;
}

}  // namespace strowger::provisioning
