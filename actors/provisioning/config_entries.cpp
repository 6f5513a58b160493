#include "actors/provisioning/config_entries.hpp"

#include "events/stopped.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <memory>
#include <optional>

#include <boost/json/value.hpp>
#include <expat.h>

namespace strowger::provisioning {
namespace {

constexpr std::string_view spaces = " \t\r\n";

// Of the range, without its outer spaces.
std::pair<std::size_t, std::size_t> trimmed_entry(std::string_view bytes, std::size_t begin, std::size_t end) {
  while (begin < end && spaces.find(bytes[begin]) != std::string_view::npos) ++begin;
  while (end > begin && spaces.find(bytes[end - 1]) != std::string_view::npos) --end;
  return {begin, end};
}

std::string trimmed_entry(const std::string& text) {
  const auto [begin, end] = trimmed_entry(text, 0, text.size());
  return text.substr(begin, end - begin);
}

// Tells apart what has the same name.
class Names {
 public:
  std::string unique(const std::string& name) {
    const auto count = ++counts_[name];
    return count == 1 ? name : name + "[" + std::to_string(count) + "]";
  }

 private:
  std::map<std::string, std::size_t> counts_;
};

// Where the key of a line ends and where its value begins. npos: it holds none (a script's GET or IF).
struct Split {
  std::size_t key = 0;    // begins
  std::size_t end = 0;    // of the key
  std::size_t value = 0;  // begins, spaces included
};
std::optional<Split> split_line(Format format, std::string_view bytes, std::size_t first, std::size_t last) {
  if (format == Format::set) {
    if (bytes.substr(first, 4) != "SET ") return std::nullopt;
    const auto name = first + 4;
    const auto space = std::min(bytes.find(' ', name), last);
    return Split{name, space, space};
  }
  const auto sign = bytes.find(format == Format::colon ? ':' : '=', first);
  if (sign >= last) return std::nullopt;  // npos too
  return Split{first, sign, sign + 1};
}

Error too_many_entries() {
  return unacceptable("output_too_large", "the file has more than " + std::to_string(most_entries) +
                                              " keys, or keys of more than " + std::to_string(most_key_bytes >> 20) +
                                              " MiB together");
}

Result<std::vector<ConfigEntry>> line_entries(Format format, std::string_view bytes, const std::stop_token& stop) {
  std::vector<ConfigEntry> out;
  Names names;
  std::size_t line = 0;
  StopCheck stop_check(stop);
  for (std::size_t at = 0; at < bytes.size();) {
    if (stop_check.requested()) return stopped();
    if (out.size() == most_entries) return too_many_entries();
    const auto end = std::min(bytes.find('\n', at), bytes.size());
    const auto [first, last] = trimmed_entry(bytes, at, end);
    at = end + 1;
    ++line;
    if (first == last || bytes[first] == '#') continue;
    const auto split = split_line(format, bytes, first, last);
    if (!split && format == Format::set) continue;  // GET, IF, GOTO
    if (!split)
      return unacceptable("bad_output", "line " + std::to_string(line) + " is no `key = value`").with("line", line);
    const auto key = trimmed_entry(bytes, split->key, split->end);
    auto value = trimmed_entry(bytes, split->value, last);
    if (format == Format::set && value.second >= value.first + 2 && bytes[value.first] == '"' &&
        bytes[value.second - 1] == '"')
      value = {value.first + 1, value.second - 1};
    out.push_back({names.unique(std::string(bytes.substr(key.first, key.second - key.first))),
                   std::string(bytes.substr(value.first, value.second - value.first)), first, value.first, value.second,
                   line});
  }
  return out;
}

class XmlReader {
 public:
  XmlReader(std::string_view bytes, const std::stop_token& stop)
      : bytes_(bytes), stop_(stop), parser_(XML_ParserCreate(nullptr), &XML_ParserFree) {}

  Result<std::vector<ConfigEntry>> read() {
    if (!parser_) return internal_error("out of memory while reading XML");
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(
        parser_.get(),
        [](void* self, const XML_Char* name, const XML_Char** attributes) {
          static_cast<XmlReader*>(self)->start(name, attributes);
        },
        [](void* self, const XML_Char*) { static_cast<XmlReader*>(self)->end(); });
    XML_SetCharacterDataHandler(parser_.get(), [](void* self, const XML_Char* text, int size) {
      static_cast<XmlReader*>(self)->text({text, static_cast<std::size_t>(size)});
    });
    // Entities and default attributes of its own would put text where none is written.
    XML_SetStartDoctypeDeclHandler(parser_.get(),
                                   [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
                                     static_cast<XmlReader*>(self)->end_with(
                                         unacceptable("not_traceable", "a file with a DOCTYPE cannot be taken apart"));
                                   });
    const auto status = XML_Parse(parser_.get(), bytes_.data(), static_cast<int>(bytes_.size()), XML_TRUE);
    if (fault_) return std::move(*fault_);
    if (status != XML_STATUS_OK)
      return unacceptable("bad_output",
                          std::string("not well-formed XML: ") + XML_ErrorString(XML_GetErrorCode(parser_.get())))
          .with("line", static_cast<std::uint64_t>(XML_GetCurrentLineNumber(parser_.get())));
    // By where they stand: an element's text is known only at its end.
    std::sort(out_.begin(), out_.end(), [](const auto& a, const auto& b) { return a.key_at < b.key_at; });
    std::size_t line = 1;
    auto counted = bytes_.begin();
    for (auto& entry : out_) {
      const auto at = bytes_.begin() + static_cast<std::ptrdiff_t>(entry.key_at);
      line += static_cast<std::size_t>(std::count(counted, at, '\n'));
      counted = at;
      entry.line = line;
    }
    return std::move(out_);
  }

