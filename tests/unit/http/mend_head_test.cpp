#include "adapters/http/request_parser.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/buffer.hpp>

using namespace strowger::http;

namespace {

std::string mended(std::string head, std::size_t from = 0) {
  CHECK(mend_head(head, from) == head.size());
  return head;
}

// Given in two pieces, as a socket gives it; the value of its User-Agent, none where it is refused.
std::optional<std::string> user_agent_of(std::string head, std::size_t cut) {
  Request request;
  RequestStorage storage;
  RequestParser parser(request, storage, 16 * 1024);
  boost::system::error_code fault;
  std::size_t used = 0;
  std::size_t known = 0;
  for (const auto end : {cut, head.size()}) {
    if (parser.is_header_done()) break;
    const std::span<char> waiting(head.data() + used, end - used);
    known = mend_head(waiting, known);
    const auto now = parser.put(boost::asio::buffer(waiting.data(), waiting.size()), fault);
    used += now;
    known -= now;
  }
  if (!parser.is_header_done()) return std::nullopt;
  return std::string(request.header(headers::user_agent));
}

}  // namespace

TEST_CASE("mend_head: control characters in a User-Agent are replaced, wherever the head is cut") {
  const std::string head = "GET /x HTTP/1.1\r\nHost: pbx\r\nuser-AGENT: AVAYA/\x14\x16\x17\x7F!\r\nAccept: *\r\n\r\n";
  for (std::size_t cut = 0; cut <= head.size(); ++cut) {
    CAPTURE(cut);
    CHECK(user_agent_of(head, cut) == "AVAYA/\xFF\xFF\xFF\xFF!");
  }
}

TEST_CASE("mend_head: no other line is touched, nor what follows the head") {
  for (const std::string head :
       {"GET /\x16 HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\x16\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\x16\r\n\r\n", "POST / HTTP/1.1\r\n\r\nUser-Agent: \x16\r\n",
        "POST / HTTP/1.1\n\nUser-Agent: \x16\r\n", "GET / HTTP/1.1\r\nUser-Agent: a\tb\r\n\r\n"}) {
    CAPTURE(head);
    CHECK(mended(head) == head);
  }
  // NUL, CR and LF are refused, not mended (RFC 9110 section 5.5).
  const std::string nul("GET / HTTP/1.1\r\nUser-Agent: a\0b\x16\r\n\r\n", 37);
  CHECK(mended(nul).find('\0') != std::string::npos);
}

TEST_CASE("mend_head: what was looked through is not looked through again") {
  const std::string head = "User-Agent: \x16\r\n";
  CHECK(mended(head, head.size()) == head);
  CHECK(mended(head + "\x17", head.size()) != head);
}
