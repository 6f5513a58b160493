#include "adapters/http/session.hpp"

#include "adapters/http/admission.hpp"
#include "adapters/http/asker.hpp"
#include "adapters/http/errors.hpp"
#include "adapters/http/reply_head.hpp"
#include "adapters/http/stream_writer.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <type_traits>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace strowger::http {
namespace {

using boost::beast::http::error;

constexpr std::size_t read_size = 4096;
constexpr std::size_t largest_drain = 256 * 1024;  // of a refused body, so that the connection can go on
constexpr std::chrono::milliseconds linger_time{2'000};
constexpr int stream_send_buffer = 64 * 1024;  // of which the kernel makes twice as much
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

template <class Stream>
constexpr bool is_plain = std::is_same_v<Stream, Socket>;

constexpr std::size_t longest_first_line = 2'048;

// Of a head that cannot be read: what stands in the place of the request line.
std::string_view first_line(std::string_view head) {
  head = head.substr(0, longest_first_line);
  return head.substr(0, head.find_first_of("\r\n"));
}

// What stands between the first space of a request line and the last one.
std::string_view target_within(std::string_view line) {
  const auto begin = line.find(' ');
  if (begin == std::string_view::npos) return line;
  const auto end = line.rfind(' ');
  return line.substr(begin + 1, end > begin ? end - begin - 1 : line.npos);
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
    request_.needs_certificate = common_.options.require_client_certificate;
    arm(common_.options.limits.idle_time);
    place_ = loop_.enter(*this);
  }

  ~Connection() override {
    loop_.leave(place_);
    common_.occupancy->leave(request_.address);
  }

  void cut() override {
    if (request_.asker) request_.asker->leave();
    error_code ignored;
    lowest().close(ignored);
  }

  void stop_soon() override {
    if (idle)
      cut();
    else if (sink_ != nullptr)
      sink_->wake();
  }

  Awaitable<void> run() {
    error_code fault;
    if constexpr (!is_plain<Stream>) {
      arm(common_.options.limits.head_time);
      co_await stream_.async_handshake(asio::ssl::stream_base::server, into(fault));
      if (fault) co_return;
      peer_ = peer_of(stream_.native_handle());
      request_.certificate = peer_.get();
    }
    bool open = true;
    while (open) {
      RequestParser parser(request_, storage_, common_.options.limits.head);
      unsigned empty_lines = most_empty_lines;

      skip_to_request(empty_lines);
      idle = buffer_.size() == 0;
      arm(idle ? common_.options.limits.idle_time : common_.options.limits.head_time);
      if (idle && loop_.stopping()) break;
      std::size_t mended = 0;  // how many bytes that wait were looked through
      for (bool begun = false;;) {
        if (!begun) {
          begun = skip_to_request(empty_lines);
          if (!idle && buffer_.size() == 0) {
            if (loop_.stopping()) {
              co_await close();
              co_return;
            }
            idle = true;
            arm(common_.options.limits.idle_time);
          }
        }
        if (begun) {
          const auto bytes = buffer_.data();
          mended = mend_head({static_cast<char*>(bytes.data()), bytes.size()}, mended);
          const auto used = parser.put(bytes, fault);
          buffer_.consume(used);
          mended -= used;
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
        refuse_head(fault);
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
      if (reply_.stream && request_.method != Method::head) {
        co_await stream(*route);
        break;
      }
      const bool written = co_await write(open, parser.keep_alive());
      open = open && written;
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

  std::string_view waiting() const {
    const auto bytes = buffer_.cdata();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
  }

  // Drops the empty lines that may stand before a request. Whether the request has begun behind them.
  bool skip_to_request(unsigned& empty_lines) {
    buffer_.consume(skip_empty_lines(waiting(), empty_lines));
    const auto rest = waiting();
    return !rest.empty() && (rest != "\r" || empty_lines == 0);
  }

  void arm(std::chrono::milliseconds time) { deadline = loop_.now() + time; }

  std::size_t in_flight_limit() const { return common_.options.limits.in_flight; }

  const Route* admit(const RequestParser& parser) {
    auto admission = http::admit(common_, parser, request_);
    if (admission.unread) tell_unread(*admission.unread, false);
    reply_ = std::move(admission.refusal);
    return admission.route;
  }

  // The parser may have read a part of the head; of a request line that it refused, all is still in the buffer.
  void refuse_head(const error_code& fault) {
    const auto line = request_.target.empty() ? first_line(waiting()) : std::string_view();
    if (request_.target.empty()) request_.target = target_within(line);
    if (request_.path.empty()) request_.path = request_.target;
    const auto refused = for_bad_head(fault, line);
    reply_ = refused.response();
    request_.method = Method::unknown;
    tell_unread(refused, true);
  }

  void tell_unread(const Refused& refused, bool malformed) {
    if (common_.options.on_unread)
      common_.options.on_unread(request_, {refused.status, refused.code, refused.reason, malformed});
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
    struct Present {
      Request& request;
      Present(Request& of, int socket) : request(of) { request.asker = std::make_shared<Asker>(socket); }
      ~Present() {
        request.asker->leave();
        request.asker.reset();
      }
    };
    const Present present(request_, lowest().native_handle());
    // Handlers bound their own waiting (await.hpp).
    deadline = SteadyClock::time_point::max();
    try {
      settle(co_await handler(request_));
    } catch (const std::exception& fault) {
      fail(fault.what());
    }
  }

  // Writes reply_, whole or not at all.
  Awaitable<bool> write(bool keep_open, bool asked_to_keep) {
    const auto body = lay_out(head_, reply_, {request_.method, version_, keep_open, asked_to_keep, loop_.date()});
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
    co_return !fault;
  }

  // Writes the reply's head, then lets its body come for as long as it does.
  Awaitable<void> stream(const Route& route) {
    const auto body = reply_.stream;
    const bool chunked = version_ == 11 && !reply_.stream_size;
    if (!co_await write(false, false)) co_return;
    struct Leave {
      Connection& connection;
      ~Leave() { connection.sink_ = nullptr; }
    };
    error_code ignored;
    // What waits in the kernel for a reader is memory too.
    lowest().set_option(asio::socket_base::send_buffer_size(stream_send_buffer), ignored);
    StreamWriter<Stream> writer(loop_, *this, stream_, request_, route, chunked);
    const Leave leave{*this};
    sink_ = &writer;
    try {
      co_await writer.run(body);
    } catch (const std::exception& fault) {
      common_.fault("http: " + std::string(request_.path) + ": " + fault.what());
    }
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
  std::shared_ptr<const TlsPeer> peer_;
  Response reply_;
  std::string head_;
  BodySink* sink_ = nullptr;  // while a stream is written
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
  const auto tls = loop.common->tls->context();  // the connection keeps it, whatever comes after
  Connection<asio::ssl::stream<Socket>> connection(loop, asio::ssl::stream<Socket>(std::move(socket), *tls), address);
  co_await connection.run();
}

}  // namespace strowger::http
