#include "adapters/cli/api_call.hpp"

#include "adapters/application/application.hpp"
#include "events/json.hpp"

#include <algorithm>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace strowger::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Answer = beast::http::response<beast::http::string_body>;

struct SaidError {
  std::string error;
  std::string code;
};
BOOST_DESCRIBE_STRUCT(SaidError, (), (error, code))

// Where the server listens, as seen from this machine.
tcp::endpoint server_of(const config::Settings& settings) {
  auto address = asio::ip::make_address(settings.api.host);
  if (address.is_unspecified()) {
    if (address.is_v6())
      address = asio::ip::address_v6::loopback();
    else
      address = asio::ip::address_v4::loopback();
  }
  return {address, settings.api.port};
}

using Question = beast::http::request<beast::http::string_body>;
using Sent = std::function<void(std::size_t done, std::size_t of)>;

template <class Stream>
Answer exchange(Stream& stream, const Question& request, const Sent& sent) {
  constexpr std::size_t at_once = 64U << 10;
  beast::http::request_serializer<beast::http::string_body> serializer(request);
  serializer.limit(at_once);
  for (std::size_t done = 0; !serializer.is_done();) {
    done += beast::http::write_some(stream, serializer);
    if (sent) sent(std::min(done, request.body().size()), request.body().size());
  }
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> answer;
  answer.body_limit(boost::none);
  beast::http::read(stream, buffer, answer);
  return answer.release();
}

Answer ask(const config::Settings& settings, const Question& request, const Sent& sent) {
  asio::io_context context;
  tcp::socket socket(context);
  socket.connect(server_of(settings));
  if (!settings.api.tls.enabled()) return exchange(socket, request, sent);
  // Its name may be any, since it is asked by its address; its certificate must be the very one of the settings.
  asio::ssl::context tls(asio::ssl::context::tls_client);
  tls.load_verify_file(settings.api.tls.cert_file);
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(tls.native_handle()), X509_V_FLAG_PARTIAL_CHAIN);
  tls.set_verify_mode(asio::ssl::verify_peer);
  asio::ssl::stream<tcp::socket&> stream(socket, tls);
  stream.handshake(asio::ssl::stream_base::client);
  return exchange(stream, request, sent);
}

Result<std::string> call(const config::Settings& settings, beast::http::verb verb, const std::string& path,
                         const std::string& body, const std::string& content_type, const Sent& sent = {}) {
  const auto token = application::issue_token(settings, "admin", Role::admin, std::chrono::minutes(5));
  if (!token) return token.error();
  Question request(verb, path, 11, body);
  request.set(beast::http::field::host, "localhost");
  request.set(beast::http::field::connection, "close");
  request.set(beast::http::field::authorization, "Bearer " + *token);
  if (!body.empty()) request.set(beast::http::field::content_type, content_type);
  request.prepare_payload();
  try {
    auto answer = ask(settings, request, sent);
    if (answer.result_int() / 100 == 2) return std::move(answer.body());
    const auto said = json::from_string<SaidError>(answer.body());
    if (said && !said->error.empty()) return unavailable(said->code, "the server says: " + said->error);
    return unavailable("server_refused", "the server answered " + std::to_string(answer.result_int()));
  } catch (const boost::system::system_error& fault) {
    return unavailable("server_unreachable", "the server does not answer at " + settings.api.host + ", port " +
                                                 std::to_string(settings.api.port) + ": " + fault.what() +
                                                 "; name its settings with --config, or its port with --api-port");
  }
}

}  // namespace

Result<std::string> post(const config::Settings& settings, const std::string& path, const std::string& json) {
  return call(settings, beast::http::verb::post, path, json, "application/json");
}

Result<std::string> post_file(const config::Settings& settings, const std::string& path, const std::string& body,
                              const std::string& content_type, const Sent& sent) {
  return call(settings, beast::http::verb::post, path, body, content_type, sent);
}

Result<std::string> get(const config::Settings& settings, const std::string& path) {
  return call(settings, beast::http::verb::get, path, {}, {});
}

}  // namespace strowger::cli
