#include "adapters/sip/message_scan.hpp"

#include "tests/support/catch.hpp"

using namespace strowger::sip;
using namespace std::string_literals;

namespace {

const MessageLimits limits;

std::string options_with(const std::string& headers, const std::string& body = "") {
  return "OPTIONS sip:h SIP/2.0\r\n" + headers + "\r\n" + body;
}

std::string lines(std::size_t count, const std::string& line = "a:b\r\n") {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += line;
  return text;
}

// What a connection says of `text` when it comes byte by byte, and what when it comes at once.
Scan dribbled(const std::string& text) {
  MessageScan scan;
  auto last = Scan::incomplete;
  for (std::size_t size = 1; size <= text.size() && last == Scan::incomplete; ++size)
    last = scan.stream(std::string_view(text).substr(0, size), limits);
  MessageScan whole;
  CHECK(whole.stream(text, limits) == last);
  return last;
}

}  // namespace

TEST_CASE("as many header lines as the limit pass, one more does not, however lines end") {
  const auto* end = GENERATE("\r\n", "\n");
  const auto line = "a:b"s + end;
  const auto head = "OPTIONS sip:h SIP/2.0"s + end;
  CHECK(MessageScan::datagram(head + lines(128, line) + end, limits) == Scan::whole);
  CHECK(MessageScan::datagram(head + lines(129, line) + end, limits) == Scan::too_many_headers);
  CHECK(MessageScan::datagram(head + lines(129, " folded"s + end) + end, limits) == Scan::too_many_headers);
  CHECK(MessageScan::datagram(head + lines(128, line) + "the last line has no end", limits) == Scan::too_many_headers);
  CHECK(dribbled(head + "l: 0" + end + lines(127, line) + end) == Scan::whole);
  CHECK(dribbled(head + "l: 0" + end + lines(128, line) + end) == Scan::too_many_headers);
}

TEST_CASE("a body's lines are no header lines") {
  const auto body = lines(500);
  CHECK(MessageScan::datagram(options_with("l: 2500\r\n", body), limits) == Scan::whole);
  CHECK(dribbled(options_with("l: 2500\r\n", body)) == Scan::whole);
}

TEST_CASE("sizes are bounded") {
  CHECK(MessageScan::datagram(std::string(limits.bytes + 1, 'a'), limits) == Scan::too_big);
  CHECK(dribbled(std::string(limits.bytes + 1, 'a')) == Scan::too_big);
  CHECK(dribbled(std::string(limits.bytes + 1, ' ')) == Scan::too_big);
  CHECK(dribbled(options_with("Content-Length: 16384\r\n")) == Scan::too_big);
  CHECK(dribbled(options_with("Content-Length: 99999999999999999999999\r\n")) == Scan::too_big);
  CHECK(dribbled(options_with("Content-Length: 18446744073709551615\r\n")) == Scan::too_big);
  CHECK(dribbled(options_with("Content-Length: 16000\r\n", std::string(16000, 'b'))) == Scan::whole);
}

TEST_CASE("on a stream a message needs one Content-Length that is a number") {
  CHECK(dribbled(options_with("")) == Scan::no_length);
  CHECK(dribbled(options_with("Content-Length: -999\r\n")) == Scan::bad_length);
  CHECK(dribbled(options_with("Content-Length:\r\n")) == Scan::bad_length);
  CHECK(dribbled(options_with("Content-Length: 1, 2\r\n")) == Scan::bad_length);
  CHECK(dribbled(options_with("l: 0\r\nContent-Length: 5\r\n")) == Scan::bad_length);
  CHECK(dribbled(options_with("CONTENT-length  :   0  \r\n")) == Scan::whole);
  CHECK(dribbled(options_with("l:0\r\n")) == Scan::whole);
  CHECK(MessageScan::datagram(options_with(""), limits) == Scan::whole);
}

TEST_CASE("a line ends where sofia-sip sees its end too") {
  CHECK(MessageScan::datagram(options_with("a:b\rc:d\r\n"), limits) == Scan::not_text);
  CHECK(MessageScan::datagram(options_with("a:b\0c:d\r\n"s), limits) == Scan::not_text);
  CHECK(dribbled(options_with("l: 0\r\na:b\rc:d\r\n")) == Scan::not_text);
}

TEST_CASE("what keeps a connection alive is no message") {
  MessageScan scan;
  CHECK(scan.stream("\r\n\r\n", limits) == Scan::incomplete);
  CHECK(!scan.begun());
  CHECK(scan.stream("\r\n\r\nO", limits) == Scan::incomplete);
  CHECK(scan.begun());
  CHECK(scan.stream("\r\n\r\n" + options_with("l: 0\r\n"), limits) == Scan::whole);
}

TEST_CASE("a refusal copies what an answer copies, and nothing else") {
  const auto text = refusal_of(
      "REGISTER sip:h SIP/2.0\r\nv: SIP/2.0/TCP a;branch=z\r\n ;rport\r\nVia: SIP/2.0/TCP b\r\nFrom: "
      "<sip:a@b>;tag=1\r\n"
      "t: <sip:a@b>\r\nSubject: secret\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n\r\n",
      513, "Message Too Large");
  CHECK(text ==
        "SIP/2.0 513 Message Too Large\r\nv: SIP/2.0/TCP a;branch=z ;rport\r\nVia: SIP/2.0/TCP b\r\nFrom: "
        "<sip:a@b>;tag=1\r\nt: <sip:a@b>;tag=refused\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n");
  CHECK(refusal_of("SIP/2.0 200 OK\r\nVia: x\r\n\r\n", 400, "Bad").empty());
  CHECK(refusal_of("OPTIONS sip:h SIP/2.0\r\nVia: x\r\n\r\n", 400, "Bad").empty());
  CHECK(refusal_of("", 400, "Bad").empty());
}
