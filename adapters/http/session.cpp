#include "adapters/http/session.hpp"

#include "adapters/http/errors.hpp"
#include "adapters/http/prepared.hpp"
#include "adapters/http/request_parser.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <type_traits>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

namespace strowger::http {
namespace {

using boost::beast::http::error;

constexpr std::size_t read_size = 4096;
constexpr std::size_t largest_drain = 256 * 1024;  // of a refused body, so that the connection can go on
constexpr std::chrono::milliseconds linger_time{2'000};
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

template <class Stream>
constexpr bool is_plain = std::is_same_v<Stream, Socket>;

Response for_bad_head(const error_code& fault) {
  if (fault == error::header_limit || fault == error::buffer_overflow)
    return error_response(431, "head_too_large", "The request's header is larger than this server reads.");
  if (fault == error::bad_version)
    return error_response(505, "http_version", "This server speaks HTTP/1.1 and HTTP/1.0.");
  return error_response(400, "malformed_request", "This is not an HTTP request: " + fault.message() + ".");
}

Response for_bad_body(const error_code& fault, std::size_t limit) {
  if (fault == error::body_limit)
    return error_response(Error{ErrorKind::too_large, "body_too_large",
                                "The body is larger than the " + std::to_string(limit) + " bytes taken here."});
  return error_response(400, "malformed_request", "The request's body is broken: " + fault.message() + ".");
}

// Whether a Content-Type is this media type, whatever its parameters.
bool is_type(std::string_view header, std::string_view type) {
  const auto end = header.find(';');
  auto essence = header.substr(0, end);
  while (!essence.empty() && (essence.back() == ' ' || essence.back() == '\t')) essence.remove_suffix(1);
  return boost::beast::iequals(essence, type);
}

template <class Stream>
class Connection final : public Session {
 public:
  Connection(Loop& loop, Stream stream, asio::ip::address address)
      : loop_(loop),
        common_(*loop_.common),
        stream_(std::move(stream)),
        buffer_(common_.options.limits.head + read_size) {
    address_text_ = address.to_string();
    request_.address = address;
    request_.peer = address_text_;
    request_.tls = !is_plain<Stream>;
    request_.loop = &loop_;
    arm(common_.options.limits.idle_time);
    place_ = loop_.enter(*this);
  }

  ~Connection() override {
    loop_.leave(place_);
    common_.sources.leave(request_.address);
    common_.connections.fetch_sub(1, std::memory_order_relaxed);
  }

  void cut() override {
    error_code ignored;
    lowest().close(ignored);
  }

  Awaitable<void> run() {
    error_code fault;
    if constexpr (!is_plain<Stream>) {
      arm(common_.options.limits.head_time);
      co_await stream_.async_handshake(asio::ssl::stream_base::server, into(fault));
      if (fault) co_return;
    }
    bool open = true;
    while (open) {
      RequestParser parser(request_, storage_, common_.options.limits.head);

      idle = buffer_.size() == 0;
      arm(idle ? common_.options.limits.idle_time : common_.options.limits.head_time);
      if (idle && loop_.stopping()) break;
      for (;;) {
        if (buffer_.size() > 0) {
          buffer_.consume(parser.put(buffer_.data(), fault));
          if (parser.is_header_done() || (fault && fault != error::need_more)) break;
        }
        const auto got = co_await stream_.async_read_some(buffer_.prepare(read_size), into(fault));
        if (fault) co_return;
        buffer_.commit(got);
        if (idle) {
          idle = false;
          arm(common_.options.limits.head_time);
        }
      }
      started_ = SteadyClock::now();

      if (fault && fault != error::need_more) {
        loop_.counters.malformed_requests.add();
        reply_ = for_bad_head(fault);
        request_.method = Method::unknown;
        co_await write(false, false);
        co_await linger();
        break;
      }

      version_ = parser.version();
      open = parser.keep_alive() && !loop_.stopping();
      const Route* route = admit(parser);
      if (!parser.is_done()) {
        const std::size_t limit = route != nullptr ? route->body_limit : largest_drain;
        const bool waits = parser.wants_continue() && version_ == 11 && buffer_.size() == 0;
        if (route == nullptr) parser.skip_body();
        if (route == nullptr && (waits || parser.content_length().value_or(0) > largest_drain)) {
          // A final answer in place of 100 (RFC 9110 section 10.1.1), or a body too large to be worth reading.
          co_await write(false, false);
          co_await linger();
          break;
        }
        arm(common_.options.limits.body_time);
        if (waits) {
          co_await asio::async_write(stream_, asio::buffer(go_on), into(fault));
          if (fault) co_return;
        }
        parser.body_limit(limit);
        parser.eager(true);
        while (!parser.is_done()) {
          fault = {};
          if (buffer_.size() > 0) {
            const auto used = parser.put(buffer_.data(), fault);
            buffer_.consume(used);
            if (parser.is_done()) break;
            if (fault && fault != error::need_more) break;
            if (used > 0 && buffer_.size() > 0 && !fault) continue;
            if (buffer_.size() + read_size > buffer_.max_size()) {
              fault = error::bad_chunk;  // the header of a chunk that has no end
              break;
            }
          }
          const auto got = co_await stream_.async_read_some(buffer_.prepare(read_size), into(fault));
          if (fault) co_return;
          buffer_.commit(got);
        }
        if (!parser.is_done()) {
          if (route != nullptr) reply_ = for_bad_body(fault, limit);
          co_await write(false, false);
          co_await linger();
          break;
        }
        request_.body = storage_.body;
      }

      if (route != nullptr) {
        if (const auto* handler = std::get_if<Handler>(&route->handler)) {
          call(*handler);
        } else if (loop_.counters.in_flight.get() >= in_flight_limit()) {
          loop_.counters.shed_requests.add();
          reply_ = error_response(overloaded("The server is busy. Try again in a moment."));
        } else {
          co_await call(std::get<AsyncHandler>(route->handler));
        }
      }
      if (reply_.close || loop_.stopping()) open = false;
      open = co_await write(open, parser.keep_alive());
    }
    co_await close();
  }

 private:
  Socket& lowest() {
    if constexpr (is_plain<Stream>)
      return stream_;
    else
      return stream_.next_layer();
  }

  void arm(std::chrono::milliseconds time) { deadline = loop_.now() + time; }

  std::size_t in_flight_limit() const { return common_.options.limits.in_flight; }

  // Everything that can be said before the body is read. None: the reply is in reply_.
  const Route* admit(const RequestParser& parser) {
    reply_ = {};
    const auto refuse = [&](Response reply) {
      reply_ = std::move(reply);
      return nullptr;
    };
    if (version_ == 11 && !parser.has_host())
      return refuse(error_response(400, "malformed_request", "An HTTP/1.1 request must have one Host header."));
    if (parser.has_unknown_expectation())
      return refuse(error_response(417, "expectation_failed", "Only Expect: 100-continue is understood."));

    const auto match = common_.router->find(request_.method, request_.path, request_.parameters);
    if (match.route == nullptr) {
      if (match.malformed)
        return refuse(error_response(400, "malformed_path", "The path has an escape that cannot be decoded."));
      if (match.allow.empty())
        return refuse(error_response(404, "not_found", "There is nothing at this path. See /api/openapi.json."));
      refuse(error_response(405, "method_not_allowed", "This path takes only " + match.allow + "."));
      reply_.set("Allow", match.allow);
      return nullptr;
    }
    const Route& route = *match.route;

    if (route.role) {
      auto who = identify();
      if (!who) return refuse(error_response(who.error()));
      request_.who = std::move(*who);
      if (!request_.who.may(*route.role))
        return refuse(
            error_response(Error{ErrorKind::forbidden, "forbidden",
                                 "This needs the role " + std::string(to_text(*route.role)) + "; " + request_.who.name +
                                     " has " + std::string(to_text(request_.who.role)) + "."}));
    }

    const bool has_body = !parser.is_done();
    if (route.body_schema.empty()) return &route;
    if (!has_body) {
      if (!route.body_required) return &route;
      return refuse(error_response(400, "missing_body", "A body of type " + route.body_type + " is required."));
    }
    if (!is_type(request_.header(Field::content_type), route.body_type))
      return refuse(error_response(415, "unsupported_media_type",
                                   "The body must be sent with Content-Type: " + route.body_type + "."));
    if (!request_.header(Field::content_encoding).empty())
      return refuse(error_response(415, "unsupported_media_type", "The body must be sent without Content-Encoding."));
    if (parser.content_length().value_or(0) > route.body_limit)
      return refuse(for_bad_body(error::body_limit, route.body_limit));
    return &route;
  }

  Result<Principal> identify() const {
    if (!common_.options.authenticate) return Principal{"admin", Role::admin, {}, {}};
    constexpr std::string_view scheme = "Bearer ";
    const auto header = request_.header(Field::authorization);
    if (header.size() <= scheme.size() || !boost::beast::iequals(header.substr(0, scheme.size()), scheme))
      return Error{ErrorKind::unauthenticated, "unauthenticated",
                   "A bearer token is needed: log in at /api/auth/login and send Authorization: Bearer <token>."};
    auto token = header.substr(scheme.size());
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    return common_.options.authenticate(token);
  }

  void fail(const char* what) {
    common_.fault("http: " + std::string(boost::beast::http::to_string(request_.method)) + " " +
                  std::string(request_.path) + ": " + what);
    reply_ = error_response(internal_error(what));
  }

  void settle(Result<Response> result) {
    if (result) {
      reply_ = std::move(*result);
      return;
    }
    if (result.error().kind == ErrorKind::internal)
      fail(result.error().message.c_str());
    else
      reply_ = error_response(result.error());
  }

  void call(const Handler& handler) {
    try {
      settle(handler(request_));
    } catch (const std::exception& fault) {
      fail(fault.what());
    }
  }

  Awaitable<void> call(const AsyncHandler& handler) {
    struct InFlight {
      Counter& counter;
      explicit InFlight(Counter& c) : counter(c) { counter.add(); }
      ~InFlight() { counter.subtract(); }
    };
    const InFlight in_flight(loop_.counters.in_flight);
    // Handlers bound their own waiting (await.hpp).
    deadline = SteadyClock::time_point::max();
    try {
      settle(co_await handler(request_));
    } catch (const std::exception& fault) {
      fail(fault.what());
    }
  }

  // Lays out the reply's head in head_ and tail_; `body` is what follows them.
  std::string_view lay_out(bool keep_open, bool asked_to_keep) {
    head_.clear();
    std::string_view body;
    if (reply_.prepared) {
      body = std::string_view(reply_.prepared->bytes).substr(reply_.prepared->head);
    } else {
      body = reply_.body;
      head_ += "HTTP/1.1 ";
      head_ += std::to_string(reply_.status);
      head_ += ' ';
      head_ += reason_phrase(reply_.status);
      head_ += "\r\n";
      if (reply_.status != 204 && reply_.status != 304) {
        head_ += "Content-Type: ";
        head_ += reply_.content_type;
        head_ += "\r\nContent-Length: ";
        head_ += std::to_string(body.size());
        head_ += "\r\n";
      } else {
        body = {};
      }
      for (const auto& [name, value] : reply_.headers) {
        head_ += name;
        head_ += ": ";
        head_ += value;
        head_ += "\r\n";
      }
      head_ += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
    }
    head_ += loop_.date();
    if (!keep_open)
      head_ += "Connection: close\r\n";
    else if (version_ == 10 && asked_to_keep)
      head_ += "Connection: keep-alive\r\n";
    head_ += "\r\n";
    if (request_.method == Method::head) body = {};
    return body;
  }

  // Writes reply_. Whether the connection is still good for another request.
  Awaitable<bool> write(bool keep_open, bool asked_to_keep) {
    const auto body = lay_out(keep_open, asked_to_keep);
    const auto ready = reply_.prepared ? std::string_view(reply_.prepared->bytes).substr(0, reply_.prepared->head)
                                       : std::string_view();
    std::array<asio::const_buffer, 3> parts{asio::buffer(ready.data(), ready.size()), asio::buffer(head_),
                                            asio::buffer(body.data(), body.size())};
    const std::size_t total = ready.size() + head_.size() + body.size();
    error_code fault;
    std::size_t sent = 0;
    if constexpr (is_plain<Stream>) {
      // Nearly always it all fits the socket's buffer, and then there is nothing to wait for.
      sent = stream_.write_some(parts, fault);
      if (fault == asio::error::would_block) fault = {};
    }
    if (!fault && sent < total) {
      arm(common_.options.limits.write_time);
      std::size_t skip = sent;
      for (auto& part : parts) {
        const auto cut_off = std::min(skip, part.size());
        part += cut_off;
        skip -= cut_off;
      }
      co_await asio::async_write(stream_, parts, into(fault));
    }
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - started_);
    const auto status = reply_.prepared ? reply_.prepared->status : reply_.status;
    loop_.counters.record(status, total, took);
    if (common_.options.on_exchange) common_.options.on_exchange(Exchange{request_, status, total, took});
    reply_ = {};
    co_return keep_open && !fault;
  }

  // After a reply that leaves input unread: closing at once would reset the connection, and the client would lose
  // the reply. So it is read away until the client closes, for a bounded time and size.
  Awaitable<void> linger() {
    if constexpr (is_plain<Stream>) {
      error_code fault;
      stream_.shutdown(Socket::shutdown_send, fault);
      idle = true;
      arm(linger_time);
      std::size_t drained = 0;
      while (!fault && drained < 64 * largest_drain) {
        buffer_.clear();
        drained += co_await stream_.async_read_some(buffer_.prepare(read_size), into(fault));
      }
    }
  }

  Awaitable<void> close() {
    error_code fault;
    if constexpr (is_plain<Stream>) {
      stream_.shutdown(Socket::shutdown_both, fault);
    } else {
      idle = true;
      arm(linger_time);
      co_await stream_.async_shutdown(into(fault));
    }
    co_return;
  }

  Loop& loop_;
  Common& common_;
  Stream stream_;
  boost::beast::flat_buffer buffer_;
  Request request_;
  RequestStorage storage_;
  std::string address_text_;
  Response reply_;
  std::string head_;
  int version_ = 11;
  SteadyClock::time_point started_{};
  Loop::Place place_;
};

}  // namespace

Awaitable<void> serve(Loop& loop, Socket socket, asio::ip::address address) {
  Connection<Socket> connection(loop, std::move(socket), address);
  co_await connection.run();
}

Awaitable<void> serve_tls(Loop& loop, Socket socket, asio::ip::address address) {
  auto& tls = *loop.common->tls;
  Connection<asio::ssl::stream<Socket>> connection(loop, asio::ssl::stream<Socket>(std::move(socket), tls), address);
  co_await connection.run();
}

}  // namespace strowger::http
