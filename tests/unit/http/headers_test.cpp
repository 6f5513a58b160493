#include "adapters/http/headers.hpp"

#include "adapters/http/message.hpp"
#include "adapters/http/prepared.hpp"
#include "adapters/http/request_parser.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/buffer.hpp>

using namespace strowger;
using namespace strowger::http;

namespace {

Request with_lines(Field field, std::string_view name, std::initializer_list<std::string_view> values) {
  Request request;
  for (const auto value : values)
    request.headers.push_back({field, field == Field::unknown ? name : std::string_view(), value});
  return request;
}

template <class Header>
Request with_lines(const Header& header, std::initializer_list<std::string_view> values) {
  return with_lines(header.field, header.name, values);
}

using HeaderElements = std::vector<std::string_view>;

}  // namespace

TEST_CASE("every list header gives the same elements in several lines as in one") {
  for (const auto& list : headers::lists) {
    CAPTURE(list.name);
    const HeaderElements wanted{"a", "b;q=1", "c"};
    CHECK(with_lines(list, {"a, b;q=1, c"}).header(list) == wanted);
    CHECK(with_lines(list, {"a", "b;q=1", "c"}).header(list) == wanted);
    CHECK(with_lines(list, {" a ,\tb;q=1", "", ",", "c"}).header(list) == wanted);
    CHECK(with_lines(list, {""}).header(list).empty());
    CHECK(with_lines(list, {""}).has(list));
    CHECK_FALSE(Request{}.has(list));
  }
}

TEST_CASE("a quote that a stranger leaves open does not swallow what a proxy adds") {
  const auto& forwarded = headers::x_forwarded_for;
  CHECK(with_lines(forwarded, {"\"10.0.0.1, 192.0.2.7"}).header(forwarded) ==
        HeaderElements{"\"10.0.0.1", "192.0.2.7"});
  const auto& tags = headers::if_none_match;
  CHECK(with_lines(tags, {"\"a,b\", W/\"c\""}).header(tags) == HeaderElements{"\"a,b\"", "W/\"c\""});
}

TEST_CASE("a header is found by any case of its name") {
  const auto& forwarded = headers::x_forwarded_for;
  CHECK(with_lines(Field::unknown, "x-forwarded-FOR", {"192.0.2.7"}).header(forwarded) == HeaderElements{"192.0.2.7"});
  CHECK(with_lines(Field::unknown, "LAST-event-id", {"7"}).header(headers::last_event_id) == "7");
  CHECK(Request{}.header(headers::last_event_id).empty());
}

TEST_CASE("a single header that comes twice is found, whichever it is") {
  for (const auto& single : headers::singles) {
    CAPTURE(single.name);
    CHECK(with_lines(single, {"a"}).repeated() == nullptr);
    const auto twice = with_lines(single, {"a", "a"});
    REQUIRE(twice.repeated() != nullptr);
    CHECK(twice.repeated()->name == single.name);
  }
  for (const auto& list : headers::lists) CHECK(with_lines(list, {"a", "b"}).repeated() == nullptr);
}

TEST_CASE("If-None-Match in several lines names each of its tags") {
  const auto file = represent("text/plain", "hello", "\"abc\"", Timestamp{});
  CHECK(is_current(with_lines(headers::if_none_match, {"\"x\"", "\"abc\""}), file));
  CHECK(is_current(with_lines(headers::if_none_match, {"\"x\", \"abc\""}), file));
  CHECK_FALSE(is_current(with_lines(headers::if_none_match, {"\"x\"", "\"y\""}), file));
}

TEST_CASE("empty lines before a request are dropped, but not more than so many") {
  unsigned left = most_empty_lines;
  CHECK(skip_empty_lines("\r\nGET", left) == 2);
  CHECK(left == most_empty_lines - 1);
  CHECK(skip_empty_lines("\r", left) == 0);
  CHECK(skip_empty_lines("GET", left) == 0);
  CHECK(skip_empty_lines("\nGET", left) == 0);
  CHECK(skip_empty_lines("\r\n\r\n\r\n", left) == 2);
  CHECK(left == 0);
}

namespace {

struct ParsedHead {
  boost::system::error_code fault;
  std::string path;
};

ParsedHead parsed_head(std::string_view head) {
  Request request;
  RequestStorage storage;
  RequestParser parser(request, storage, 4096);
  ParsedHead out;
  parser.put(boost::asio::buffer(head.data(), head.size()), out.fault);
  out.path = request.path;
  return out;
}

}  // namespace

TEST_CASE("a target is a path or an http URL, and nothing else") {
  const auto path_of = [](const std::string& target, const std::string& method = "GET") {
    const auto parsed = parsed_head(method + " " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
    return parsed.fault ? "refused" : parsed.path;
  };
  CHECK(path_of("/a") == "/a");
  CHECK(path_of("/a?b=://c") == "/a");
  CHECK(path_of("http://pbx/a") == "/a");
  CHECK(path_of("HTTPS://pbx:8443/a?b") == "/a");
  CHECK(path_of("http://pbx") == "/");
  CHECK(path_of("http://pbx?a") == "/");
  CHECK(path_of("*", "OPTIONS") == "*");
  for (const auto* target : {"healthz", "x://y/api/status", "://y/api", "http:///api", "http:/api", "ftp://pbx/a", "*",
                             "pbx:80", "?a", "#a"}) {
    CAPTURE(target);
    CHECK(path_of(target) == "refused");
  }
}

TEST_CASE("a Transfer-Encoding that leaves the end of the body open is a fault") {
  namespace bh = boost::beast::http;
  const auto fault_of = [](const std::string& lines, const std::string& version = "1.1") {
    return parsed_head("POST / HTTP/" + version + "\r\nHost: x\r\n" + lines + "\r\n").fault;
  };
  const std::string header = "Transfer-Encoding: ";
  for (const auto* good : {"chunked", "Chunked", " chunked ", "chunked,", ", chunked"}) {
    CAPTURE(good);
    const auto fault = fault_of(header + good + "\r\n");
    CHECK((!fault || fault == bh::error::need_more || fault == bh::error::bad_transfer_encoding));
    if (std::string_view(good).find(',') == std::string_view::npos) CHECK((!fault || fault == bh::error::need_more));
  }
  for (const auto* bad : {"xchunked", "chunked, identity", "identity", "", "chunked;q=1", "chunked, chunked", "gzip",
                          "\"chunked\"", "chunked\r\nTransfer-Encoding: identity",
                          "identity\r\nTransfer-Encoding: gzip", "chunked\r\nTransfer-Encoding: chunked"}) {
    CAPTURE(bad);
    CHECK(fault_of(header + bad + "\r\n") == bh::error::bad_transfer_encoding);
  }
  CHECK(fault_of(header + "gzip, chunked\r\n") == boost::system::errc::not_supported);
  CHECK(fault_of(header + "gzip\r\n" + header + "chunked\r\n") == boost::system::errc::not_supported);
  CHECK(fault_of(header + "chunked\r\n", "1.0") == bh::error::bad_transfer_encoding);
  CHECK(fault_of(header + "gzip, chunked\r\n", "1.0") == bh::error::bad_transfer_encoding);
  CHECK(fault_of(header + "identity\r\nContent-Length: 3\r\n") == bh::error::bad_transfer_encoding);
}
