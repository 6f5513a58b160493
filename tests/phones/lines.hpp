// How phones take files of lines apart that are not `key = value`, and what several readers have in common.
#pragma once

#include "tests/phones/phone.hpp"

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strowger::phones {

using TextLines = std::map<std::string, std::string, std::less<>>;

// `key: value` (Aastra and Mitel SIP administrator guides): a # begins a comment unless it stands in double quotes;
// quotes around a value are no part of it.
TextLines colon_lines(std::string_view bytes);

// `SET NAME value` (Avaya's 46xxsettings.txt): quotes around the whole value are no part of it; a line with others is
// refused. In order, since PHONEKEY may stand there once for each key.
std::vector<std::pair<std::string, std::string>> set_lines(std::string_view bytes);

// a=1;b=2: by name.
TextLines parts_of(std::string_view text, char separator);

// The names of those codes that are known, in order: pcma,g722.
std::string codec_names(const std::vector<std::string>& codes,
                        const std::map<std::string_view, std::string_view>& names);

// Split at each separator; no empty ones.
std::vector<std::string> split_text(std::string_view text, char separator);

// Dials by patterns of one key a sign: x any digit, [..] one of those, + and * as they are; `matches` says whether the
// whole number fits.
bool fits_keys(std::string_view pattern, std::string_view number, char any_digit = 'x');

// Puts those that are not empty, by our name.
void put_settings(PhoneAsConfigured& phone, std::initializer_list<std::pair<const char*, std::string>> settings);

}  // namespace strowger::phones
