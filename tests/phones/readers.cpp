#include "tests/phones/readers.hpp"

#include <stdexcept>

namespace strowger::phones {

Reader reader_of(std::string_view vendor) {
  static const std::map<std::string_view, Reader (*)()> readers{
      {"avaya", avaya_reader},     {"cisco", cisco_reader},
      {"fanvil", fanvil_reader},   {"grandstream", grandstream_reader},
      {"htek", htek_reader},       {"mitel", mitel_reader},
      {"polycom", polycom_reader}, {"sangoma", sangoma_reader},
      {"snom", snom_reader},       {"yealink", yealink_reader},
      {"zultys", zultys_reader}};
  const auto found = readers.find(vendor);
  if (found == readers.end()) throw std::invalid_argument("no reader for files of " + std::string(vendor));
  return found->second();
}

bool fits(std::string_view pattern, std::string_view fact) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == fact;
  if (!fact.starts_with(pattern.substr(0, star))) return false;
  fact.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  for (std::size_t i = 0; i <= fact.size(); ++i)
    if (fits(pattern, fact.substr(i))) return true;
  return false;
}

}  // namespace strowger::phones
