#include "actors/bulk/encoding.hpp"

#include "events/controls.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>

#include <unicode/ucnv.h>
#include <unicode/unistr.h>

namespace strowger::bulk {
namespace {

constexpr std::string_view remedy =
    "Save it as CSV UTF-8 (in Excel: Save As, \"CSV UTF-8\"; in LibreOffice: character set Unicode (UTF-8)), or name "
    "its "
    "encoding, as in Content-Type: text/csv; charset=windows-1252.";

struct Mark {
  std::string_view bytes;
  const char* charset;
};
constexpr std::array<Mark, 3> byte_order_marks{{
    {"\xEF\xBB\xBF", "UTF-8"},
    {"\xFF\xFE", "UTF-16LE"},
    {"\xFE\xFF", "UTF-16BE"},
}};

struct Workbook {
  std::string_view begins;
  std::string_view name;
};
constexpr std::array<Workbook, 2> workbooks{{
    {"PK\x03\x04", "an Excel or LibreOffice workbook (.xlsx, .ods)"},
    {"\xD0\xCF\x11\xE0", "an Excel workbook (.xls)"},
}};

std::size_t line_at(std::string_view bytes, std::size_t at) {
  const auto before = bytes.substr(0, at);
  return 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
}

Error undecodable(std::size_t line, const std::string& what) {
  return malformed("bad_encoding", "line " + std::to_string(line) + ": " + what + " " + std::string(remedy))
      .with("line", line);
}

std::string hex_byte(char byte) {
  std::array<char, 8> out{};
  std::snprintf(out.data(), out.size(), "0x%02X", static_cast<unsigned>(static_cast<unsigned char>(byte)));
  return out.data();
}

// Where the first byte is that is no UTF-8, or is zero; the size where there is none.
std::size_t first_bad(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto character = utf8::character_at(text, at);
    if (!character.valid || character.code == 0) return at;
    at += character.size;
  }
  return text.size();
}

Result<std::string> as_utf8(std::string_view text) {
  const auto at = first_bad(text);
  if (at == text.size()) return std::string(text);
  const auto line = line_at(text, at);
  if (text[at] == '\0')
    return undecodable(line, "there is a zero byte: the file is UTF-16 without a byte order mark, or no text.");
  // Enough of what is before it to find the cell.
  auto begin = at - std::min<std::size_t>(at, 24);
  if (const auto end = text.substr(begin, at - begin).find_last_of("\r\n,;\t"); end != std::string_view::npos)
    begin += end + 1;
  const auto before = begin < at ? " behind " + quoted(text.substr(begin, at - begin)) : std::string();
  return undecodable(line, "the byte " + hex_byte(text[at]) + before +
                               " is not UTF-8; the file is in another encoding, such as that of Windows.");
}

using Converter = std::unique_ptr<UConverter, decltype(&ucnv_close)>;

Result<std::string> converted(std::string_view bytes, const std::string& charset) {
  UErrorCode fault = U_ZERO_ERROR;
  const Converter converter(ucnv_open(charset.c_str(), &fault), &ucnv_close);
  if (U_FAILURE(fault))
    return Error{ErrorKind::unacceptable, "unknown_charset",
                 "The charset " + quoted(charset) + " is not known. " + std::string(remedy)};
  ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &fault);
  std::u16string text;
  std::array<char16_t, 4096> part{};
  const char* from = bytes.data();
  do {
    fault = U_ZERO_ERROR;
    char16_t* to = part.data();
    ucnv_toUnicode(converter.get(), &to, to + part.size(), &from, bytes.data() + bytes.size(), nullptr, 1, &fault);
    if (U_FAILURE(fault) && fault != U_BUFFER_OVERFLOW_ERROR)
      return undecodable(1 + static_cast<std::size_t>(std::ranges::count(text, u'\n')),
                         "there are bytes that are not " + charset + ".");
    text.append(part.data(), to);
  } while (fault == U_BUFFER_OVERFLOW_ERROR);
  std::string out;
  icu::UnicodeString(false, text.data(), static_cast<int32_t>(text.size())).toUTF8String(out);
  if (const auto at = first_bad(out); at != out.size()) return undecodable(line_at(out, at), "there is a zero byte.");
  return out;
}

}  // namespace

Result<std::string> decoded(std::string_view bytes, std::string_view charset) {
  for (const auto& workbook : workbooks)
    if (bytes.starts_with(workbook.begins))
      return malformed("bad_encoding",
                       "The file is " + std::string(workbook.name) + ", not CSV. " + std::string(remedy));
  std::string name(charset.substr(0, 64));
  for (const auto& mark : byte_order_marks) {
    if (!bytes.starts_with(mark.bytes)) continue;
    bytes.remove_prefix(mark.bytes.size());
    name = mark.charset;
    break;
  }
  std::string plain;
  for (const char c : name)
    if (c != '-' && c != '_') plain.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  if (plain.empty() || plain == "utf8" || plain == "usascii") return as_utf8(bytes);
  return converted(bytes, name);
}

}  // namespace strowger::bulk
