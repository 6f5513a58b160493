#include "actors/registrar/phone_mac.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace strowger::registrar {
namespace {

bool starts_with_word(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::ranges::equal(text.substr(0, prefix.size()), prefix, [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
         });
}

bool is_hex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

// A station's own address, made by a vendor: neither a group address nor one that somebody chose.
bool is_vendor_made(const MacAddress& mac) {
  const auto first_octet = mac.bits() >> 40;
  return (first_octet & 0b11) == 0 && mac.bits() != 0xffff'ffff'ffffULL;
}

std::optional<MacAddress> believed(std::string_view text) {
  const auto mac = MacAddress::parse(text);
  if (!mac || !is_vendor_made(*mac)) return std::nullopt;
  return *mac;
}

// The twelve digits written together, in pairs with one kind of separator, or as Cisco groups.
bool looks_like_mac(std::string_view word) {
  const auto digits = std::ranges::count_if(word, is_hex);
  if (digits != 12) return false;
  if (word.size() == 12) return true;
  if (word.size() == 14) return word[4] == '.' && word[9] == '.';
  if (word.size() != 17) return false;
  const char separator = word[2];
  if (separator != ':' && separator != '-') return false;
  for (std::size_t i = 2; i < word.size(); i += 3)
    if (word[i] != separator) return false;
  return true;
}

std::string_view without_brackets(std::string_view instance) {
  if (!instance.empty() && instance.front() == '<') instance.remove_prefix(1);
  if (!instance.empty() && instance.back() == '>') instance.remove_suffix(1);
  return instance;
}

// The 36 characters of urn:uuid:…; empty: it is none.
std::string_view uuid_of(std::string_view instance) {
  if (!starts_with_word(instance, "urn:uuid:")) return {};
  const auto uuid = instance.substr(9);
  const bool has_form = uuid.size() == 36 && uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' && uuid[23] == '-';
  return has_form ? uuid : std::string_view();
}

// Only these vendors put the address into their User-Agent; twelve digits of anybody else's may be anything.
constexpr std::array<std::string_view, 18> kVendors{
    "Yealink", "Zultys", "Cisco", "Linksys", "Grandstream", "Fanvil",  "snom",      "Mozilla/4.0 (compatible; snom",
    "Gigaset", "Aastra", "Mitel", "AVAYA",   "Htek",        "Sangoma", "Panasonic", "AUDC",
    "Thomson", "Poly"};

}  // namespace

std::optional<MacAddress> mac_of_instance(std::string_view instance) {
  instance = without_brackets(instance);
  if (starts_with_word(instance, "urn:mac:")) return believed(instance.substr(8));
  const auto uuid = uuid_of(instance);
  if (uuid.empty()) return std::nullopt;
  const bool version_one = uuid[14] == '1';
  const bool zero_time = std::ranges::all_of(uuid.substr(0, 13), [](char c) { return c == '0' || c == '-'; });
  if (!version_one && !zero_time) return std::nullopt;
  return believed(uuid.substr(24));
}

std::optional<MacAddress> mac_of_node(std::string_view instance, std::string_view user_agent, const MadeBy& made_by) {
  const auto uuid = uuid_of(without_brackets(instance));
  if (uuid.empty() || !made_by) return std::nullopt;
  const auto mac = believed(uuid.substr(24));
  return mac && made_by(*mac, user_agent) ? mac : std::nullopt;
}

std::optional<MacAddress> mac_of_user_agent(std::string_view user_agent) {
  if (!user_agent.empty() && user_agent.front() == '"') user_agent.remove_prefix(1);
  if (std::ranges::none_of(kVendors, [&](auto vendor) { return starts_with_word(user_agent, vendor); }))
    return std::nullopt;
  constexpr std::string_view separators = " ();,\"_/";
  const auto separates = [&](char c) { return separators.find(c) != std::string_view::npos; };
  std::optional<MacAddress> found;
  while (!user_agent.empty()) {
    const auto end = static_cast<std::size_t>(std::ranges::find_if(user_agent, separates) - user_agent.begin());
    auto word = user_agent.substr(0, end);
    user_agent.remove_prefix(std::min(end + 1, user_agent.size()));
    if (starts_with_word(word, "MAC:") || starts_with_word(word, "SN:")) word.remove_prefix(word.find(':') + 1);
    if (looks_like_mac(word)) found = believed(word);
  }
  return found;
}

}  // namespace strowger::registrar
