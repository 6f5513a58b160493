// Display names as phones send them. RFC 3261 section 25.1 has a display name in quotes unless it is made of tokens;
// Fanvil's phones and others send the name that their file gave them as it is: `From: Müller <sip:…>`, `Ann (Sales)
// <sip:…>`. sofia-sip refuses such a header, and the name is not needed.
#pragma once

#include <cstddef>
#include <span>

namespace strowger::sip {

// Blanks the display names in From, To and Contact, by long and short name, that sofia-sip would refuse: spaces take
// the place of their bytes, so that nothing moves. What is well-formed stays as it is, byte for byte. `message` is a
// whole message that MessageScan let through; returns how many names were blanked.
//
// Threads: any. Complexity: O(bytes of the head).
std::size_t blank_bad_names(std::span<char> message);

}  // namespace strowger::sip
