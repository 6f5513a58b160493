// The coroutine vocabulary of this folder. The executor is the concrete one of an io_context: the type-erased default
// costs an indirect call and an allocation at every suspension.
#pragma once

#include <chrono>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace strowger::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

using Executor = asio::io_context::executor_type;
template <class T>
using Awaitable = asio::awaitable<T, Executor>;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using SteadyClock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;
inline constexpr asio::use_awaitable_t<Executor> use_awaitable{};

// `co_await stream.async_read_some(buffer, into(fault))`: the fault lands in the variable, nothing is thrown.
inline auto into(error_code& fault) {
  return asio::redirect_error(use_awaitable, fault);
}

}  // namespace strowger::http
