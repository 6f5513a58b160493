// One log, 500 readers of GET /api/events/stream: events delivered a second and CPU time of the server for each, when
// they come in bursts and when they come one by one.
//
// The peer is a loop that writes the very same bytes to 500 sockets, encoded beforehand and in pieces of a fitting
// size: it reads no log, encodes, frames, filters and checks nothing. Its cost is nearly all the kernel's. The readers
// are a process of their own, and count what they read.
#include "adapters/http/events/encoding.hpp"
#include "adapters/http/routes/event_stream.hpp"
#include "adapters/http/server.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "benchmarks/sse/plain.hpp"
#include "benchmarks/sse/readers.hpp"
#include "benchmarks/table.hpp"
#include "tests/support/kafka/log_feeder.hpp"

#include <cstdlib>
#include <thread>

using namespace strowger;
using Steady = std::chrono::steady_clock;

namespace {

constexpr unsigned readers = 500;
constexpr std::uint64_t burst = 6'000;  // events
constexpr std::uint64_t single = 300;
constexpr std::chrono::milliseconds apart{10};
constexpr std::chrono::seconds limit{60};

struct Measured {
  double rate = 0;  // events delivered a second
  double cpu = 0;   // ns of the server for each
};

// `send` gives so many events to all readers.
template <class Send>
Measured measure(const bench::Readers& all, std::uint64_t events, Send send) {
  const auto before = all.events();
  const auto cpu = bench::cpu_seconds();
  const auto start = Steady::now();
  send();
  if (!all.wait_for(before + events * readers, limit)) {
    std::fprintf(stderr, "only %llu of %llu events came\n", static_cast<unsigned long long>(all.events() - before),
                 static_cast<unsigned long long>(events * readers));
    std::exit(1);
  }
  const auto delivered = static_cast<double>(events * readers);
  const double seconds = std::chrono::duration<double>(Steady::now() - start).count();
  return {delivered / seconds, (bench::cpu_seconds() - cpu) * 1e9 / delivered};
}

}  // namespace

int main() {
  bench::Readers peer_readers(readers);
  bench::Readers our_readers(readers);

  test::LogFeeder feeder;
  Measured ours_burst;
  Measured ours_single;
  std::vector<http::events::BatchPtr> encoded;
  {
    auto router = std::make_shared<http::Router>();
    const auto feed = std::make_shared<http::events::Feed>(
        *feeder.log, http::events::FeedOptions{.most_readers = readers, .most_readers_per_holder = readers});
    http::routes::add_event_stream(*router, feed);
    const auto server = http::Server::start({}, router).value();
    our_readers.connect(server->port(), "/api/events/stream?after=0");
    feeder.append(100);  // every reader is live
    our_readers.wait_for(100 * readers, limit);
    ours_burst = measure(our_readers, burst, [&] { feeder.append(burst); });
    ours_single = measure(our_readers, single, [&] {
      for (std::uint64_t i = 0; i < single; ++i) {
        feeder.append(1);
        std::this_thread::sleep_for(apart);
      }
    });
    server->stop(std::chrono::seconds(5));
  }
  encoded = http::events::encode_batches(feeder.log->read_all(Position{100}, burst).value());

  bench::PlainFanOut plain;
  std::thread accepting([&] { plain.accept(readers); });
  peer_readers.connect(plain.port(), "/");
  accepting.join();
  const auto peer_burst = measure(peer_readers, burst, [&] {
    for (const auto& batch : encoded) plain.write(batch->text);
  });
  const auto peer_single = measure(peer_readers, single, [&] {
    const std::string_view text = encoded.front()->text;
    const auto one = text.substr(0, encoded.front()->items.front().end);
    for (std::uint64_t i = 0; i < single; ++i) {
      plain.write(one);
      std::this_thread::sleep_for(apart);
    }
  });

  bench::table_head();
  bench::table_row("in bursts: events delivered/s to 500 readers", peer_burst.rate, ours_burst.rate,
                   "half of the peer or more");
  bench::table_row("in bursts: ns of CPU time for each", peer_burst.cpu, ours_burst.cpu, "");
  bench::table_row("one by one: ns of CPU time for each", peer_single.cpu, ours_single.cpu, "");
  return 0;
}
