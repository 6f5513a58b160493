#include "adapters/tftp/server.hpp"

#include "adapters/http/provision/request_log.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <netinet/in.h>
#include <pthread.h>
#include <spdlog/logger.h>
#include <sys/socket.h>

namespace strowger::tftp {
namespace {

using http::provision::escaped;

constexpr std::size_t longest_request = 2048;
constexpr int receive_buffer = 1 << 20;  // a site's phones ask all at once when the power comes back
constexpr int at_once = 64;              // requests, before others of the thread have their turn

void count_up(Counters::Count& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

// Phones behind a dual-stack listener are IPv4 phones.
asio::ip::address plain(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

Error listen_failed(const Options& options, const error_code& why) {
  std::string text = "Cannot listen for TFTP on " + options.host + " port " + std::to_string(options.port) + ": " +
                     why.message() + ". ";
  if (why == boost::system::errc::permission_denied)
    text +=
        "Ports below 1024 need a right: give the program CAP_NET_BIND_SERVICE, as config/systemd/strowger.service "
        "does, or set provisioning.tftp.port to a higher one.";
  else if (why == boost::system::errc::address_in_use)
    text += "Another TFTP server listens there: stop it, or set provisioning.tftp.port or .host.";
  else
    text += "Set provisioning.tftp.host and .port to an address of this machine and a free port.";
  return {ErrorKind::unavailable, "tftp_listen_failed", std::move(text)};
}

ErrorCode code_for(std::uint16_t status) {
  if (status == 404) return ErrorCode::not_found;
  if (status == 401 || status == 403 || status == 429) return ErrorCode::access_violation;
  return ErrorCode::undefined;
}

}  // namespace

// A request, where it came from and which of our addresses it was sent to.
struct Server::Datagram {
  std::array<char, longest_request> buffer{};
  std::size_t size = 0;
  udp::endpoint from;
  asio::ip::address to;
  bool to_everybody = false;

  std::string_view bytes() const { return {buffer.data(), size}; }
};

Options options_from(const config::ProvisioningTftp& settings) {
  return {settings.host, settings.port, {}};
}

Server::Server(Options options, Deliver deliver, spdlog::logger& logger)
    : options_(std::move(options)), deliver_(std::move(deliver)), logger_(logger) {}

Result<std::unique_ptr<Server>> Server::start(Options options, Deliver deliver, spdlog::logger& logger) {
  auto server = std::unique_ptr<Server>(new Server(std::move(options), std::move(deliver), logger));
  if (auto done = server->open(); !done) return done.error();
  server->thread_ = std::thread([self = server.get()] {
    pthread_setname_np(pthread_self(), "tftp");
    asio::co_spawn(self->io_, self->listen(), asio::detached);
    self->io_.run();
  });
  return server;
}

Result<void> Server::open() {
  error_code fault;
  auto address = asio::ip::make_address(options_.host, fault);
  if (fault) {
    udp::resolver resolver(io_);
    const auto found = resolver.resolve(options_.host, "", fault);
    if (fault || found.empty()) return listen_failed(options_, fault);
    address = found.begin()->endpoint().address();
  }
  const udp::endpoint endpoint(address, options_.port);
  socket_.open(endpoint.protocol(), fault);
  if (!fault && address.is_v6()) socket_.set_option(asio::ip::v6_only(!address.is_unspecified()), fault);
  if (!fault) socket_.bind(endpoint, fault);
  if (fault) return listen_failed(options_, fault);
  error_code ignored;
  socket_.set_option(asio::socket_base::receive_buffer_size(receive_buffer), ignored);
  const int on = 1;
  const int level = address.is_v6() ? IPPROTO_IPV6 : IPPROTO_IP;
  const int option = address.is_v6() ? IPV6_RECVPKTINFO : IP_PKTINFO;
  if (::setsockopt(socket_.native_handle(), level, option, &on, sizeof on) != 0)
    return listen_failed(options_, error_code(errno, boost::system::system_category()));
  socket_.non_blocking(true, fault);
  local_ = socket_.local_endpoint().address();
  port_ = socket_.local_endpoint().port();
  return {};
}

Server::~Server() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    error_code ignored;
    socket_.close(ignored);
    for (const auto& [phone, transfer] : transfers_) transfer->stop();
  });
  thread_.join();
}

