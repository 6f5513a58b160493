#include "adapters/cli/running_server.hpp"

#include "adapters/application/application.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/json.hpp>

namespace strowger::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bh = boost::beast::http;
using boost::system::error_code;
using Reply = bh::response<bh::string_body>;

constexpr auto patience = std::chrono::minutes(2);

// Runs what was begun on the stream until it ends or the patience does.
template <class Begin>
error_code finish(asio::io_context& io, beast::tcp_stream& stream, Begin begin) {
  error_code result = asio::error::timed_out;
  stream.expires_after(patience);
  begin([&](error_code ec, auto&&...) { result = ec; });
  io.restart();
  io.run();
  return result;
}

template <class Stream>
error_code talk(asio::io_context& io, beast::tcp_stream& tcp, Stream& stream, const bh::request<bh::string_body>& ask,
                Reply& reply) {
  if (auto ec = finish(io, tcp, [&](auto done) { bh::async_write(stream, ask, done); })) return ec;
  beast::flat_buffer buffer;
  return finish(io, tcp, [&](auto done) { bh::async_read(stream, buffer, reply, done); });
}

error_code exchange(const config::Settings& settings, const std::string& host, const bh::request<bh::string_body>& ask,
                    Reply& reply) {
  asio::io_context io;
  error_code ec;
  const auto address = asio::ip::make_address(host, ec);
  if (ec) return ec;
  const asio::ip::tcp::endpoint where(address, settings.api.port);
  if (settings.api.tls.cert_file.empty()) {
    beast::tcp_stream stream(io);
    ec = finish(io, stream, [&](auto done) { stream.async_connect(where, done); });
    return ec ? ec : talk(io, stream, stream, ask, reply);
  }
  // This very host: its certificate names what phones call it, which is not what it is called here.
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_verify_mode(asio::ssl::verify_none);
  beast::ssl_stream<beast::tcp_stream> stream(io, context);
  auto& tcp = stream.next_layer();
  ec = finish(io, tcp, [&](auto done) { tcp.async_connect(where, done); });
  if (!ec) ec = finish(io, tcp, [&](auto done) { stream.async_handshake(asio::ssl::stream_base::client, done); });
  return ec ? ec : talk(io, tcp, stream, ask, reply);
}

Error refused(const Reply& reply, const std::string& where) {
  error_code ec;
  const auto body = boost::json::parse(reply.body(), ec);
  std::string said = "HTTP status " + std::to_string(reply.result_int());
  if (!ec && body.is_object())
    if (const auto* message = body.as_object().if_contains("error"); message && message->is_string())
      said = message->as_string().c_str();
  return unavailable("server_refused", "the server at " + where + " refused: " + said);
}

}  // namespace

Result<boost::json::value> ask_server(const config::Settings& settings, const std::string& method,
                                      const std::string& target, const std::string& body) {
  const auto token = application::issue_token(settings, "cli", Role::admin, std::chrono::minutes(5));
  if (!token) return token.error();
  const bool anywhere = settings.api.host.empty() || settings.api.host == "0.0.0.0" || settings.api.host == "::";
  const std::string host = anywhere ? "127.0.0.1" : settings.api.host;
  const std::string where = host + ":" + std::to_string(settings.api.port);
  bh::request<bh::string_body> ask(bh::string_to_verb(method), target, 11);
  ask.set(bh::field::host, where);
  ask.set(bh::field::authorization, "Bearer " + *token);
  if (!body.empty()) ask.set(bh::field::content_type, "application/json");
  ask.body() = body;
  ask.prepare_payload();
  Reply reply;
  if (const auto ec = exchange(settings, host, ask, reply))
    return unavailable("server_unreachable", "the server does not answer at " + where + ": " + ec.message() +
                                                 "; name its settings with --config, or its port with --api-port");
  if (reply.result_int() / 100 != 2) return refused(reply, where);
  error_code ec;
  auto answer = boost::json::parse(reply.body(), ec);
  if (ec) return internal_error("the server at " + where + " did not answer with JSON");
  return answer;
}

}  // namespace strowger::cli
