#include "actors/provisioning/resolver.hpp"

#include "actors/provisioning/percent.hpp"

#include <algorithm>

namespace strowger::provisioning {
namespace {

constexpr std::size_t kMaxName = 200;

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
    case FileRole::phonebook:
      return "phonebook";
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

std::optional<std::string> requested_name(std::string_view target) {
  constexpr std::string_view folder = "provision/";
  // Phones whose URL ends with a slash add one of their own, before the folder or behind it.
  const auto skip_slashes = [&] { target.remove_prefix(std::min(target.find_first_not_of('/'), target.size())); };
  target = target.substr(0, target.find_first_of("?#"));
  const bool rooted = target.starts_with('/');
  skip_slashes();
  if (rooted && target.starts_with(folder)) {
    target.remove_prefix(folder.size());
    skip_slashes();
  }
  if (target.empty() || target.size() > kMaxName * 3) return std::nullopt;
  auto name = percent_decode(target);
  if (!name || name->size() > kMaxName) return std::nullopt;
  return std::move(*name);
}

}  // namespace strowger::provisioning
