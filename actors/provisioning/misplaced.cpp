#include "actors/provisioning/misplaced.hpp"

#include "actors/provisioning/percent.hpp"

#include <algorithm>

namespace strowger::provisioning {
namespace {

constexpr std::size_t kLongestTarget = 1'024;
constexpr int kMostLookUps = 8;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Whether twelve digits that begin at `at` are the last group of a UUID.
bool ends_uuid(std::string_view text, std::size_t at) {
  return at >= 6 && text[at - 1] == '-' && text[at - 6] == '-' &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at) - 5,
                     text.begin() + static_cast<std::ptrdiff_t>(at) - 1, is_hex);
}

struct FoundMac {
  std::string_view text;
  MacAddress mac;
};

// A MAC address that stands alone somewhere in a text: as twelve digits, in three groups or in six.
std::optional<FoundMac> mac_within(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_hex(text[at]) || (at > 0 && is_hex(text[at - 1]))) continue;
    for (const std::size_t size : {12, 14, 17}) {
      if (at + size > text.size()) break;
      if (at + size < text.size() && is_hex(text[at + size])) continue;
      const auto candidate = text.substr(at, size);
      if (size == 12 && ends_uuid(text, at)) continue;
      if (const auto mac = MacAddress::parse(candidate)) return FoundMac{candidate, *mac};
    }
  }
  return std::nullopt;
}

RequestedFile named(std::string_view name, const FoundMac& found) {
  RequestedFile file;
  file.name = name;
  file.mac_text = found.text;
  file.mac = found.mac;
  return file;
}

}  // namespace

std::optional<RequestedFile> misplaced_file(std::string_view target) {
  if (target.size() > kLongestTarget) return std::nullopt;
  const auto path = target.substr(0, target.find_first_of("?#"));
  auto rest = path;
  for (int look_ups = 0; look_ups < kMostLookUps; ++look_ups) {
    auto file = resolve(rest);
    if (file.role != FileRole::unknown) return file;
    const auto slash = rest.find('/', 1);
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash);
  }
  const auto decoded = [](std::string_view text) {
    auto plain = percent_decode(text);
    return plain ? std::move(*plain) : std::string(text);
  };
  if (const auto plain = decoded(path); const auto found = mac_within(plain))
    return named(plain.substr(plain.rfind('/') + 1), *found);
  if (path.size() == target.size() || target[path.size()] != '?') return std::nullopt;
  const auto query = decoded(target.substr(path.size() + 1, target.find('#') - path.size() - 1));
  if (const auto found = mac_within(query)) return named(query, *found);
  return std::nullopt;
}

}  // namespace strowger::provisioning
