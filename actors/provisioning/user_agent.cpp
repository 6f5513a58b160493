#include "actors/provisioning/user_agent.hpp"

#include "actors/provisioning/vendor_catalog.hpp"
#include "events/utf8.hpp"

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
    // Nearly no word has the size of one: an error need not be made for each.
    if (word.size() != 12 && word.size() != 14 && word.size() != 17) continue;
    if (const auto mac = MacAddress::parse(word)) return *mac;
  }
  return std::nullopt;
}

// From a product's name and what follows it: J179-4.1.3.0.6, 1220IP/04.01.13.00, SPA-942-6.1.5(a).
void read_product(std::string_view product, UserAgent& out) {
  for (auto at = product.find_first_of("-/"); at != std::string_view::npos; at = product.find_first_of("-/", at + 1)) {
    const auto rest = product.substr(at + 1);
    const bool version = product[at] == '/' ? !rest.empty() : is_version(rest);
    if (!version) continue;
    out.firmware = rest;
    product = product.substr(0, at);
    break;
  }
  out.model = squeezed(product);
}

// Yealink SIP-T46S 66.86.0.15 80:5e:c0:aa:bb:cc; Yealink W60B 77.83.0.85 …; Yealink-T46G 28.71.0.81; old ones without
// their maker's name: W52P 25.30.0.2 …, VP530P ….
void read_yealink(const std::vector<std::string_view>& words, UserAgent& out) {
  constexpr std::string_view maker = "yealink";
  std::size_t at = 0;
  auto model = words[0];
  if (squeezed(model).starts_with(maker)) model.remove_prefix(std::min(maker.size(), model.size()));
  if (squeezed(model).empty() && words.size() > 1) model = words[++at];
  out.model = squeezed(model);
  if (out.model == "sip" && words.size() > at + 1) out.model = squeezed(words[++at]);  // SIP VP-T49G
  for (const std::string_view prefix : {"sip", "vpt"}) {
    if (out.model.size() <= prefix.size() || !out.model.starts_with(prefix)) continue;
    out.model.erase(0, prefix == "sip" ? 3 : 2);
  }
  if (at + 1 < words.size() && squeezed(words[at + 1]) == "e2") out.model += "e2";  // SIP-T21P E2
  out.firmware = first_version(words, at + 1);
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

// Cisco/SPA504G-7.4.9c (8843E157DDCC)(CBT141100HR); Linksys/SPA-942-6.1.5(a) (88019FA42805);
// Cisco-CP-8841-3PCC/11.0.1 (00562b043615); Cisco/ATA191-MPP-11-1-0-MSR4 (FCH2443D9R4).
void read_cisco(std::string_view word, UserAgent& out) {
  const auto slash = word.find('/');
  if (slash == std::string_view::npos) return;
  const auto product = word.substr(slash + 1);
  auto before = word.substr(0, slash);
  if (constexpr std::string_view mpp = "Cisco-CP-"; before.starts_with(mpp)) {
    before.remove_prefix(mpp.size());
    out.model = squeezed(before.substr(0, before.find('-')));
    out.firmware = product;
    return;
  }
  constexpr std::string_view ata = "-MPP-";
  if (const auto at = product.find(ata); at != std::string_view::npos) {
    out.model = squeezed(product.substr(0, at));
    out.firmware = product.substr(at + ata.size());
    return;
  }
  read_product(product, out);
}

// Grandstream Model HW GXP2170 V1.1A SW 1.0.11.85 DevId 000b82aabbcc; old: Grandstream GXP2000 …
void read_grandstream(const std::vector<std::string_view>& words, UserAgent& out) {
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (same(words[i], "hw")) out.model = squeezed(words[i + 1]);
    if (same(words[i], "sw")) out.firmware = words[i + 1];
  }
  if (out.model.empty() && words.size() > 1 && !same(words[1], "model")) out.model = squeezed(words[1]);
}

// Fanvil X4 2.10.2.6887 0c383e07e16c; Htek UC903 2.0.4.2 00:1f:c1:1c:22:a9; what follows a maker's name in this way.
void read_plain(const std::vector<std::string_view>& words, UserAgent& out) {
  std::size_t at = 1;
  for (; at < words.size() && !is_version(words[at]) && !MacAddress::parse(words[at]); ++at)
    out.model += squeezed(words[at]);
  out.firmware = first_version(words, at);
}

