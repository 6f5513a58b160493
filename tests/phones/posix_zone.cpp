#include "tests/phones/posix_zone.hpp"

#include <cctype>
#include <cstdlib>
#include <string_view>

namespace strowger::phones {
namespace {

void skip_name(std::string_view& text) {
  while (!text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
}

int number_of(std::string_view& text) {
  int out = 0;
  while (!text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0) {
    out = out * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  return out;
}

bool take(std::string_view& text, char sign) {
  if (text.empty() || text.front() != sign) return false;
  text.remove_prefix(1);
  return true;
}

// [+-]h[:m[:s]], in seconds.
int time_of(std::string_view& text) {
  const bool negative = take(text, '-');
  if (!negative) take(text, '+');
  int seconds = number_of(text) * 3600;
  if (take(text, ':')) seconds += number_of(text) * 60;
  if (take(text, ':')) seconds += number_of(text);
  return negative ? -seconds : seconds;
}

// ,M3.5.0/2 or ,J86/2: the day of a year without 29 February.
std::optional<Change> change_of(std::string_view& text) {
  Change out;
  if (!take(text, ',')) return std::nullopt;
  if (take(text, 'J')) {
    constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    out.by = Change::By::date;
    out.number = number_of(text);
    for (out.month = 1; out.month < 12 && out.number > days[out.month - 1]; ++out.month)
      out.number -= days[out.month - 1];
  } else {
    if (!take(text, 'M')) return std::nullopt;
    out.month = number_of(text);
    take(text, '.');
    out.number = number_of(text);
    take(text, '.');
    out.weekday = number_of(text);
  }
  const int time = take(text, '/') ? time_of(text) : 2 * 3600;
  if (time < 0 || time > 24 * 3600) return std::nullopt;
  out.hour = time / 3600;
  out.minute = time / 60 % 60;
  return out;
}

}  // namespace

void read_posix_zone(const std::string& rule, Clock& clock) {
  std::string_view text = rule;
  skip_name(text);
  if (text.empty() || text.size() == rule.size()) return;
  clock.offset = -time_of(text);
  if (text.empty()) return;
  skip_name(text);
  clock.saving = 3600;
  if (!text.empty() && text.front() != ',') clock.saving = -time_of(text) - *clock.offset;
  clock.start = change_of(text);
  clock.end = change_of(text);
}

}  // namespace strowger::phones
