// The text of a file that somebody sends, whatever wrote it.
//
// A byte order mark decides (UTF-8, UTF-16), else the charset that the sender names, else it has to be UTF-8. Nothing
// is guessed: the Windows encodings of west and east differ in letters only, and a wrong guess puts wrong names on
// phones.
//
// **Threads**: any. **Complexity**: O(bytes), three times their size in memory while it lasts.
#pragma once

#include "events/error.hpp"

#include <string>
#include <string_view>

namespace strowger::bulk {

// UTF-8 without a byte order mark. `charset`: the parameter of its Content-Type; empty: none was given.
// Errors: `bad_encoding` with the line of the first byte that is no text and what to do, also where the file is a
// workbook and no CSV at all; `unknown_charset`.
Result<std::string> decoded(std::string_view bytes, std::string_view charset = {});

}  // namespace strowger::bulk