// Mozilla/4.0 (compatible; snomD785-SIP 10.1.33.33 2010.12 000413922D24 SXM:0 UXM:0); … Snom M900 05.20.0001 ….
void read_snom(const std::vector<std::string_view>& words, std::size_t at, UserAgent& out) {
  auto model = words[at].substr(4);
  if (model.empty() && at + 1 < words.size()) model = words[++at];
  out.model = squeezed(model.substr(0, model.find('-')));
  out.firmware = first_version(words, at + 1);
}

// Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605; N510 IP PRO/42.245.00.000.000;7C2F80….
void read_gigaset(const std::vector<std::string_view>& words, UserAgent& out) {
  for (std::size_t at = same(words[0], "gigaset") ? 1 : 0; at < words.size(); ++at) {
    const auto slash = words[at].find('/');
    out.model += squeezed(words[at].substr(0, slash));
    if (slash == std::string_view::npos) continue;
    out.firmware = words[at].substr(slash + 1);
    break;
  }
}

// Aastra6731i MAC:00-08-5D-23-74-29 V:3.2.0.70-SIP; Mitel6920 ….
void read_mitel(const std::vector<std::string_view>& words, UserAgent& out) {
  const auto name = words[0].find_first_of("0123456789");
  if (name != std::string_view::npos) out.model = squeezed(words[0].substr(name));
  for (auto word : words) {
    if (!word.starts_with("V:")) continue;
    word.remove_prefix(2);
    if (word.ends_with("-SIP")) word.remove_suffix(4);
    out.firmware = word;
  }
}

// AUDC-IPPhone/2.2.8.61 (440HDG-Rev0; 00908F602AAC).
void read_audiocodes(const std::vector<std::string_view>& words, UserAgent& out) {
  out.firmware = words[0].substr(std::min(words[0].find('/'), words[0].size() - 1) + 1);
  if (words.size() > 1) out.model = squeezed(words[1].substr(0, words[1].find("-Rev")));
}

// Alcatel IP Touch 4028/2.01.20.
void read_alcatel(const std::vector<std::string_view>& words, UserAgent& out) {
  for (const auto word : words)
    if (word.find('/') != std::string_view::npos) read_product(word, out);
}

// Thomson ST2030 hw5 fw2.74 00-0E-50-4E-16-55.
void read_technicolor(const std::vector<std::string_view>& words, UserAgent& out) {
  if (words.size() > 1) out.model = squeezed(words[1]);
  for (const auto word : words)
    if (word.starts_with("fw")) out.firmware = word.substr(2);
}

// A vendor by how its phones begin, or by a word that stands somewhere.
void read(std::string_view text, const std::vector<std::string_view>& words, UserAgent& out) {
  const auto first = squeezed(words[0]);
  const auto begins = [&](std::string_view with) { return first.starts_with(with); };
  const auto is = [&](std::string_view vendor) {
    out.vendor = vendor;
    return true;
  };
  if (begins("yealink") || begins("w52p") || begins("w56p") || begins("vp530")) {
    is("yealink");
    return read_yealink(words, out);
  }
  if (begins("zultys") && is("zultys")) return read_zultys(words, out);
  if ((begins("cisco") || begins("linksys")) && is("cisco")) return read_cisco(text.substr(0, text.find(' ')), out);
  if (begins("grandstream") && is("grandstream")) return read_grandstream(words, out);
  if (begins("fanvil") && is("fanvil")) return read_plain(words, out);
  if (begins("htek") && is("htek")) return read_plain(words, out);
  if (begins("sangoma") && is("sangoma")) return read_plain(words, out);
  if ((begins("mitel") || begins("aastra")) && is("mitel")) return read_mitel(words, out);
  if ((begins("gigaset") || begins("n510") || begins("n720")) && is("gigaset")) return read_gigaset(words, out);
  if (begins("panasonic") && is("panasonic")) return read_product(words[0].substr(words[0].find('_') + 1), out);
  if (begins("audc") && is("audiocodes")) return read_audiocodes(words, out);
  if (begins("alcatel") && is("alcatel")) return read_alcatel(words, out);
  if ((begins("thomson") || begins("technicolor")) && is("technicolor")) return read_technicolor(words, out);
  if (begins("jitsi") && is("jitsi")) {
    out.firmware = words[0].substr(std::min(words[0].find('/'), words[0].size() - 1) + 1);
    return;
  }
  for (std::size_t at = 0; at < words.size(); ++at) {
    const auto word = squeezed(words[at]);
    if (word.starts_with("poly") && is("polycom")) return read_polycom(words[at], out);
    if (word.starts_with("snom") && is("snom")) return read_snom(words, at, out);
    if (word.starts_with("avaya") && words[at].size() > 6 && is("avaya")) return read_product(words[at].substr(6), out);
  }
}

