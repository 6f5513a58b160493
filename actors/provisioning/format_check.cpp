#include "actors/provisioning/format_check.hpp"

#include "actors/provisioning/config_entries.hpp"
#include "events/stopped.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>

#include <boost/json/value.hpp>
#include <expat.h>

namespace strowger::provisioning {
namespace {

Error fault_at(std::size_t line, std::string what) {
  return unacceptable("bad_output", std::move(what)).with("line", line);
}

Error too_many_keys(std::size_t line) {
  return unacceptable("output_too_large", "makes a file of more than " + std::to_string(most_entries) + " keys")
      .with("line", line);
}

// Faults of an XML file beside its grammar.
struct XmlFaults {
  XML_Parser parser;
  StopCheck stop;
  std::string encoding{};  // one that is not the one in which values are written
  std::optional<Error> fault{};
  std::size_t depth = 0;
  std::size_t entries = 0;

  void end_with(Error error) {
    if (!fault) fault = std::move(error);
    XML_StopParser(parser, XML_FALSE);
  }
};

void on_declaration(void* faults, const XML_Char*, const XML_Char* encoding, int) {
  if (encoding == nullptr) return;
  std::string name(encoding);
  for (auto& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (name != "UTF-8" && name != "US-ASCII") static_cast<XmlFaults*>(faults)->encoding = encoding;
}

void on_element(void* user, const XML_Char*, const XML_Char** attributes) {
  auto& faults = *static_cast<XmlFaults*>(user);
  if (faults.fault) return;
  if (faults.stop.requested()) return faults.end_with(stopped());
  ++faults.entries;
  for (; attributes[0] != nullptr; attributes += 2) ++faults.entries;
  const std::size_t line = XML_GetCurrentLineNumber(faults.parser);
  if (faults.entries > most_entries) return faults.end_with(too_many_keys(line));
  if (++faults.depth > most_elements_deep)
    faults.end_with(fault_at(line, "elements stand in each other deeper than " + std::to_string(most_elements_deep)));
}

void on_element_end(void* faults, const XML_Char*) {
  --static_cast<XmlFaults*>(faults)->depth;
}

Result<void> check_xml(std::string_view bytes, const std::stop_token& stop) {
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(XML_ParserCreate(nullptr), &XML_ParserFree);
  if (!parser) return internal_error("out of memory while checking XML");
  XmlFaults faults{parser.get(), StopCheck(stop)};
  XML_SetUserData(parser.get(), &faults);
  XML_SetXmlDeclHandler(parser.get(), &on_declaration);
  XML_SetElementHandler(parser.get(), &on_element, &on_element_end);
  const auto size = static_cast<int>(bytes.size());  // a render stops at 1 MiB
  const auto status = XML_Parse(parser.get(), bytes.data(), size, XML_TRUE);
  if (!faults.encoding.empty())
    return fault_at(1, "declares the encoding " + faults.encoding + "; values are written in UTF-8");
  if (faults.fault) return std::move(*faults.fault);
  if (status == XML_STATUS_OK) return {};
  return fault_at(XML_GetCurrentLineNumber(parser.get()),
                  std::string("not well-formed XML: ") + XML_ErrorString(XML_GetErrorCode(parser.get())));
}

std::string_view trimmed_line(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

// What a line of this grammar has to be; empty where it is.
std::string_view fault_of(Format format, std::string_view content) {
  if (content.empty() || content.starts_with('#')) return {};
  if (format == Format::set) {
    if (content.starts_with("GET ") || content.starts_with("IF ") || content.starts_with("GOTO ")) return {};
    const auto name = content.starts_with("SET ") ? content.substr(4) : std::string_view();
    const auto space = name.find(' ');
    const auto value = space == std::string_view::npos ? std::string_view() : trimmed_line(name.substr(space));
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    const auto inner = quoted ? value.substr(1, value.size() - 2) : value;
    const bool fine = space != 0 && !value.empty() && inner.find('"') == std::string_view::npos &&
                      (quoted || inner.find(' ') == std::string_view::npos);
    return fine ? std::string_view() : R"(neither empty, nor a # comment, nor `SET NAME "value"`, GET, IF or GOTO)";
  }
  const char sign = format == Format::colon ? ':' : '=';
  const auto at = content.find(sign);
  if (at != std::string_view::npos && !trimmed_line(content.substr(0, at)).empty()) return {};
  return format == Format::colon ? "neither empty, nor a # comment, nor `key: value`"
                                 : "neither empty, nor a # comment, nor `key = value`";
}

Result<void> check_lines(Format format, std::string_view first_line, std::string_view bytes,
                         const std::stop_token& stop) {
  std::size_t number = 0;
  std::size_t entries = 0;
  StopCheck stop_check(stop);
  for (std::size_t at = 0; at < bytes.size();) {
    const auto end = std::min(bytes.find('\n', at), bytes.size());
    const auto line = bytes.substr(at, end - at);
    at = end + 1;
    ++number;
    if (stop_check.requested()) return stopped();
    if (number == 1 && !first_line.empty() && line != first_line)
      return fault_at(
          1, "the first line has to be exactly " + std::string(first_line) + ", or the phone refuses the file");
    const auto content = trimmed_line(line);
    if (const auto fault = fault_of(format, content); !fault.empty()) return fault_at(number, std::string(fault));
    if (!content.empty() && content.front() != '#' && ++entries > most_entries) return too_many_keys(number);
  }
  if (number == 0 && !first_line.empty())
    return fault_at(1, "empty; the first line has to be " + std::string(first_line));
  return {};
}

}  // namespace

Result<void> check_format(Format format, std::string_view first_line, std::string_view bytes,
                          const std::stop_token& stop) {
  return format == Format::xml ? check_xml(bytes, stop) : check_lines(format, first_line, bytes, stop);
}

}  // namespace strowger::provisioning
