#include "adapters/tftp/transfer.hpp"

#include <algorithm>
#include <array>

#include <boost/asio/buffer.hpp>

namespace strowger::tftp {
namespace {

constexpr std::size_t longest_answer = 512;  // of a phone, in a transfer: acknowledgements and errors

void count(Counters::Count& counter, std::uint64_t n = 1) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

// Its views are of `request`.
ReadRequest read_again(const std::string& request, const ReadRequest& asked) {
  auto out = asked;
  out.file = std::get<ReadRequest>(parse(request)).file;
  return out;
}

}  // namespace

Transfer::Transfer(Socket socket, udp::endpoint phone, std::string request, const ReadRequest& asked, Source source,
                   const Limits& limits, Counters& counters)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      phone_(std::move(phone)),
      request_(std::move(request)),
      source_(std::move(source)),
      limits_(limits),
      counters_(counters),
      asked_(read_again(request_, asked)) {}

std::optional<std::uint8_t> Transfer::timeout() const {
  return asked_.timeout && *asked_.timeout <= limits_.longest_timeout ? asked_.timeout : std::nullopt;
}

// Empty: there are none, and none are confirmed.
std::string Transfer::accepted_options() {
  OptionList accepted;
  if (asked_.block_size) {
    const auto address = phone_.address();
    const bool v4 = address.is_v4() || address.to_v6().is_v4_mapped();
    block_size_ = std::min(*asked_.block_size, v4 ? limits_.block_size_v4 : limits_.block_size_v6);
    accepted.emplace_back("blksize", std::to_string(block_size_));
  }
  if (timeout()) accepted.emplace_back("timeout", std::to_string(*timeout()));
  if (const auto size = source_.size(); asked_.wants_size && size)
    accepted.emplace_back("tsize", std::to_string(*size));
  return accepted.empty() ? std::string() : options_packet(accepted);
}

Awaitable<Transfer::End> Transfer::run() {
  if (const auto options = accepted_options(); !options.empty())
    if (const auto heard = co_await deliver(options, 0); heard != Heard::acknowledged) co_return end_of(heard);
  // The number on the wire has 16 bits and goes on from 65535 with 0, as every phone that loads large images expects.
  for (std::uint16_t block = 1;; ++block) {
    const auto data = source_.next(block_size_);
    if (!data) {
      complaint_ = data.error().message;
      send(error_packet(ErrorCode::undefined, "The file cannot be read to its end"), phone_);
      co_return End::failed;
    }
    if (const auto heard = co_await deliver(data_packet(block, *data), block); heard != Heard::acknowledged)
      co_return end_of(heard);
    sent_ += data->size();
    count(counters_.bytes, data->size());
    if (data->size() < block_size_) co_return End::completed;
  }
}

Transfer::End Transfer::end_of(Heard heard) {
  if (heard == Heard::failure) return End::aborted;
  return heard == Heard::stopped ? End::stopped : End::timed_out;
}

Awaitable<Transfer::Heard> Transfer::deliver(const std::string& packet, std::uint16_t block) {
  auto wait = timeout() ? limits_.second * *timeout() : limits_.patience;
  const auto repeats = proven_ ? limits_.repeats : limits_.first_repeats;
  for (unsigned attempt = 0;; ++attempt) {
    if (attempt > 0) count(counters_.blocks_repeated);
    send(packet, phone_);
    arm(proven_ ? wait : std::min(wait, limits_.first_patience));
    const auto heard = co_await listen(block);
    in_vain_ = heard == Heard::nothing;
    if (heard != Heard::nothing || attempt == repeats) {
      timer_.cancel();
      co_return heard;
    }
    if (!timeout()) wait = std::min(wait * 2, limits_.most_patience);
  }
}

// Until `block` is acknowledged, or the time is over. What else comes changes nothing.
Awaitable<Transfer::Heard> Transfer::listen(std::uint16_t block) {
  std::array<char, longest_answer> buffer{};
  udp::endpoint from;
  while (!expired_ && !stopped_) {
    error_code fault;
    const auto size = co_await socket_.async_receive_from(asio::buffer(buffer), from, http::into(fault));
    if (stopped_) break;
    if (fault) continue;  // cancelled by the timer, which said so; or what the network said of an earlier packet
    const auto packet = parse({buffer.data(), size});
    if (from != phone_) {
      // Not to an error, which nobody answers, or two such servers would never come to rest.
      if (!std::holds_alternative<Failure>(packet) && !std::holds_alternative<Noise>(packet))
        send(error_packet(ErrorCode::unknown_transfer, "This is another phone's transfer"), from);
      continue;
    }
    if (const auto* failure = std::get_if<Failure>(&packet)) {
      complaint_ = "error " + std::to_string(failure->code) + " " + std::string(failure->message);
      co_return Heard::failure;
    }
    const auto* acknowledged = std::get_if<Acknowledgement>(&packet);
    if (acknowledged == nullptr || acknowledged->block != block) continue;
    proven_ = true;
    co_return Heard::acknowledged;
  }
  co_return stopped_ ? Heard::stopped : Heard::nothing;
}

void Transfer::arm(std::chrono::milliseconds wait) {
  expired_ = false;
  deadline_ = SteadyClock::now() + wait;
  timer_.expires_at(deadline_);
  // One that was on its way when it was cancelled comes all the same: to a transfer that is over, or has a new
  // deadline.
  timer_.async_wait([weak = weak_from_this()](const error_code& fault) {
    const auto self = weak.lock();
    if (fault || !self || self->stopped_ || SteadyClock::now() < self->deadline_) return;
    self->expired_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
  });
}

void Transfer::stop() {
  stopped_ = true;
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

// A datagram that does not go out is one that was lost.
void Transfer::send(std::string_view packet, const udp::endpoint& to) {
  error_code lost;
  socket_.send_to(asio::buffer(packet.data(), packet.size()), to, 0, lost);
}

}  // namespace strowger::tftp
