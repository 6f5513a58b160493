// A request as a handler sees it, and what it answers.
//
// A Request lives in its connection until the reply is written; its views stay valid for as long as the handler runs,
// across every co_await in it. It must not be kept beyond.
#pragma once

#include "adapters/http/asio.hpp"
#include "adapters/http/body_stream.hpp"
#include "adapters/http/headers.hpp"
#include "adapters/http/percent.hpp"
#include "adapters/http/principal.hpp"
#include "events/error.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/beast/http/verb.hpp>

namespace strowger::http {

using Method = boost::beast::http::verb;

class Asker;
class Loop;
struct TlsPeer;

struct Request {
  Method method = Method::unknown;
  std::string_view target;  // as sent, with the query
  std::string_view path;    // as sent, percent-encoded, without the query
  std::string_view query_text;
  std::string_view body;

  std::string_view peer;      // the client's address as text: 192.168.1.50, 2001:db8::7 (never the v4-mapped form)
  asio::ip::address address;  // the same
  bool tls = false;
  const TlsPeer* certificate = nullptr;  // that the client showed; tls.hpp
  bool needs_certificate = false;        // this listener serves nobody without one
  Principal who;                         // on routes that need no one: nobody, role user
  Loop* loop = nullptr;                  // whose thread the handler runs on; for await.hpp

  struct Header {
    Field field = Field::unknown;
    std::string_view name;  // empty where `field` is known
    std::string_view value;
  };
  std::vector<Header> headers;

  std::shared_ptr<Asker> asker;  // while an AsyncHandler runs; none: it is not known whether the client is there
  std::shared_ptr<void> pass;    // what the route's gate leaves for its handler

  // What matched the pattern's {…} parts in order, decoded.
  static constexpr std::size_t most_parameters = 4;
  std::array<std::string, most_parameters> parameters;

  const std::string& parameter(std::size_t index) const { return parameters.at(index); }
  Query query() const { return Query(query_text); }
  // Empty where there is none. Complexity of these: O(headers).
  std::string_view header(const SingleHeader& wanted) const;
  // The elements of all its lines, in order.
  std::vector<std::string_view> header(const ListHeader& wanted) const;
  bool has(const SingleHeader& wanted) const;
  bool has(const ListHeader& wanted) const;  // also where it holds no element
  // The first of headers::singles that comes more than once; none: nullptr.
  const SingleHeader* repeated() const;
};

// A whole reply, made once and written to many sockets: the head without its last empty line (Date and, where it
// closes, Connection are added), and the body. Immutable and shared; see prepared.hpp.
struct Prepared {
  std::uint16_t status = 200;
  std::string bytes;
  std::size_t head = 0;  // of `bytes`; the body follows
};
using PreparedPtr = std::shared_ptr<const Prepared>;

struct Response {
  std::uint16_t status = 200;
  std::string_view content_type = "application/json";  // of static storage duration
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  // Where set, it is what is sent, and the members above count for nothing.
  PreparedPtr prepared{};
  // Where set, the body: it comes behind the head bit by bit, and the connection ends with it.
  BodyStream stream{};
  std::optional<std::uint64_t> stream_size{};  // of all of it, where that is known before
  bool close = false;                          // the connection, after this reply

  static Response json(std::string body, std::uint16_t status = 200) {
    return {.status = status, .body = std::move(body)};
  }
  Response& set(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
};

// Why a request was refused before any route's handler saw it. The views are valid during the call.
struct Unread {
  std::uint16_t status = 400;
  std::string_view code;
  std::string_view reason;
  bool malformed = false;  // it is no HTTP request: its target may be a part of one, or empty
};

// Answers at once, from memory, on the connection's thread: no coroutine, no waiting.
using Handler = std::function<Result<Response>(const Request&)>;
// May wait for others (await.hpp), never block.
using AsyncHandler = std::function<Awaitable<Result<Response>>(const Request&)>;

}  // namespace strowger::http
