#include "actors/provisioning/file_table.hpp"

#include "actors/provisioning/placeholder.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <stdexcept>
#include <tuple>

#include <boost/json.hpp>

namespace strowger::provisioning {
namespace {

namespace json = boost::json;

constexpr std::array<FileRole, 8> kRoles{FileRole::per_mac,   FileRole::boot,     FileRole::common, FileRole::extra,
                                         FileRole::phonebook, FileRole::firmware, FileRole::probe,  FileRole::upload};
constexpr std::array<std::string_view, 6> kColumns{"pattern", "role", "vendor", "model", "template", "note"};
constexpr std::size_t kCharacters = 37;  // letters, digits, all else

char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower_case);
  return out;
}

std::size_t character(char c) {
  if (c >= 'a' && c <= 'z') return static_cast<std::size_t>(c - 'a');
  if (c >= '0' && c <= '9') return static_cast<std::size_t>(26 + c - '0');
  return kCharacters - 1;
}

FileRole role_of(const std::string& name) {
  std::string known;
  for (const auto role : kRoles) {
    if (to_string(role) == name) return role;
    known += (known.empty() ? "" : ", ") + std::string(to_string(role));
  }
  throw std::invalid_argument("role '" + name + "' is none of " + known);
}

Wildcard wildcard_of(std::string_view name, FileRow& row, const std::vector<std::string>& models) {
  constexpr std::string_view prefixed = "model:";
  if (name == "mac") return Wildcard::mac;
  if (name == "mac?") return Wildcard::not_a_mac;
  if (name == "hw") return Wildcard::hardware_id;
  if (name == "model") return Wildcard::model;
  if (name == "own model") {
    row.models = models;
    return Wildcard::own_model;
  }
  if (name.starts_with(prefixed) && name.size() > prefixed.size()) {
    row.models = {std::string(name.substr(prefixed.size()))};
    return Wildcard::model_with_prefix;
  }
  throw std::invalid_argument("<" + std::string(name) +
                              "> is no wildcard; known are <mac>, <mac?>, <hw>, <model>, <model:…>, <own model> and *");
}

void prepare(FileRow& row, const std::vector<std::string>& models) {
  const auto pattern = lowered(row.pattern);
  if (pattern.empty()) throw std::invalid_argument("an empty pattern");
  std::array<std::string*, 3> texts{&row.head, &row.between, &row.tail};
  std::array<Wildcard*, 2> wildcards{&row.first, &row.second};
  std::size_t count = 0;
  for (std::size_t at = 0; at < pattern.size();) {
    const auto begin = pattern.find_first_of("<*", at);
    *texts.at(count) += pattern.substr(at, begin - at);
    if (begin == std::string::npos) break;
    if (count == wildcards.size()) throw std::invalid_argument("more than two wildcards");
    if (count == 1 && row.between.empty()) throw std::invalid_argument("two wildcards without text between them");
    const auto end = pattern[begin] == '*' ? begin : pattern.find('>', begin);
    if (end == std::string::npos) throw std::invalid_argument("< without >");
    *wildcards.at(count++) = pattern[begin] == '*'
                                 ? Wildcard::anything
                                 : wildcard_of(pattern.substr(begin + 1, end - begin - 1), row, models);
    at = end + 1;
  }
  if (count == 1) std::swap(row.between, row.tail);
}

FileRow row_from(const json::object& object, const std::string& vendor, const std::vector<std::string>& models) {
  FileRow row;
  for (const auto& column : object) {
    if (std::find(kColumns.begin(), kColumns.end(), std::string_view(column.key())) == kColumns.end())
      throw std::invalid_argument(
          "'" + std::string(column.key()) +
          "' is no column; a row has pattern, role, model, template, note, in files.json vendor");
    if (column.key() == "vendor" && !vendor.empty())
      throw std::invalid_argument("the vendor is that of the folder; leave it out");
  }
  const auto text = [&](std::string_view key) {
    const auto* value = object.if_contains(key);
    return value == nullptr ? std::string() : json::value_to<std::string>(*value);
  };
  row.pattern = text("pattern");
  row.role = role_of(text("role"));
  row.vendor = vendor.empty() ? text("vendor") : vendor;
  row.model = text("model");
  row.template_name = text("template");
  prepare(row, models);
  return row;
}

