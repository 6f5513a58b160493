// Looks at the raw text of a SIP message before sofia-sip parses it. sofia-sip appends each header to the end of a list
// that it walks, so a message of 40,000 short lines costs it 12 s of the only SIP thread; this scan costs one pass over
// the bytes and lets through only what a phone may send.
//
// Refused: more bytes or header lines than the limits, a NUL or a CR without LF in the head (sofia-sip and this scan
// could disagree about where a line ends). On a stream also: no Content-Length (RFC 3261 section 18.3) or one that is
// no number. Pure; one object a message.
//
// Complexity: O(bytes) over the whole message, however it is cut into pieces: what was scanned is not scanned again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::sip {

struct MessageLimits {
  std::size_t bytes = 16 * 1024;   // head and body; a REGISTER of a phone has less than 4 kB
  std::size_t header_lines = 128;  // folded ones count too; a REGISTER of a phone has less than 40
};

enum class Scan : std::uint8_t {
  incomplete,  // streams only: more has to come
  whole,
  too_big,
  too_many_headers,
  not_text,
  no_length,
  bad_length,
};

class MessageScan {
 public:
  // `data` is the message from its first byte on, as far as it has come: each time the same bytes and more.
  Scan stream(std::string_view data, const MessageLimits& limits);
  static Scan datagram(std::string_view data, const MessageLimits& limits);

  // Whether there was anything but the line ends that keep a connection alive.
  bool begun() const { return begun_; }

 private:
  bool skip_space(std::string_view data);
  Scan take_line(std::string_view line, bool on_stream, const MessageLimits& limits);
  Scan read_head(std::string_view data, bool on_stream, const MessageLimits& limits);

  bool begun_ = false;
  std::size_t line_ = 0;      // where the present line begins
  std::size_t searched_ = 0;  // up to here there is no more end of a line
  std::size_t lines_ = 0;     // the first line is one
  std::size_t head_ = 0;      // size of the head with its empty line; 0: not known yet
  std::optional<std::size_t> length_;
};

// An answer for a request that is not parsed: what RFC 3261 section 8.2.6.2 says is copied, from the text. Empty where
// the text is no request or lacks one of these headers.
std::string refusal_of(std::string_view request, std::uint16_t status, std::string_view phrase);

}  // namespace strowger::sip