Awaitable<void> Server::listen() {
  auto datagram = std::make_unique<Datagram>();
  while (socket_.is_open()) {
    error_code fault;
    co_await socket_.async_wait(asio::socket_base::wait_read, http::into(fault));
    if (fault) continue;  // closed: the condition above ends it
    for (int i = 0; i < at_once && receive(*datagram); ++i) take(*datagram);
  }
}

// False: there is nothing more.
bool Server::receive(Datagram& datagram) {
  ::iovec part{datagram.buffer.data(), datagram.buffer.size()};
  alignas(::cmsghdr) std::array<char, 256> control{};
  ::msghdr message{};
  message.msg_name = datagram.from.data();
  message.msg_namelen = static_cast<::socklen_t>(datagram.from.capacity());
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto size = ::recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT);
  if (size < 0) return false;
  datagram.size = (message.msg_flags & MSG_TRUNC) != 0 ? 0 : static_cast<std::size_t>(size);
  datagram.from.resize(message.msg_namelen);
  datagram.to_everybody = false;
  datagram.to = local_;
  for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      ::in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      datagram.to = asio::ip::address_v4(ntohl(info.ipi_addr.s_addr));
      // A broadcast's address is none of ours (RFC 1123 section 4.2.3.5: it is silently ignored).
      datagram.to_everybody = info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      ::in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      asio::ip::address_v6::bytes_type bytes{};
      std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
      const asio::ip::address_v6 to(bytes);
      datagram.to_everybody = to.is_multicast();
      datagram.to = asio::ip::address_v6(bytes, to.is_link_local() ? info.ipi6_ifindex : 0);
    }
  }
  return true;
}

// What goes wrong with one request ends that, and no other.
void Server::take(const Datagram& datagram) try {
  if (datagram.to_everybody) return count_up(counters_.noise);
  const auto packet = parse(datagram.bytes());
  if (const auto* request = std::get_if<ReadRequest>(&packet)) return begin(datagram, *request);
  if (std::holds_alternative<WriteRequest>(packet)) {
    count_up(counters_.write_requests);
    return refuse(datagram, ErrorCode::access_violation, "Nothing can be written here");
  }
  if (const auto* bad = std::get_if<BadRequest>(&packet)) {
    count_up(counters_.bad_requests);
    return refuse(datagram, ErrorCode::illegal_operation, bad->why);
  }
  count_up(counters_.noise);  // what belongs to no transfer, or is no TFTP
} catch (const std::exception& fault) {
  count_up(counters_.failed);
  logger_.error("TFTP: a request of {} failed: {}", plain(datagram.from.address()).to_string(), fault.what());
}

