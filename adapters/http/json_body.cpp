#include "adapters/http/json_body.hpp"

#include "events/nearest.hpp"

#include <algorithm>

#include <boost/json/stream_parser.hpp>

namespace strowger::http {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t deepest = 64;

std::string_view name_of(element value) {
  switch (value.type()) {
    case element_type::ARRAY:
      return "a list";
    case element_type::OBJECT:
      return "an object";
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      return "a number";
    case element_type::STRING:
      return "a string";
    case element_type::BOOL:
      return value.get_bool().value_unsafe() ? "true" : "false";
    case element_type::NULL_VALUE:
      return "null";
    default:
      return "something else";  // what a newer simdjson adds
  }
}

// simdjson's DOM does not say where a text goes wrong; a second parser, run only then, does.
Error locate(std::string_view text, std::string_view what) {
  boost::json::parse_options options;
  options.max_depth = deepest;
  boost::json::stream_parser parser({}, options);
  boost::json::error_code fault;
  std::size_t at = parser.write_some(text.data(), text.size(), fault);
  if (!fault && at == text.size()) {
    parser.finish(fault);
    if (!fault) return malformed("malformed_json", "The body is not acceptable JSON: " + std::string(what) + ".");
    return malformed("malformed_json", "The body is not JSON: it ends too early. Check that it is sent whole.");
  }
  at = std::min(at, text.size());
  const auto before = text.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto line_start = before.rfind('\n');
  const auto column = at - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
  return malformed("malformed_json", "The body is not JSON: error at line " + std::to_string(line) + ", column " +
                                         std::to_string(column) + " (" + std::string(what) + ").")
      .with("line", line)
      .with("column", column);
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t longest_word = 64;
  std::string_view best;
  if (word.size() > longest_word) return best;
  std::size_t least = std::max<std::size_t>(word.size() / 2, 2) + 1;
  for (const auto& one : known) {
    // `mac` for mac_address: what it starts with counts as near.
    const bool prefix = word.size() >= 3 && (one.starts_with(word) || word.starts_with(one));
    const std::size_t apart = prefix ? 1 : edit_distance(word, one);
    if (apart < least) {
      least = apart;
      best = one;
    }
  }
  return best;
}

Result<JsonBody> JsonBody::parse(std::string_view text) {
  JsonBody body;
  body.parser_ = std::make_unique<simdjson::dom::parser>();
  if (text.empty()) return malformed("malformed_json", "The body is empty; a JSON object was expected.");
  if (body.parser_->allocate(text.size(), deepest) != simdjson::SUCCESS)
    return overloaded("No memory to read the body.");
  // The parser copies the text where it is not padded, and the strings into its own buffer: `text` may go.
  if (const auto fault = body.parser_->parse(text.data(), text.size()).get(body.root_); fault != simdjson::SUCCESS)
    return locate(text, simdjson::error_message(fault));
  return body;
}

Fields::Fields(element element, std::string path) : path_(std::move(path)) {
  if (element.get(object_) != simdjson::SUCCESS) {
    const std::string place = path_.empty() ? "The body" : path_;
    fault_ = malformed("wrong_type", place + " must be an object, not " + std::string(name_of(element)) + ".");
  }
}

std::optional<element> Fields::find(std::string_view key) {
  known_.emplace_back(key);
  if (fault_) return std::nullopt;
  element value;
  if (object_.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

void Fields::wrong(std::string_view key, std::string_view expected, element got) {
  if (fault_) return;
  const std::string field = path_ + std::string(key);
  fault_ = malformed("wrong_type", "Field '" + field + "' must be " + std::string(expected) + ", not " +
                                       std::string(name_of(got)) + ".")
               .with("field", boost::json::string(field))
               .with("expected", boost::json::string(expected));
}

void Fields::missing(std::string_view key) {
  if (fault_) return;
  const std::string field = path_ + std::string(key);
  fault_ = malformed("missing_field", "Field '" + field + "' is required.").with("field", boost::json::string(field));
}

std::optional<std::string> Fields::text(std::string_view key) {
  const auto value = find(key);
  if (!value) return std::nullopt;
  std::string_view text;
  if (value->get(text) == simdjson::SUCCESS) return std::string(text);
  wrong(key, "a string", *value);
  return std::nullopt;
}

std::optional<std::string> Fields::text_or_number(std::string_view key) {
  const auto value = find(key);
  if (!value) return std::nullopt;
  std::string_view text;
  if (value->get(text) == simdjson::SUCCESS) return std::string(text);
  std::uint64_t digits = 0;
  if (value->get(digits) == simdjson::SUCCESS) return std::to_string(digits);
  wrong(key, "a string", *value);
  return std::nullopt;
}

std::optional<bool> Fields::boolean(std::string_view key) {
  const auto value = find(key);
  if (!value) return std::nullopt;
  bool truth = false;
  if (value->get(truth) == simdjson::SUCCESS) return truth;
  wrong(key, "true or false", *value);
  return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const auto value = find(key);
  if (!value) return std::nullopt;
  std::int64_t whole = 0;
  if (value->get(whole) == simdjson::SUCCESS && whole >= least && whole <= most) return whole;
  const std::string expected = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  if (!fault_ && value->is_int64()) {
    const std::string field = path_ + std::string(key);
    fault_ = malformed("out_of_range",
                       "Field '" + field + "' must be " + expected + "; it is " + std::to_string(whole) + ".")
                 .with("field", boost::json::string(field))
                 .with("expected", boost::json::string(expected));
  }
  wrong(key, expected, *value);
  return std::nullopt;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view key) {
  const auto value = find(key);
  if (!value) return std::nullopt;
  simdjson::dom::array list;
  std::vector<std::string> out;
  if (value->get(list) == simdjson::SUCCESS) {
    for (const auto item : list) {
      std::string_view text;
      if (item.get(text) != simdjson::SUCCESS) {
        wrong(key, "a list of strings", *value);
        return std::nullopt;
      }
      out.emplace_back(text);
    }
    return out;
  }
  wrong(key, "a list of strings", *value);
  return std::nullopt;
}

std::optional<std::vector<element>> Fields::list(std::string_view key) {
  const auto value = find(key);
  if (!value) return std::nullopt;
  simdjson::dom::array items;
  if (value->get(items) == simdjson::SUCCESS) return std::vector<element>(items.begin(), items.end());
  wrong(key, "a list", *value);
  return std::nullopt;
}

bool Fields::is_null(std::string_view key) const {
  element value;
  return !fault_ && object_.at_key(key).get(value) == simdjson::SUCCESS && value.is_null();
}

std::string Fields::required_text(std::string_view key) {
  auto value = text(key);
  if (!value) missing(key);
  return value.value_or("");
}

std::string Fields::required_text_or_number(std::string_view key) {
  auto value = text_or_number(key);
  if (!value) missing(key);
  return value.value_or("");
}

void Fields::ignore(std::string_view key) {
  known_.emplace_back(key);
}

bool Fields::has(std::string_view key) {
  return find(key).has_value();
}

std::optional<Error> Fields::fault() const {
  if (fault_) return fault_;
  std::vector<std::string_view> seen;
  for (const auto member : object_) {
    const std::string field = path_ + std::string(member.key);
    const bool is_known = std::find(known_.begin(), known_.end(), member.key) != known_.end();
    if (!is_known) {
      Error fault = malformed("unknown_field", "Field '" + field + "' is not known here.");
      fault.details["field"] = boost::json::string(field);
      if (const auto near = nearest(member.key, known_); !near.empty()) {
        fault.message += " Did you mean '" + std::string(near) + "'?";
        fault.details["nearest"] = boost::json::string(near);
      }
      return fault;
    }
    if (std::find(seen.begin(), seen.end(), member.key) != seen.end())
      return malformed("repeated_field", "Field '" + field + "' is given twice.")
          .with("field", boost::json::string(field));
    seen.push_back(member.key);  // no longer than known_
  }
  return std::nullopt;
}

}  // namespace strowger::http
