// bench_log [folder [appends|latency|starts]]: the log against a raw RocksDB writer, and how fast a start and a rebuild
// are.
//
// The peer is one thread that writes the same number of events in batches of the same size (as measured for ours), each
// batch synced: the same two keys and the same bytes an event, prepared beforehand. It checks nothing, answers nobody
// and serves no one who follows, so its rate is the most that this disk and RocksDB give.
//
// For the latency, writers are threads that wait for each append before the next; the peer's write batches of one event
// to one RocksDB, each with a sync, which RocksDB commits in groups.
#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/projection_store.hpp"
#include "adapters/rocksdb/record_codec.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/rocksdb/stored_forms.hpp"
#include "benchmarks/table.hpp"
#include "events/projection_runner.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/temporary_folder.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <semaphore>
#include <thread>
#include <vector>

#include <rocksdb/file_system.h>

using namespace strowger;
using namespace strowger::bench;
using namespace strowger::test;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::uint64_t devices = 10'000;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Measured {
  double rate = 0;   // events a second
  double cpu = 0;    // µs of CPU time an event
  double batch = 0;  // events a sync
  double call = 0;   // ns that append() took of its caller
};

std::vector<AppendRequest> prepared(std::size_t events) {
  IdSource ids;
  std::vector<AppendRequest> requests;
  requests.reserve(events);
  for (std::size_t i = 0; i < events; ++i) requests.push_back(sample_append(i % devices, ids));
  return requests;
}

// `open` requests are always under way: half of them in the batch that is being synced, half in the next.
Measured ours(const std::filesystem::path& folder, std::vector<AppendRequest> requests, std::ptrdiff_t open) {
  const auto log = must(rocks::RocksLog::open({.folder = folder}));
  std::counting_semaphore<> free(open);
  const auto cpu = cpu_seconds();
  const auto start = Steady::now();
  Steady::duration calling{};
  std::size_t timed = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    free.acquire();
    const bool time_it = i % 16 == 0;
    const auto before = time_it ? Steady::now() : Steady::time_point{};
    log->append(std::move(requests[i]), [&free](const Result<Receipt>& receipt) {
      if (!receipt) std::abort();
      free.release();
    });
    if (time_it) {
      calling += Steady::now() - before;
      ++timed;
    }
  }
  for (std::ptrdiff_t i = 0; i < open; ++i) free.acquire();
  const auto took = seconds_since(start);
  const auto events = static_cast<double>(requests.size());
  const auto counters = log->counters();
  return {events / took, (cpu_seconds() - cpu) * 1e6 / events, events / static_cast<double>(counters.batches),
          std::chrono::duration<double, std::nano>(calling).count() / static_cast<double>(timed)};
}

struct RawEvent {
  std::string position, record, stream;
};

std::vector<RawEvent> raw_events(const std::vector<AppendRequest>& requests) {
  std::vector<RawEvent> events(requests.size());
  rocks::Hasher hasher;
  rocks::ChainEnd end;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const StreamVersion version{i / devices + 1};
    rocks::append_key(events[i].position, i + 1);
    rocks::encode_record(events[i].record, requests[i].stream, version, requests[i].events[0], hasher, end);
    rocks::stream_key(events[i].stream, requests[i].stream, version);
  }
  return events;
}

Measured raw(const std::filesystem::path& folder, const std::vector<RawEvent>& events, std::size_t batch_size) {
  const auto env = rocksdb::NewCompositeEnv(rocksdb::FileSystem::Default());
  std::unique_ptr<rocks::Database> database;
  if (!rocks::Database::open({folder, env.get(), 32U << 20, 16U << 20}, rocks::Access::read_write, database).ok())
    std::exit(1);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  rocksdb::WriteBatch batch;
  const auto cpu = cpu_seconds();
  const auto start = Steady::now();
  for (std::size_t i = 0; i < events.size();) {
    batch.Clear();
    for (std::size_t end = std::min(events.size(), i + batch_size); i < end; ++i) {
      (void)batch.Put((*database)[rocks::Family::events], events[i].position, events[i].record);
      (void)batch.Put((*database)[rocks::Family::streams], events[i].stream, events[i].position);
    }
    if (!database->db().Write(synced, &batch).ok()) std::exit(1);
  }
  const auto took = seconds_since(start);
  const auto count = static_cast<double>(events.size());
  return {count / took, (cpu_seconds() - cpu) * 1e6 / count, static_cast<double>(batch_size), 0};
}

Measured median(std::vector<Measured> runs) {
  std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.rate < b.rate; });
  return runs[runs.size() / 2];
}

void appends(const std::filesystem::path& folder, std::ptrdiff_t batch, std::size_t events) {
  std::vector<Measured> peer, us;
  for (int run = 0; run < 3; ++run) {
    auto requests = prepared(events);
    const auto same = raw_events(requests);
    us.push_back(ours(folder / "ours", std::move(requests), 2 * batch));
    peer.push_back(raw(folder / "raw", same, static_cast<std::size_t>(std::max(1.0, us.back().batch + 0.5))));
    std::filesystem::remove_all(folder / "ours");
    std::filesystem::remove_all(folder / "raw");
  }
  const auto p = median(peer), o = median(us);
  const auto name = "batches of " + std::to_string(batch) + " (synced: " + std::to_string(int(o.batch + 0.5)) + ")";
  table_row("durable appends/s, " + name, p.rate, o.rate, ">= 0.8");
  table_row("  CPU ns an event, " + name, p.cpu * 1e3, o.cpu * 1e3, "");
  table_row("  ns that append() takes of its caller", o.call, "< 1000");
}

struct Latency {
  double rate = 0;  // events a second
  double p50 = 0;   // µs
  double p99 = 0;
};

