#include "actors/reboot/phone_notifier.hpp"

#include <charconv>

namespace strowger::reboot {
namespace {

constexpr std::string_view retry_words = " (to be told again after ";
constexpr std::string_view retry_unit = " s)";

}  // namespace

std::string with_retry_after(std::string phrase, const std::optional<std::uint32_t>& seconds) {
  if (seconds) phrase.append(retry_words).append(std::to_string(*seconds)).append(retry_unit);
  return phrase;
}

std::optional<std::chrono::seconds> retry_after_of(std::string_view text) {
  const auto at = text.rfind(retry_words);
  if (at == std::string_view::npos || !text.ends_with(retry_unit)) return std::nullopt;
  text.remove_prefix(at + retry_words.size());
  text.remove_suffix(retry_unit.size());
  std::uint32_t seconds = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace strowger::reboot
