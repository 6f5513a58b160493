// What Yealink's own phones and those that it makes for Zultys read alike.
#pragma once

#include "tests/phones/phone.hpp"

namespace strowger::phones {

using KeyValueLines = std::map<std::string, std::string, std::less<>>;

// Empty also where it is %NULL%, which sets it back to what it was when the phone was new.
std::string yealink_value(const KeyValueLines& file, const std::string& key);
std::string yealink_transport(const std::string& code);
// `names`: the file's name of a codec, and ours.
std::string yealink_codecs(const KeyValueLines& file, const std::string& account,
                           const std::map<std::string, std::string>& names);
void yealink_clock(const KeyValueLines& file, Clock& clock);
// Behind `line_keys` of them the memory keys follow; 0: it has none. `blf_from_0`: the line of a BLF key counts from 0.
void yealink_keys(const KeyValueLines& file, std::uint16_t line_keys, bool blf_from_0, PhoneAsConfigured& phone);
// Dial-now rules: `prefix` and a number from 1 (Yealink user guides: x any key, [..] one of those).
DialPlan yealink_dial_plan(const KeyValueLines& file, const std::string& prefix);
// `get` reads what some firmware calls static.…
void yealink_settings(const KeyValueLines& file, std::string (*get)(const KeyValueLines&, const std::string&),
                      PhoneAsConfigured& phone);

}  // namespace strowger::phones
