// What a phone does with digits that are dialled with the handset off the hook, said once for all vendors and written
// in each vendor's grammar.
//
// A plan is a list of patterns, separated by commas. Of the patterns that digits fit, one that is sent at once counts
// before one that waits.
//
//   0-9 * # +    that key
//   x            any digit
//   [2-46]       one of these digits
//   .            at the end only: any further keys; alone: any keys
//   !            at the end only, not behind a dot: sent as soon as it is complete. Without it the phone waits for
//                further keys, as long as `dial_timeout` says.
//
// The default, `112!,911!,.`, sends emergency numbers at once and everything else after the timer. A phone whose
// grammar knows no list of what may be dialled (snom, mitel, avaya) takes only the patterns that end in !; the others
// make no difference to it, since it sends whatever is dialled once the timer has run out.
#pragma once

#include "events/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

inline constexpr std::string_view default_dial_plan = "112!,911!,.";

struct DialPattern {
  // A key each: the digits or signs that fit, in order.
  std::vector<std::string> keys;
  bool open = false;     // any further keys fit
  bool at_once = false;  // never with `open`
  bool operator==(const DialPattern&) const = default;
};

// `bad_dial_plan`, with the pattern and what is wrong in it. Complexity: O(text).
Result<std::vector<DialPattern>> parse_dial_plan(std::string_view text);

enum class DialGrammar : std::uint8_t {
  cisco,    // (112S0|[x*+].): SPA, MPP and ATA (SPA500 administration guide, "Dial plan")
  polycom,  // 112|+x.T|[0123456789*#].T: UC Software's digit map (administrator guide, "Digit map rules")
  snom,     // |(^112$)|sip:\1@\d|d: user_dp_str (Snom wiki; fspbx resources/provisioning/snom/D8xx)
  mitel,    // 112|X+#|XX+*: `sip dial plan` (Aastra and Mitel SIP administrator guides)
  avaya,    // 112|911: DIALPLAN of J100 phones (46xxsettings.txt; FusionPBX avaya/J179)
  htek,     // {112|[x*]+}: Htek, Sangoma S (FusionPBX sangoma/s500)
  // { 112 | [*x]+ | \+x+ }: Grandstream (wazo grandstream base_v2.tpl; fspbx grandstream/GXP17xx)
  grandstream,
  // Rules 112 and 2xx, each under a key of its own: Yealink's and Zultys's dial-now (Yealink user guides, "Dial-now";
  // FusionPBX yealink/t33g). Whatever fits none is sent after the timer.
  yealink,
};
std::optional<DialGrammar> dial_grammar(std::string_view name);

// `segments`: how many polycom's map has, each of which has a timer of its own. Every other grammar: 1. `rules`: of a
// grammar that has no text but rules, at most most_dial_rules.
inline constexpr std::size_t most_dial_rules = 20;
struct WrittenDialPlan {
  std::string text;
  std::size_t segments = 1;
  std::vector<std::string> rules{};
};
WrittenDialPlan written(DialGrammar grammar, const std::vector<DialPattern>& plan);

}  // namespace strowger::provisioning