 private:
  struct Element {
    std::string path;
    std::size_t at = 0;       // of its <
    std::size_t content = 0;  // behind its start tag
    std::string text;
    Names children;
    bool leaf = true;
    bool attributes = false;
  };

  // Nothing more is read.
  void end_with(Error fault) {
    if (!fault_) fault_ = std::move(fault);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void add(ConfigEntry entry) {
    key_bytes_ += entry.key.size();
    if (out_.size() == most_entries || key_bytes_ > most_key_bytes) return end_with(too_many_entries());
    out_.push_back(std::move(entry));
  }

  std::size_t index() const { return static_cast<std::size_t>(XML_GetCurrentByteIndex(parser_.get())); }

  // After XML_StopParser() expat may still report what it has at hand: nothing is done with it.
  void start(const XML_Char* name, const XML_Char** attributes) {
    if (fault_) return;
    if (stop_.requested()) return end_with(stopped());
    if (open_.size() == most_elements_deep)
      return end_with(
          unacceptable("bad_output", "elements stand in each other deeper than " + std::to_string(most_elements_deep))
              .with("line", static_cast<std::uint64_t>(XML_GetCurrentLineNumber(parser_.get()))));
    Element element;
    auto& names = open_.empty() ? root_ : open_.back().children;
    if (!open_.empty()) open_.back().leaf = false;
    element.path = (open_.empty() ? "" : open_.back().path + "/") + names.unique(name + name_attribute(attributes));
    key_bytes_ += element.path.size();
    if (key_bytes_ > most_key_bytes) return end_with(too_many_entries());
    element.at = index();
    element.content = element.at + static_cast<std::size_t>(XML_GetCurrentByteCount(parser_.get()));
    element.attributes = attributes[0] != nullptr;
    std::size_t at = element.at + 1;
    for (; attributes[0] != nullptr && !fault_; attributes += 2) attribute(element, at, attributes[0], attributes[1]);
    open_.push_back(std::move(element));
  }

  // <item name="account.1.enable"> is item(account.1.enable): of elements that are all called the same the attribute
  // tells which one it is.
  static std::string name_attribute(const XML_Char** attributes) {
    for (; attributes[0] != nullptr; attributes += 2)
      if (std::string_view(attributes[0]) == "name") return "(" + utf8::clip(attributes[1], 128) + ")";
    return {};
  }

  // Expat gives attributes in the order of the file, but not where they stand. The tag is well-formed: behind the name
  // come an equals sign and a quote.
  void attribute(const Element& element, std::size_t& at, const std::string& name, const std::string& value) {
    at = bytes_.find_first_of(spaces, at);
    at = bytes_.find_first_not_of(spaces, at);
    const auto quote = bytes_.find_first_of("\"'", at);
    const auto end = bytes_.find(bytes_[quote], quote + 1);
    if (name != "name") add({element.path + "@" + name, trimmed_entry(value), at, quote + 1, end, 0});
    at = end + 1;
  }

  void text(std::string_view text) {
    if (!open_.empty() && !fault_) open_.back().text += text;
  }

  void end() {
    if (fault_) return;
    auto& element = open_.back();
    const auto value = trimmed_entry(element.text);
    const bool empty_leaf = element.leaf && !element.attributes;
    if (!value.empty() || empty_leaf) {
      // That of an element with others in it is not one range: what is written between its tags is all of it.
      const auto [begin, end] = trimmed_entry(bytes_, element.content, std::max(index(), element.content));
      add({element.path, value, element.at, begin, end, 0});
    }
    open_.pop_back();
  }

  std::string_view bytes_;
  StopCheck stop_;
  std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
  Names root_;
  std::vector<Element> open_;
  std::vector<ConfigEntry> out_;
  std::size_t key_bytes_ = 0;
  std::optional<Error> fault_;
};

constexpr std::string_view separators = " \t\r\n=<>/\"'";  // of the words of a comment

bool is_secret_name(std::string_view name) {
  // Grandstream's P-codes say nothing by their name: administrator, user, accounts 1 to 6, HTTP and XML passwords.
  static constexpr std::array<std::string_view, 10> codes{"P2",   "P196", "P34",  "P406",  "P506",
                                                          "P606", "P706", "P734", "P1361", "P1359"};
  static constexpr std::array<std::string_view, 8> words{"password", "passwd", "passphrase", "secret",
                                                         "pwd",      "pswd",   "token",      "privatekey"};
  if (std::find(codes.begin(), codes.end(), name) != codes.end()) return true;
  std::string plain;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.')
      plain.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  if (plain.ends_with(".set")) return false;  // Polycom: whether the parameter before it counts
  if (plain.ends_with("pass")) return true;   // Snom: user_pass
  return std::any_of(words.begin(), words.end(), [&](auto word) { return plain.find(word) != std::string::npos; });
}

}  // namespace

Result<std::vector<ConfigEntry>> config_entries(Format format, std::string_view bytes, const std::stop_token& stop) {
  if (format == Format::xml) return XmlReader(bytes, stop).read();
  return line_entries(format, bytes, stop);
}

bool names_secret(std::string_view key) {
  auto name = key.substr(key.find_last_of("/@") + 1);  // npos + 1: all of it
  return is_secret_name(name.substr(0, name.find('[')));
}

bool may_tell_secret(std::string_view comment) {
  for (std::size_t at = 0; at < comment.size();) {
    const auto begin = std::min(comment.find_first_not_of(separators, at), comment.size());
    at = std::min(comment.find_first_of(separators, begin), comment.size());
    if (is_secret_name(comment.substr(begin, at - begin))) return true;
  }
  return false;
}

}  // namespace strowger::provisioning