void Server::begin(const Datagram& datagram, const ReadRequest& request) {
  const auto under_way = transfers_.find(datagram.from);
  if (under_way != transfers_.end()) {
    // The same request came twice, on the way or because the first answer was slow. Another one, or the same of a phone
    // that answers no more, means that it has begun anew.
    auto& transfer = *under_way->second;
    if (transfer.request() == datagram.bytes() && !transfer.is_waiting_in_vain()) return;
    transfer.stop();
  } else if (!has_room(datagram.from)) {
    count_up(counters_.shed);
    if (const auto now = SteadyClock::now(); now >= said_busy_ + std::chrono::seconds(10)) {
      said_busy_ = now;
      logger_.warn("TFTP: {} transfers are under way; {} and others have to ask again", transfers_.size(),
                   plain(datagram.from.address()).to_string());
    }
    return;
  }
  count_up(counters_.read_requests);
  const auto address = plain(datagram.from.address());
  const auto peer = address.to_string();
  auto delivery = deliver_({"tftp", request.file, peer, address});
  if (delivery.status >= 400) {
    count_up(counters_.refused);
    return refuse(datagram, code_for(delivery.status), delivery.message);
  }
  error_code fault;
  auto socket = socket_for(datagram, fault);
  if (fault) {
    logger_.error("TFTP: no socket for a transfer to {}: {}", peer, fault.message());
    return count_up(counters_.failed);
  }
  auto transfer = std::make_shared<Transfer>(std::move(socket), datagram.from, std::string(datagram.bytes()), request,
                                             Source(delivery, request.mode), options_.limits, counters_);
  transfers_.insert_or_assign(datagram.from, transfer);
  ++by_address_[datagram.from.address()];
  count_up(counters_.active);
  asio::co_spawn(io_, carry(std::move(transfer), std::move(delivery.arrived)), asio::detached);
}

bool Server::has_room(const udp::endpoint& phone) const {
  const auto found = by_address_.find(phone.address());
  return counters_.active.load(std::memory_order_relaxed) < options_.limits.transfers &&
         (found == by_address_.end() || found->second < options_.limits.transfers_per_address);
}

Awaitable<void> Server::carry(std::shared_ptr<Transfer> transfer, std::function<void()> arrived) {
  const auto end = co_await transfer->run();
  counters_.active.fetch_sub(1, std::memory_order_relaxed);
  if (const auto found = by_address_.find(transfer->phone().address()); --found->second == 0) by_address_.erase(found);
  // Another one may have taken its place.
  if (const auto found = transfers_.find(transfer->phone()); found != transfers_.end() && found->second == transfer)
    transfers_.erase(found);
  if (end == Transfer::End::completed && arrived) arrived();
  say(*transfer, end);
}

void Server::say(const Transfer& transfer, Transfer::End end) {
  const auto request = std::get<ReadRequest>(parse(transfer.request()));
  const auto file = escaped(http::provision::without_token(request.file));
  const auto peer = plain(transfer.phone().address()).to_string();
  switch (end) {
    case Transfer::End::completed:
      count_up(counters_.completed);
      return logger_.info("TFTP: {} delivered: {} bytes to {}", file, transfer.sent(), peer);
    case Transfer::End::timed_out:
      count_up(counters_.timed_out);
      return logger_.warn("TFTP: {} given up after {} bytes: {} does not answer", file, transfer.sent(), peer);
    case Transfer::End::aborted:
      count_up(counters_.aborted);
      return logger_.warn("TFTP: {} ended by {} after {} bytes: {}", file, peer, transfer.sent(),
                          escaped(transfer.complaint()));
    case Transfer::End::failed:
      count_up(counters_.failed);
      return logger_.error("TFTP: {} to {} broken off after {} bytes: {}", file, peer, transfer.sent(),
                           transfer.complaint());
    case Transfer::End::stopped:
      return;
  }
}

// Bound to the address that the phone spoke to, whatever route its answer takes.
Socket Server::socket_for(const Datagram& datagram, error_code& fault) {
  Socket socket(io_);
  const udp::endpoint here(datagram.to, 0);
  socket.open(here.protocol(), fault);
  if (!fault && here.address().is_v6()) socket.set_option(asio::ip::v6_only(false), fault);
  if (!fault) socket.bind(here, fault);
  if (!fault) socket.non_blocking(true, fault);
  return socket;
}

void Server::refuse(const Datagram& datagram, ErrorCode code, std::string_view message) {
  error_code fault;
  auto socket = socket_for(datagram, fault);
  const auto packet = error_packet(code, message);
  if (!fault) socket.send_to(asio::buffer(packet), datagram.from, 0, fault);
}

}  // namespace strowger::tftp
