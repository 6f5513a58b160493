#include "adapters/http/prepared.hpp"

#include "adapters/http/percent.hpp"
#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::http;

namespace {

Request asking(Field field, std::string_view value) {
  Request request;
  request.headers.push_back({field, {}, value});
  return request;
}

}  // namespace

TEST_CASE("a representation holds its whole replies") {
  const Timestamp modified{std::chrono::sys_days(std::chrono::year(2026) / 1 / 8)};
  const auto file = represent("text/plain", "hello", "\"abc\"", modified, {{"Cache-Control", "no-cache"}});
  CHECK(file.full->bytes ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nETag: \"abc\"\r\n"
        "Last-Modified: Thu, 08 Jan 2026 00:00:00 GMT\r\nCache-Control: no-cache\r\nhello");
  CHECK(file.full->bytes.substr(file.full->head) == "hello");
  CHECK(file.not_modified->status == 304);
  CHECK(file.not_modified->bytes.size() == file.not_modified->head);
  CHECK(file.not_modified->bytes.find("Content-Length") == std::string::npos);
}

TEST_CASE("a client that has the present version is told so") {
  const Timestamp modified{std::chrono::sys_days(std::chrono::year(2026) / 1 / 8) + std::chrono::milliseconds(400)};
  const auto file = represent("text/plain", "hello", "\"abc\"", modified);
  CHECK_FALSE(is_current(Request{}, file));
  CHECK(is_current(asking(Field::if_none_match, "\"abc\""), file));
  CHECK(is_current(asking(Field::if_none_match, "\"x\", W/\"abc\""), file));
  CHECK(is_current(asking(Field::if_none_match, "*"), file));
  CHECK_FALSE(is_current(asking(Field::if_none_match, "\"abcd\", abc"), file));
  CHECK(is_current(asking(Field::if_modified_since, "Thu, 08 Jan 2026 00:00:00 GMT"), file));
  CHECK_FALSE(is_current(asking(Field::if_modified_since, "Wed, 07 Jan 2026 23:59:59 GMT"), file));
  CHECK_FALSE(is_current(asking(Field::if_modified_since, "Thu, 08 Jan 2026 00:00:01 GMT"), file));
  CHECK_FALSE(is_current(asking(Field::if_modified_since, "yesterday"), file));
  auto both = asking(Field::if_none_match, "\"old\"");
  both.headers.push_back({Field::if_modified_since, {}, "Thu, 08 Jan 2026 00:00:00 GMT"});
  CHECK_FALSE(is_current(both, file));
  CHECK(select(asking(Field::if_none_match, "\"abc\""), file) == file.not_modified);
}

TEST_CASE("If-Match compares strongly") {
  CHECK(names_etag("\"3\"", "\"3\"", true));
  CHECK_FALSE(names_etag("W/\"3\"", "\"3\"", true));
  CHECK(names_etag("W/\"3\"", "\"3\"", false));
}

TEST_CASE("percent-encoding there and back") {
  CHECK(percent_decode("a%20b%2f") == "a b/");
  CHECK_FALSE(percent_decode("%"));
  CHECK_FALSE(percent_decode("%1"));
  CHECK_FALSE(percent_decode("%0a"));
  CHECK(percent_decode_leniently("%zz%41%") == "%zzA%");
  CHECK(percent_encode("a b/\xc3\xa9~") == "a%20b%2F%C3%A9~");
  const Query query("limit=20&q=a+b%26c&flag&limit=30&=x");
  CHECK(query.find("limit") == "20");
  CHECK(query.find("q") == "a b&c");
  CHECK(query.find("flag") == "");
  CHECK_FALSE(query.find("none"));
  CHECK(query.all().size() == 5);
}