// `write(writer, n)` is the n-th append of a writer, and returns when it is durable.
template <class Write>
Latency measure(std::size_t writers, Write write) {
  constexpr auto warm = std::chrono::milliseconds(300), whole = std::chrono::milliseconds(1'500);
  std::vector<std::vector<float>> times(writers);
  const auto start = Steady::now() + std::chrono::milliseconds(50);
  {
    std::vector<std::jthread> threads;
    for (std::size_t writer = 0; writer < writers; ++writer)
      threads.emplace_back([&, writer] {
        std::this_thread::sleep_until(start);
        for (std::size_t n = 0;; ++n) {
          const auto before = Steady::now();
          if (before > start + whole) return;
          write(writer, n);
          const auto took = Steady::now() - before;
          if (before > start + warm) times[writer].push_back(std::chrono::duration<float, std::micro>(took).count());
        }
      });
  }
  std::vector<float> all;
  for (const auto& some : times) all.insert(all.end(), some.begin(), some.end());
  if (all.empty()) std::exit(1);
  std::sort(all.begin(), all.end());
  const auto at = [&](double part) {
    return all[static_cast<std::size_t>(part * static_cast<double>(all.size() - 1))];
  };
  return {static_cast<double>(all.size()) / std::chrono::duration<double>(whole - warm).count(), at(0.5), at(0.99)};
}

Latency our_latency(const std::filesystem::path& folder, std::size_t writers) {
  const auto log = must(rocks::RocksLog::open({.folder = folder}));
  IdSource ids;
  return measure(writers, [&](std::size_t writer, std::size_t) {
    std::binary_semaphore done(0);
    log->append(sample_append(writer, ids), [&done](const Result<Receipt>& receipt) {
      if (!receipt) std::abort();
      done.release();
    });
    done.acquire();
  });
}

Latency peer_latency(const std::filesystem::path& folder, std::size_t writers) {
  const auto env = rocksdb::NewCompositeEnv(rocksdb::FileSystem::Default());
  std::unique_ptr<rocks::Database> database;
  if (!rocks::Database::open({folder, env.get(), 32U << 20, 16U << 20}, rocks::Access::read_write, database).ok())
    std::exit(1);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  IdSource ids;
  // One event's bytes, made once: the peer encodes nothing.
  const auto event = raw_events(prepared(1)).front();
  std::atomic<std::uint64_t> position = 0;
  return measure(writers, [&](std::size_t writer, std::size_t n) {
    std::string key, stream;
    rocks::append_key(key, ++position);
    rocks::stream_key(stream, StreamId::of(sample_mac(writer)), StreamVersion{n + 1});
    rocksdb::WriteBatch batch;
    (void)batch.Put((*database)[rocks::Family::events], key, event.record);
    (void)batch.Put((*database)[rocks::Family::streams], stream, key);
    if (!database->db().Write(synced, &batch).ok()) std::abort();
  });
}

void latency(const std::filesystem::path& folder) {
  for (const std::size_t writers : {1, 64, 1024}) {
    const auto us = our_latency(folder / "ours", writers);
    const auto peer = peer_latency(folder / "raw", writers);
    std::filesystem::remove_all(folder / "ours");
    std::filesystem::remove_all(folder / "raw");
    const auto name = std::to_string(writers) + (writers == 1 ? " writer" : " writers");
    table_row("append p50, µs, " + name, peer.p50, us.p50, "<= 1.5");
    table_row("append p99, µs, " + name, peer.p99, us.p99, "<= 1.5");
    table_row("  durable appends/s, " + name, peer.rate, us.rate, "");
  }
}

void starts(const std::filesystem::path& folder) {
  constexpr std::size_t events = 1'000'000;
  {
    const auto log = must(rocks::RocksLog::open({.folder = folder / "log"}));
    IdSource ids;
    std::counting_semaphore<> free(4'096);
    for (std::size_t i = 0; i < events; ++i) {
      free.acquire();
      log->append(sample_append(i % devices, ids), [&free](const Result<Receipt>&) { free.release(); });
    }
    for (int i = 0; i < 4'096; ++i) free.acquire();
  }
  const auto start = [&](const char* what, const char* aim, bool rate) {
    const auto cpu = cpu_seconds();
    const auto began = Steady::now();
    const auto log = must(rocks::RocksLog::open({.folder = folder / "log"}));
    const auto store = must(rocks::RocksProjectionStore::open({.folder = folder / "projections"}));
    ServedCounts served, other(1, "other"), third(1, "third");
    ProjectionRunner runner(*log, *store, {&served, &other, &third});
    must(runner.start());
    if (!runner.wait_applied(log->last_position(), Steady::now() + std::chrono::minutes(2))) std::exit(1);
    const auto took = seconds_since(began);
    table_row(what, rate ? static_cast<double>(events) / took : took, aim);
    table_row("  CPU seconds", cpu_seconds() - cpu, "");
  };
  start("rebuild of 3 projections from 1,000,000 events, events/s", ">= 200000", true);
  start("start with 1,000,000 events, projections current, s", "<= 1", false);
}

}  // namespace

int main(int argc, char** argv) {
  const TemporaryFolder temporary;
  const std::filesystem::path folder = argc > 1 ? std::filesystem::path(argv[1]) / "bench_log" : temporary.path();
  const std::string_view only = argc > 2 ? argv[2] : "";
  table_head();
  if (only.empty() || only == "appends") {
    appends(folder, 64, 100'000);
    appends(folder, 256, 200'000);
  }
  if (only.empty() || only == "latency") latency(folder);
  if (only.empty() || only == "starts") starts(folder);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}
