#include "actors/provisioning/user_agent.hpp"

#include "actors/provisioning/vendor_catalog.hpp"

#include <algorithm>
#include <vector>

namespace strowger::provisioning {
namespace {

constexpr std::size_t kMaxLength = 512;
constexpr std::size_t kMaxWords = 32;
constexpr std::size_t kMaxWord = 64;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Words between spaces, parentheses, quotes and semicolons; a slash stays inside a word.
std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view separators = " \t()\";,";
  std::vector<std::string_view> words;
  for (std::size_t at = 0; words.size() < kMaxWords;) {
    at = text.find_first_not_of(separators, at);
    if (at == std::string_view::npos) break;
    const auto end = std::min(text.find_first_of(separators, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

bool same(std::string_view a, std::string_view b) {
  return squeezed(a) == b;
}

// 66.86.0.15, 7.4.9c: starts with a digit and holds a dot.
bool is_version(std::string_view word) {
  return !word.empty() && is_digit(word.front()) && word.find('.') != std::string_view::npos &&
         word.find_first_of(":-") == std::string_view::npos;
}

std::string first_version(const std::vector<std::string_view>& words, std::size_t from) {
  for (std::size_t i = from; i < words.size(); ++i)
    if (is_version(words[i])) return std::string(words[i]);
  return {};
}

std::optional<MacAddress> find_mac(const std::vector<std::string_view>& words) {
  for (auto word : words) {
    for (const std::string_view prefix : {"SN:", "MAC:"})
      if (word.starts_with(prefix)) word.remove_prefix(prefix.size());
    if (const auto mac = MacAddress::parse(word)) return *mac;
  }
  return std::nullopt;
}

// Yealink SIP-T46S 66.86.0.15 80:5e:c0:aa:bb:cc; Yealink W60B 77.83.0.85 …; Yealink-T46G 28.71.0.81.
void read_yealink(const std::vector<std::string_view>& words, UserAgent& out) {
  out.model = squeezed(words[0].size() > 7 ? words[0].substr(7) : words.size() > 1 ? words[1] : std::string_view());
  if (out.model.size() > 3 && out.model.starts_with("sip")) out.model.erase(0, 3);
  out.firmware = first_version(words, 1);
}

// Zultys ZIP 33G - 47.80.132.4, and ZIP33G in one word.
void read_zultys(const std::vector<std::string_view>& words, UserAgent& out) {
  if (words.size() > 1) out.model = squeezed(words[1]);
  if (out.model == "zip" && words.size() > 2) out.model += squeezed(words[2]);
  out.firmware = first_version(words, 2);
}

// FileTransport PolycomVVX-VVX_450-UA/5.9.2.3446 (SN:0004f2aabbcc) Type/Application.
void read_polycom(std::string_view word, UserAgent& out) {
  const auto slash = word.find('/');
  auto product = word.substr(0, slash);
  if (slash != std::string_view::npos) out.firmware = word.substr(slash + 1);
  if (product.ends_with("-UA")) product.remove_suffix(3);
  const auto dash = product.rfind('-');
  out.model = squeezed(dash == std::string_view::npos ? product : product.substr(dash + 1));
}

// Cisco/SPA504G-7.4.9c (8843E157DDCC)(CBT141100HR); Linksys/SPA-942-6.1.5(a) (88019FA42805); Cisco-CP-8841-3PCC/11.0.1.
void read_cisco(std::string_view word, UserAgent& out) {
  const auto slash = word.find('/');
  if (slash == std::string_view::npos) return;
  auto product = word.substr(slash + 1);
  if (const auto before = word.substr(0, slash); before.size() > 7) {  // Cisco-CP-8841-3PCC
    out.model = squeezed(before.substr(before.find('-') + 1));
    out.firmware = product;
    return;
  }
  for (auto dash = product.find('-'); dash != std::string_view::npos; dash = product.find('-', dash + 1)) {
    if (dash + 1 < product.size() && is_version(product.substr(dash + 1))) {
      out.firmware = product.substr(dash + 1);
      product = product.substr(0, dash);
      break;
    }
  }
  out.model = squeezed(product);
}

// Grandstream Model HW GXP2170 V1.1A SW 1.0.11.85 DevId 000b82aabbcc; old: Grandstream GXP2000 …
void read_grandstream(const std::vector<std::string_view>& words, UserAgent& out) {
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (same(words[i], "hw")) out.model = squeezed(words[i + 1]);
    if (same(words[i], "sw")) out.firmware = words[i + 1];
  }
  if (out.model.empty() && words.size() > 1 && !same(words[1], "model")) out.model = squeezed(words[1]);
}

}  // namespace

UserAgent parse_user_agent(std::string_view text) {
  UserAgent out;
  text = text.substr(0, kMaxLength);
  while (text.starts_with(' ')) text.remove_prefix(1);
  const auto words = words_of(text);
  if (words.empty()) return out;
  const auto first = squeezed(words[0]);
  if (first.starts_with("yealink")) {
    out.vendor = "yealink";
    read_yealink(words, out);
  } else if (first == "zultys") {
    out.vendor = "zultys";
    read_zultys(words, out);
  } else if (first.starts_with("cisco") || first.starts_with("linksys")) {
    out.vendor = "cisco";
    read_cisco(text.substr(0, text.find(' ')), out);
  } else if (first == "grandstream") {
    out.vendor = "grandstream";
    read_grandstream(words, out);
  } else {
    const auto is_polycom = [](std::string_view word) { return squeezed(word).starts_with("poly"); };
    const auto word = std::find_if(words.begin(), words.end(), is_polycom);
    if (word == words.end()) return out;
    out.vendor = "polycom";
    read_polycom(*word, out);
  }
  out.model.resize(std::min(out.model.size(), kMaxWord));
  out.firmware.resize(std::min(out.firmware.size(), kMaxWord));
  out.mac = find_mac(words);
  return out;
}

}  // namespace strowger::provisioning
