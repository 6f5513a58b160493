// A datagram of TFTP: whatever comes, what is read of it lies within it and within the limits; and netascii loses
// nothing.
#include "adapters/tftp/packet.hpp"
#include "adapters/tftp/source.hpp"
#include "events/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace strowger::tftp;

namespace {

bool within(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

std::string from_netascii(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out.push_back(text[i]);
    if (text[i] != '\r') continue;
    FUZZ_CHECK(i + 1 < text.size() && (text[i + 1] == '\n' || text[i + 1] == '\0'));
    if (text[++i] == '\n') out.back() = '\n';
  }
  return out;
}

}  // namespace

void fuzz(std::string_view input) {
  const auto packet = parse(input);
  if (const auto* request = std::get_if<ReadRequest>(&packet)) {
    FUZZ_CHECK(!request->file.empty() && within(request->file, input));
    FUZZ_CHECK(request->file.find('\0') == std::string_view::npos);
    FUZZ_CHECK(!request->block_size || (*request->block_size >= 8 && *request->block_size <= 65'464));
    FUZZ_CHECK(!request->timeout || *request->timeout >= 1);
  } else if (const auto* failure = std::get_if<Failure>(&packet)) {
    FUZZ_CHECK(within(failure->message, input));
    // What we say ourselves is read as it was meant.
    const auto again = error_packet(ErrorCode::undefined, failure->message);
    const auto read = parse(again);
    FUZZ_CHECK(std::get<Failure>(read).message == strowger::utf8::prefix(failure->message, 400));
  } else if (const auto* bad = std::get_if<BadRequest>(&packet)) {
    FUZZ_CHECK(!bad->why.empty());
  }
  std::string text;
  append_netascii(text, input);
  FUZZ_CHECK(from_netascii(text) == input);
}
