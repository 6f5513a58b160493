#include "adapters/http/message.hpp"

#include <algorithm>

#include <boost/beast/core/string.hpp>

namespace strowger::http {
namespace {

template <class Wanted>
bool is_line_of(const Request::Header& line, const Wanted& wanted) {
  if (wanted.field != Field::unknown) return line.field == wanted.field;
  // A later Beast may know by number what this one knows by name only.
  if (line.field == Field::unknown) return boost::beast::iequals(line.name, wanted.name);
  return boost::beast::iequals(to_string(line.field), wanted.name);
}

}  // namespace

std::string_view Request::header(const SingleHeader& wanted) const {
  const auto line = std::find_if(headers.begin(), headers.end(), [&](const auto& l) { return is_line_of(l, wanted); });
  return line == headers.end() ? std::string_view() : line->value;
}

std::vector<std::string_view> Request::header(const ListHeader& wanted) const {
  std::vector<std::string_view> elements;
  for (const auto& line : headers)
    if (is_line_of(line, wanted))
      for_each_element(line.value, wanted.commas, [&](std::string_view element) { elements.push_back(element); });
  return elements;
}

bool Request::has(const SingleHeader& wanted) const {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& line) { return is_line_of(line, wanted); });
}

bool Request::has(const ListHeader& wanted) const {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& line) { return is_line_of(line, wanted); });
}

const SingleHeader* Request::repeated() const {
  const auto* const found =
      std::find_if(http::headers::singles.begin(), http::headers::singles.end(), [this](const SingleHeader& single) {
        return std::count_if(headers.begin(), headers.end(), [&](const auto& l) { return is_line_of(l, single); }) > 1;
      });
  return found == http::headers::singles.end() ? nullptr : found;
}

}  // namespace strowger::http
