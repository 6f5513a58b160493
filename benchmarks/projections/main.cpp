// How long a phone's fetch waits for the devices' rows while all of them are serialised for the store, against how long
// it waits otherwise.
#include "benchmarks/table.hpp"
#include "events/projections/devices.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

using namespace strowger;

namespace {

constexpr std::uint64_t devices = 100'000;

MacAddress nth(std::uint64_t i) {
  return MacAddress::from_bits(0x0015'6500'0000 + i);
}

void apply(Projection& projection, std::uint64_t i, Event event) {
  static std::uint64_t position = 0;
  Envelope envelope;
  envelope.stream = StreamId::of(nth(i));
  envelope.position = Position{++position};
  envelope.version = StreamVersion{position};
  envelope.time = system_now();
  envelope.event = std::move(event);
  projection.apply(envelope);
}

void fetch_all(Projection& projection) {
  for (std::uint64_t i = 0; i < devices; ++i) {
    ConfigServed served;
    served.mac = nth(i);
    served.etag = "\"0123456789abcdef0123456789abcdef\"";
    served.ip = "192.168.17.23";
    served.user_agent = "Yealink SIP-T46S 66.86.0.15 00:15:65:00:00:01";
    apply(projection, i, served);
  }
}

// In microseconds, of look-ups one after the other until `done`. The 99.99th percentile and not the worst: that one is
// the machine's scheduler.
double slow_fetch(const DevicesProjection& rows, const std::atomic<bool>& done) {
  std::vector<double> times;
  for (std::uint64_t i = 0; !done || times.size() < 10'000; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    const auto found = rows.find_for_serving(nth(i * 7'919 % devices));
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begun).count());
    if (!found.definition) std::abort();
  }
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(times.size() - 1 - times.size() / 10'000);
  std::nth_element(times.begin(), at, times.end());
  return *at;
}

}  // namespace

int main() {
  DevicesProjection rows;
  for (std::uint64_t i = 0; i < devices; ++i)
    apply(rows, i,
          DeviceRegistered{nth(i), ExtensionNumber::parse(std::to_string(100'000 + i)).value(), "yealink", "t46s"});
  RowBatch first;
  rows.flush(first);
  bench::table_head();
  std::atomic<bool> done = false;
  const auto while_it = [&](auto work) {
    done = false;
    std::jthread other([&] {
      work();
      done = true;
    });
    return slow_fetch(rows, done);
  };
  // Beside a thread that is as busy, with something else.
  DevicesProjection others;
  for (std::uint64_t i = 0; i < devices; ++i)
    apply(others, i,
          DeviceRegistered{nth(i), ExtensionNumber::parse(std::to_string(100'000 + i)).value(), "yealink", "t46s"});
  const auto without = while_it([&] {
    RowBatch batch;
    others.flush(batch);
  });
  fetch_all(rows);
  const auto with = while_it([&] {
    RowBatch batch;
    rows.flush(batch);
  });
  bench::table_row("fetch's look-up, 99.99 %, us: peer without a flush", without, with, "< 3");
}
