#include "tests/support/http_client.hpp"

#include <algorithm>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>

namespace strowger::test {

namespace beast_http = boost::beast::http;

boost::json::value HttpReply::json() const {
  return boost::json::parse(body);
}

HttpReply http(std::uint16_t port, const std::string& method, const std::string& target, const Headers& headers,
               const std::string& body) {
  boost::asio::io_context context;
  boost::beast::tcp_stream stream(context);
  stream.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  beast_http::request<beast_http::string_body> request;
  request.method_string(method);
  request.target(target);
  request.set(beast_http::field::host, "127.0.0.1");
  request.set(beast_http::field::connection, "close");
  for (const auto& [name, value] : headers) request.set(name, value);
  request.body() = body;
  request.prepare_payload();
  beast_http::write(stream, request);
  boost::beast::flat_buffer buffer;
  beast_http::response_parser<beast_http::string_body> parser;
  if (method == "HEAD") parser.skip(true);
  beast_http::read(stream, buffer, parser);
  HttpReply reply;
  reply.status = parser.get().result_int();
  for (const auto& field : parser.get()) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    reply.headers[name] = std::string(field.value());
  }
  reply.body = parser.get().body();
  return reply;
}

}  // namespace strowger::test