// Of vendor.json: what <own model> takes.
std::vector<std::string> models_of(const json::object& vendor) {
  std::vector<std::string> out;
  const auto add = [&](const json::value& models) {
    for (const auto& model : models.as_array())
      out.push_back(json::value_to<std::string>(model.as_object().at("model")));
  };
  if (const auto* models = vendor.if_contains("models")) add(*models);
  if (const auto* families = vendor.if_contains("families"))
    for (const auto& family : families->as_array()) add(family.as_object().at("models"));
  return out;
}

// Smaller: more specific.
auto rank(const FileRow& row) {
  const auto kind = [&] {
    if (row.first == Wildcard::none) return 0;
    if (row.second == Wildcard::none)
      return row.first <= Wildcard::hardware_id ? static_cast<int>(row.first) : static_cast<int>(row.first) + 1;
    return static_cast<int>(Wildcard::hardware_id) + 1;
  };
  const auto text = row.head.size() + row.between.size() + row.tail.size();
  return std::tuple(kind(), -static_cast<int>(text), std::string_view(row.pattern));
}

bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_model_character(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

// What no MAC address looks like, without making its error.
bool may_be_mac(std::string_view text) {
  return text.size() >= 12 && text.size() <= 17 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_ascii_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '-' || c == '.';
         });
}

// One name, held against one row.
class Match {
 public:
  Match(const FileRow& row, const std::string& name, const std::string& small)
      : row_(row), name_(name), small_(small) {}

  bool run(RequestedFile& found) const {
    const std::string_view name(small_);
    if (row_.first == Wildcard::none) return name == row_.head;
    if (name.size() <= row_.head.size() + row_.tail.size()) return false;
    if (!name.starts_with(row_.head) || !name.ends_with(row_.tail)) return false;
    const auto begin = row_.head.size();
    const auto end = name.size() - row_.tail.size();
    if (row_.second == Wildcard::none) return take(row_.first, begin, end, found);
    for (auto at = name.find(row_.between, begin + 1); at < end; at = name.find(row_.between, at + 1)) {
      const auto behind = at + row_.between.size();
      RequestedFile both;
      if (behind >= end || !take(row_.first, begin, at, both) || !take(row_.second, behind, end, both)) continue;
      found = std::move(both);
      return true;
    }
    return false;
  }

 private:
  bool take(Wildcard wildcard, std::size_t begin, std::size_t end, RequestedFile& found) const {
    const auto text = std::string_view(small_).substr(begin, end - begin);
    if (text.find('/') != std::string_view::npos) return false;
    switch (wildcard) {
      case Wildcard::mac:
        return take_mac(text, begin, found);
      case Wildcard::not_a_mac:
        found.mac_text = name_.substr(begin, text.size());
        found.mac_fault = MacAddress::parse(found.mac_text).error();
        return true;
      case Wildcard::hardware_id:
        return take_hardware_id(text, found);
      case Wildcard::own_model:
        return std::find(row_.models.begin(), row_.models.end(), text) != row_.models.end() && take_model(text, found);
      case Wildcard::model_with_prefix:
        return text.size() > row_.models.front().size() && text.starts_with(row_.models.front()) &&
               take_model(text, found);
      case Wildcard::model:
        return take_model(text, found);
      case Wildcard::anything:
      case Wildcard::none:
        break;
    }
    return true;
  }

  bool take_mac(std::string_view text, std::size_t begin, RequestedFile& found) const {
    const auto as_written = std::string_view(name_).substr(begin, text.size());
    if (placeholder_size(as_written) == as_written.size()) {
      found.placeholder = true;
    } else {
      if (!may_be_mac(text)) return false;
      const auto mac = MacAddress::parse(text);
      if (!mac) return false;
      found.mac = *mac;
    }
    found.mac_text = as_written;
    return true;
  }

