// What Yealink's own phones and those that it makes for Zultys read alike.
#pragma once

#include "tests/phones/phone.hpp"

namespace strowger::phones {

using KeyValueLines = std::map<std::string, std::string, std::less<>>;

std::string yealink_transport(const std::string& code);
// `names`: the file's name of a codec, and ours.
std::string yealink_codecs(const KeyValueLines& file, const std::string& account,
                           const std::map<std::string, std::string>& names);
void yealink_clock(const KeyValueLines& file, Clock& clock);
void yealink_keys(const KeyValueLines& file, PhoneAsConfigured& phone);
// `get` reads what some firmware calls static.…
void yealink_settings(const KeyValueLines& file, std::string (*get)(const KeyValueLines&, const std::string&),
                      PhoneAsConfigured& phone);

}  // namespace strowger::phones
