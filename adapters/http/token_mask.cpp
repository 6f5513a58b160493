#include "adapters/http/token_mask.hpp"

#include "actors/provisioning/recorded.hpp"
#include "actors/provisioning/taken_apart.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace strowger::http {
namespace {

constexpr std::size_t shortest_run = 24;
constexpr std::size_t longest_hashed_run = 64;  // a longer run is no part of any file's name
constexpr unsigned most_hashes = 128;
constexpr unsigned most_decodings = 4;

enum class CharacterClass : std::uint8_t { none, separator, digit, lower, upper };

CharacterClass class_of(char c) {
  if (c >= 'a' && c <= 'z') return CharacterClass::lower;
  if (c >= 'A' && c <= 'Z') return CharacterClass::upper;
  if (c >= '0' && c <= '9') return CharacterClass::digit;
  return c == '-' || c == '_' ? CharacterClass::separator : CharacterClass::none;
}

// Of random characters nearly two thirds of the neighbours are of different classes; of words few are.
bool looks_random(std::string_view run) {
  std::size_t upper = 0;
  std::size_t lower = 0;
  std::size_t changes = 0;
  auto before = CharacterClass::separator;
  for (const char c : run) {
    const auto now = class_of(c);
    upper += now == CharacterClass::upper ? 1 : 0;
    lower += now == CharacterClass::lower ? 1 : 0;
    const bool inside = now != CharacterClass::separator && before != CharacterClass::separator;
    changes += inside && now != before ? 1 : 0;
    before = now;
  }
  return upper >= 2 && lower >= 2 && changes * 4 >= run.size();
}

// A run is as long as a token, or a part of it looks random: other characters may be joined to a token's.
bool looks_like_token(std::string_view run) {
  constexpr std::size_t stride = 4;
  if (run.size() == token_size) return true;
  for (std::size_t at = 0; at + shortest_run <= run.size(); at += stride)
    if (looks_random(run.substr(at, shortest_run))) return true;
  return false;
}

// A text with, for each of its bytes, where in the text that was given it begins.
struct Traced {
  std::string text;
  std::vector<std::size_t> from;  // one more than bytes
};

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Whether anything was escaped.
bool decode_once(Traced& traced) {
  const auto& text = traced.text;
  Traced out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out.from.push_back(traced.from[i]);
    const bool room = text[i] == '%' && i + 2 < text.size();
    const int high = room ? digit_value(text[i + 1]) : -1;
    const int low = room ? digit_value(text[i + 2]) : -1;
    out.text += high < 0 || low < 0 ? text[i] : static_cast<char>(high * 16 + low);
    if (high >= 0 && low >= 0) i += 2;
  }
  out.from.push_back(traced.from.back());
  const bool changed = out.text.size() != text.size();
  traced = std::move(out);
  return changed;
}

using HiddenRange = std::pair<std::size_t, std::size_t>;  // begin and end

class TokenSearch {
 public:
  explicit TokenSearch(const TokenMask::IsToken& is_token) : is_token_(is_token) {}

  // The ranges of `text` that are to be hidden, in order.
  std::vector<HiddenRange> in(std::string_view text) {
    std::vector<HiddenRange> found;
    for (std::size_t at = 0; at < text.size();) {
      const auto begin = at;
      while (at < text.size() && class_of(text[at]) != CharacterClass::none) ++at;
      if (at - begin >= shortest_run) look_at(text.substr(begin, at - begin), begin, found);
      if (at == begin) ++at;
    }
    return found;
  }

 private:
  // Tokens that are known are cut out of the run; what is left is judged by its look.
  void look_at(std::string_view run, std::size_t offset, std::vector<HiddenRange>& found) {
    std::size_t rest = 0;
    bool all_hashed = is_token_ != nullptr && run.size() <= longest_hashed_run;
    for (std::size_t at = 0; all_hashed && at + token_size <= run.size();) {
      if (hashes_++ == most_hashes) {
        --hashes_;
        all_hashed = false;
        break;
      }
      if (!is_token_(provisioning::sha256_of(run.substr(at, token_size)))) {
        ++at;
        continue;
      }
      judge(run.substr(rest, at - rest), offset + rest, found);
      found.emplace_back(offset + at, offset + at + token_size);
      at += token_size;
      rest = at;
    }
    const auto last = run.substr(rest);
    if (!all_hashed && is_token_ && last.size() >= token_size)
      found.emplace_back(offset + rest, offset + run.size());
    else
      judge(last, offset + rest, found);
  }

  static void judge(std::string_view run, std::size_t offset, std::vector<HiddenRange>& found) {
    if (looks_like_token(run)) found.emplace_back(offset, offset + run.size());
  }

  const TokenMask::IsToken& is_token_;
  unsigned hashes_ = 0;
};

std::string without_ranges(std::string_view text, std::vector<HiddenRange> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::string out;
  std::size_t done = 0;  // up to here the text is in `out`, or hidden
  for (const auto& [begin, end] : ranges) {
    if (begin >= done) {
      out += text.substr(done, begin - done);
      out += provisioning::mask;
    }
    done = std::max(done, end);
  }
  out += text.substr(done);
  return out;
}

}  // namespace

std::optional<std::string> TokenMask::hidden(std::string_view text) const {
  if (text.size() < shortest_run) return std::nullopt;
  TokenSearch search(is_token_);
  auto ranges = search.in(text);
  if (text.find('%') != std::string_view::npos) {
    Traced traced{std::string(text), {}};
    for (std::size_t i = 0; i <= text.size(); ++i) traced.from.push_back(i);
    for (unsigned i = 0; i < most_decodings && decode_once(traced); ++i)
      for (const auto& [begin, end] : search.in(traced.text)) ranges.emplace_back(traced.from[begin], traced.from[end]);
  }
  if (ranges.empty()) return std::nullopt;
  return without_ranges(text, std::move(ranges));
}

std::string TokenMask::operator()(std::string_view text) const {
  auto masked = hidden(text);
  return masked ? std::move(*masked) : std::string(text);
}

}  // namespace strowger::http
