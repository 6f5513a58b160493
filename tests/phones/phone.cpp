#include "tests/phones/phone.hpp"

#include <chrono>

namespace strowger::phones {
namespace {

std::string two_digits(int number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

void put_key(Facts& out, const std::string& prefix, const Key& key) {
  out[prefix + "type"] = key.type;
  out[prefix + "value"] = key.value;
  out[prefix + "label"] = key.label;
  out[prefix + "line"] = key.line;
  out[prefix + "pickup"] = key.pickup;
}

// An emergency number does not wait for the timer; any other may.
std::string_view word(Dialled dialled, std::string_view number) {
  if (dialled == Dialled::refused) return "refused";
  if (number != "112" && number != "911") return "dialled";
  return dialled == Dialled::at_once ? "dialled at once" : "dialled after the timer";
}

}  // namespace

std::string date_of(const Change& change, int year) {
  using namespace std::chrono;
  const auto first = year_month_day{std::chrono::year{year}, month{static_cast<unsigned>(change.month)}, day{1}};
  const auto last = sys_days{year_month_day_last{first.year(), month_day_last{first.month()}}};
  const weekday wanted{static_cast<unsigned>(change.weekday)};
  sys_days found;
  switch (change.by) {
    case Change::By::week:
      found = change.number == 5 ? sys_days{last} - (weekday{last} - wanted)
                                 : sys_days{first} + (wanted - weekday{sys_days{first}}) + weeks{change.number - 1};
      break;
    case Change::By::on_or_after:
      if (change.number < 0) {
        found = last - (weekday{last} - wanted);
      } else {
        const auto from = sys_days{first} + days{change.number - 1};
        found = from + (wanted - weekday{from});
      }
      break;
    case Change::By::date:
      found = sys_days{first} + days{change.number - 1};
      break;
  }
  const year_month_day on{found};
  return two_digits(static_cast<int>(static_cast<unsigned>(on.month()))) + "-" +
         two_digits(static_cast<int>(static_cast<unsigned>(on.day()))) + " " + two_digits(change.hour) + ":" +
         two_digits(change.minute);
}

const std::vector<std::string>& dialled_numbers() {
  static const std::vector<std::string> numbers{"101", "1001", "2345", "31234", "412345",         "112",
                                                "911", "*8",   "*97",  "9911",  "00493012345678", "+493012345678"};
  return numbers;
}

Facts facts(const PhoneAsConfigured& phone, int year) {
  Facts out;
  for (const auto& [line, account] : phone.accounts) {
    const auto put = [&, prefix = "line." + std::to_string(line) + "."](const char* name, const std::string& value) {
      out[prefix + name] = value;
    };
    put("server", account.server);
    put("port", account.port);
    put("transport", account.transport);
    put("user", account.user);
    put("auth", account.auth);
    put("password", account.password);
    put("name", account.name);
    put("label", account.label);
    put("expires", account.expires);
    put("proxy", account.proxy);
    put("proxy_port", account.proxy_port);
    put("srtp", account.srtp);
    put("dtmf", account.dtmf);
    put("codecs", account.codecs);
    put("voicemail", account.voicemail);
  }
  const auto& clock = phone.clock;
  out["clock.ntp"] = clock.ntp;
  out["clock.hours"] = clock.hours;
  if (clock.offset) out["clock.offset"] = std::to_string(*clock.offset);
  if (clock.start && clock.end) {
    out["clock.start"] = date_of(*clock.start, year);
    out["clock.end"] = date_of(*clock.end, year);
    out["clock.saving"] = std::to_string(clock.saving);
  }
  for (const auto& [number, key] : phone.keys) put_key(out, "key." + std::to_string(number) + ".", key);
  for (const auto& [place, key] : phone.module_keys)
    put_key(out, "module." + std::to_string(place.first) + ".key." + std::to_string(place.second) + ".", key);
  if (phone.dial_plan)
    for (const auto& number : dialled_numbers()) out["dial." + number] = word(phone.dial_plan(number), number);
  for (const auto& [name, value] : phone.settings) out[name] = value;
  out["provisioning_url"] = phone.provisioning_url;
  std::erase_if(out, [](const auto& fact) { return fact.second.empty(); });
  return out;
}

}  // namespace strowger::phones