  static bool take_hardware_id(std::string_view text, RequestedFile& found) {
    if (text.size() != 12 || !std::all_of(text.begin(), text.end(), is_ascii_digit) || !text.starts_with("000000000"))
      return false;
    std::uint16_t id = 0;
    for (const char digit : text.substr(9)) id = static_cast<std::uint16_t>(id * 10 + (digit - '0'));
    found.hardware_id = id;
    return true;
  }

  static bool take_model(std::string_view text, RequestedFile& found) {
    if (!std::all_of(text.begin(), text.end(), is_model_character)) return false;
    found.model = text;
    return true;
  }

  const FileRow& row_;
  const std::string& name_;
  const std::string& small_;  // name_ in lower_case case
};

}  // namespace

Result<FileTable> FileTable::parse(std::span<const templates::File> files) {
  FileTable table;
  std::map<std::string, std::string> seen;  // pattern in lower_case case -> where
  for (const auto& file : files) {
    const bool shared = file.path == "files.json";
    if (!shared && !file.path.ends_with("/vendor.json")) continue;
    std::string where(file.path);
    try {
      const auto document = json::parse(file.content);
      const auto& object = document.as_object();
      const auto vendor = shared ? std::string() : json::value_to<std::string>(object.at("vendor"));
      const auto models = models_of(object);
      const auto* rows = object.if_contains("files");
      if (rows == nullptr) continue;
      std::size_t number = 0;
      for (const auto& entry : rows->as_array()) {
        where = std::string(file.path) + ": files[" + std::to_string(number++) + "]";
        auto row = row_from(entry.as_object(), vendor, models);
        row.where = where;
        const auto [other, fresh] = seen.emplace(lowered(row.pattern), where);
        if (!fresh)
          throw std::invalid_argument("the pattern " + row.pattern + " stands in " + other->second +
                                      " already; a name that several vendors share has one row, in files.json");
        table.rows_.push_back(std::move(row));
      }
    } catch (const std::exception& fault) {
      return malformed("bad_file_table", where + ": " + fault.what()).with("file", json::value(std::string(file.path)));
    }
  }
  std::sort(table.rows_.begin(), table.rows_.end(),
            [](const FileRow& a, const FileRow& b) { return rank(a) < rank(b); });
  table.index();
  return table;
}

void FileTable::index() {
  by_ends_.assign(kCharacters * kCharacters, {});
  const auto characters_of = [](std::string_view text, char end) {
    std::vector<std::size_t> out;
    if (!text.empty()) return std::vector<std::size_t>{character(end)};
    for (std::size_t i = 0; i < kCharacters; ++i) out.push_back(i);
    return out;
  };
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const auto& row = rows_[i];
    const auto& tail = row.first == Wildcard::none ? row.head : row.tail;
    for (const auto first : characters_of(row.head, row.head.empty() ? ' ' : row.head.front()))
      for (const auto last : characters_of(tail, tail.empty() ? ' ' : tail.back()))
        by_ends_[first * kCharacters + last].push_back(static_cast<std::uint16_t>(i));
  }
}

RequestedFile FileTable::resolve(std::string_view target) const {
  RequestedFile out;
  auto name = requested_name(target);
  if (!name) return out;
  const auto small = lowered(*name);
  for (const auto i : by_ends_[character(small.front()) * kCharacters + character(small.back())]) {
    const auto& row = rows_[i];
    if (!Match(row, *name, small).run(out)) continue;
    out.role = row.role;
    out.vendor = row.vendor;
    out.template_name = row.template_name;
    if (!row.model.empty()) out.model = row.model;
    break;
  }
  // Only a row may hold a slash, and then the name is that row's.
  if (out.role == FileRole::unknown && name->find('/') != std::string::npos) return {};
  out.name = std::move(*name);
  return out;
}

RequestedFile resolve(std::string_view target) {
  static const FileTable table = FileTable::parse(templates::files()).value();
  return table.resolve(target);
}

}  // namespace strowger::provisioning