// A version, also as V2.0.4 and R4.0.6.
std::string sip_version(std::string_view word) {
  if (word.size() > 1 && (word.front() == 'V' || word.front() == 'v' || word.front() == 'R')) word.remove_prefix(1);
  return is_version(word) ? std::string(word) : std::string();
}

// Of these words from `at` on, the first that is one; behind a slash too.
std::string find_sip_version(const std::vector<std::string_view>& words, std::size_t at) {
  for (; at < words.size(); ++at) {
    auto word = words[at];
    if (const auto slash = word.find('/'); slash != std::string_view::npos) word.remove_prefix(slash + 1);
    if (auto version = sip_version(word); !version.empty()) return version;
  }
  return {};
}

// The model behind the maker's name: in its word (snomD375, Mitel-6930) or in the next, and up to a slash.
void read_sip_model(const std::vector<std::string_view>& words, std::size_t at, std::size_t maker, UserAgent& out) {
  auto model = words[at].substr(std::min(maker, words[at].size()));
  model = model.substr(0, model.find('/'));
  if (squeezed(model).empty()) {
    if (++at >= words.size()) return;
    model = words[at].substr(0, words[at].find('/'));
  }
  if (model.ends_with("-SIP")) model.remove_suffix(4);
  out.model = sip_version(model).empty() ? squeezed(model) : std::string();
}

void read_sip(const std::vector<std::string_view>& words, UserAgent& out) {
  const auto maker_is = [&](std::size_t at, std::string_view name) { return squeezed(words[at]).starts_with(name); };
  if (out.vendor == "snom") {
    // snomD375/8.9.3.60, Snom M700/05.20.
    for (std::size_t at = 0; at < words.size(); ++at) {
      if (!maker_is(at, "snom")) continue;
      read_sip_model(words, at, 4, out);
      out.firmware = find_sip_version(words, at);
      return;
    }
  }
  if (out.vendor == "mitel" && out.firmware.empty()) {  // Aastra 6731i/3.3.1.4305, Mitel-6930/6.1.0.146
    read_sip_model(words, 0, maker_is(0, "aastra") ? 6 : 5, out);
    out.firmware = find_sip_version(words, 0);
  } else if (out.vendor == "avaya" && words.size() > 1 && words[0].find('/') == std::string_view::npos) {
    read_sip_model(words, 0, 5, out);  // Avaya J179 IP Phone R4.0.6.1.3
    out.firmware = find_sip_version(words, 1);
  } else if (out.vendor == "grandstream" && out.firmware.empty()) {
    out.firmware = find_sip_version(words, 1);  // Grandstream GXP2170 1.0.11.85
  } else if (out.vendor == "fanvil" || out.vendor == "htek" || out.vendor == "sangoma") {
    if (!out.firmware.empty() || words.size() < 2) return;  // Htek UC926 V2.0.4.4.35, Sangoma S500/3.0.4.52
    read_sip_model(words, 1, 0, out);
    out.firmware = find_sip_version(words, 1);
  }
}

// 5.9.2.3446_0004f2aabbcc: phones of some vendors add their address to the version.
void split_address(UserAgent& out) {
  const auto line = out.firmware.rfind('_');
  if (line == std::string::npos) return;
  const auto mac = MacAddress::parse(std::string_view(out.firmware).substr(line + 1));
  if (!mac) return;
  out.mac = *mac;
  out.firmware.resize(line);
}

UserAgent parse(std::string_view text, bool of_sip) {
  UserAgent out;
  text = utf8::prefix(text, kMaxLength);
  while (text.starts_with(' ')) text.remove_prefix(1);
  const auto words = words_of(text);
  if (words.empty()) return out;
  read(text, words, out);
  if (of_sip && out.vendor.empty() && squeezed(words[0]) == "avaya") out.vendor = "avaya";
  if (out.vendor.empty()) return out;
  out.mac = find_mac(words);
  if (of_sip) {
    read_sip(words, out);
    split_address(out);
  }
  for (auto* word : {&out.model, &out.firmware}) word->resize(utf8::prefix(*word, kMaxWord).size());
  return out;
}

}  // namespace

UserAgent parse_user_agent(std::string_view text) {
  return parse(text, false);
}

UserAgent parse_sip_user_agent(std::string_view text) {
  return parse(text, true);
}

}  // namespace strowger::provisioning
