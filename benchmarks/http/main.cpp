// Config fetches: 64 keep-alive connections over 10,000 devices' files, every fetch recorded as an event in the real
// log, against nginx serving the very same files. Rounds alternate in one run, and the table shows medians: requests/s,
// CPU time a request, and the ratios. Then a boot storm: all phones of a mixed fleet come up at once.
//
// At last, what it costs to ask about the whole fleet: a scrape and the diagnostics with 1,000 and with 100,000
// devices, and logins with 20,000 devices while 4 clients scrape without pause.
//
//   bench_http [--rounds N] [--seconds S] [--devices N] [--only fetch|storm|reads]
#include "benchmarks/http/fetch.hpp"
#include "benchmarks/http/load.hpp"
#include "benchmarks/http/nginx.hpp"
#include "benchmarks/http/reads.hpp"
#include "benchmarks/http/site.hpp"
#include "benchmarks/http/storm.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <tuple>

#include <stdlib.h>

namespace {

using namespace strowger;

struct Setup {
  unsigned rounds = 5;
  unsigned devices = 10'000;
  std::chrono::milliseconds time{3000};
  unsigned connections = 64;
  std::uint16_t serve = 0;
};

using bench::file_name;

struct Side {
  const char* name;
  const bench::Process& process;
  std::uint16_t port;
  std::string prefix;
  std::vector<double> rates{};
  std::vector<double> costs{};
  std::uint64_t failures = 0;

  void round(const Setup& setup, std::uint64_t seed) {
    std::vector<std::string> paths;
    for (unsigned i = 0; i < setup.devices; ++i) paths.push_back(prefix + file_name(i));
    const auto before = process.cpu();
    const auto result = bench::run_load(port, setup.connections, paths, setup.time, seed);
    const auto cpu = process.cpu() - before;
    rates.push_back(result.rate());
    costs.push_back(static_cast<double>(cpu.count()) / static_cast<double>(std::max<std::uint64_t>(result.replies, 1)));
    failures += result.failures;
  }
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "strowger-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder for the benchmark");
    path_ = name;
    std::filesystem::create_directories(path_ / "files/provision");
    std::filesystem::permissions(path_, std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

bench::Process start_ours(const char* self, const Setup& setup, const std::filesystem::path& folder, std::uint16_t port,
                          bool fleet) {
  bench::Process ours({self, "--serve", std::to_string(port), "--devices", std::to_string(setup.devices), "--folder",
                       (folder / "data").string(), "--fleet", fleet ? "1" : "0"});
  for (int patience = 12;; --patience) {  // a large fleet takes a while to be written
    try {
      bench::wait_for_port(port);
      return ours;
    } catch (const std::exception&) {
      if (patience == 0) throw;
    }
  }
}

void compare_fetches(const Setup& setup, const char* self) {
  const Folder temporary;
  const auto& folder = temporary.path();
  const auto our_port = bench::free_port();
  const auto ours = start_ours(self, setup, folder, our_port, false);
  for (unsigned i = 0; i < setup.devices; ++i)
    std::ofstream(folder / "files/provision" / file_name(i)) << bench::fetch(our_port, "/provision/" + file_name(i));
  const auto nginx_port = bench::free_port();
  const auto nginx = bench::start_nginx(folder, nginx_port, 2);

  Side peer{"nginx", nginx, nginx_port, "/provision/"};
  Side strowger_side{"strowger", ours, our_port, "/provision/"};
  Setup warm = setup;
  warm.time = std::chrono::milliseconds(500);
  for (auto* side : {&peer, &strowger_side}) {
    side->round(warm, 1);
    side->rates.clear();
    side->costs.clear();
  }
  for (unsigned i = 0; i < setup.rounds; ++i) {
    peer.round(setup, i);
    strowger_side.round(setup, i);
  }
  std::printf("%-10s %12s %14s %10s\n", "", "requests/s", "CPU us/request", "failures");
  for (const auto* side : {&peer, &strowger_side})
    std::printf("%-10s %12.0f %14.2f %10llu\n", side->name, median(side->rates), median(side->costs),
                static_cast<unsigned long long>(side->failures));
  std::printf("%-10s %11.2fx %13.2fx\n", "ratio", median(strowger_side.rates) / median(peer.rates),
              median(peer.costs) / median(strowger_side.costs));
  std::printf("%s", bench::recorded(our_port).c_str());
}

void compare_storms(const Setup& setup, const char* self) {
  constexpr unsigned at_once = 512;
  const Folder temporary;
  const auto& folder = temporary.path();
  const auto our_port = bench::free_port();
  const auto ours = start_ours(self, setup, folder, our_port, true);
  std::vector<bench::PhoneBoot> phones;
  for (unsigned i = 0; i < setup.devices; ++i) {
    phones.push_back(bench::boot_of(i));
    for (const auto& file : phones.back())
      if (file.there) std::ofstream(folder / "files" / file.path.substr(1)) << bench::fetch(our_port, file.path);
  }
  const auto nginx_port = bench::free_port();
  const auto nginx = bench::start_nginx(folder, nginx_port, 2);

  std::printf("\n%u phones boot, %u at once\n%-10s %12s %10s %10s %14s %10s\n", setup.devices, at_once, "",
              "requests/s", "p50 us", "p99 us", "CPU us/request", "failures");
  std::vector<double> rates;
  for (const auto& [name, process, port] : {std::tuple{"nginx", &nginx, nginx_port}, {"strowger", &ours, our_port}}) {
    std::vector<double> rounds;
    bench::StormResult middle;
    double cost = 0;
    std::uint64_t failures = 0;
    for (unsigned round = 0; round < setup.rounds; ++round) {
      const auto before = process->cpu();
      const auto result = bench::run_storm(port, at_once, phones);
      const auto cpu = process->cpu() - before;
      failures += result.failures;
      rounds.push_back(static_cast<double>(result.requests) * 1e6 / static_cast<double>(result.took.count()));
      if (rounds.back() == median(rounds)) {
        middle = result;
        cost = static_cast<double>(cpu.count()) / static_cast<double>(result.requests);
      }
    }
    rates.push_back(median(rounds));
    std::printf("%-10s %12.0f %10lld %10lld %14.2f %10llu\n", name, rates.back(),
                static_cast<long long>(middle.p50.count()), static_cast<long long>(middle.p99.count()), cost,
                static_cast<unsigned long long>(failures));
  }
  std::printf("%-10s %11.2fx\n", "ratio", rates[1] / rates[0]);
}

void compare_reads(const Setup& like, const char* self) {
  constexpr unsigned logins = 40;
  const auto serving = [&](unsigned devices, auto measure) {
    Setup setup = like;
    setup.devices = devices;
    const Folder temporary;
    const auto port = bench::free_port();
    const auto ours = start_ours(self, setup, temporary.path(), port, true);
    return measure(port);
  };
  const auto times = [&](std::uint16_t port) { return bench::time_reads(port, 4 * like.rounds); };
  const auto few = serving(1'000, times);
  const auto many = serving(100'000, times);
  std::printf("\n%-34s %12s %12s %8s %12s\n", "median, ms", "1,000", "100,000", "ratio", "worst");
  std::printf("%-34s %12.2f %12.2f %7.2fx %12.2f\n", "GET /metrics", few.scrape, many.scrape, many.scrape / few.scrape,
              many.worst_scrape);
  std::printf("%-34s %12.2f %12.2f %7.2fx %12.2f   aim: below 50\n", "GET /api/provisioning/diagnostics",
              few.diagnostics, many.diagnostics, many.diagnostics / few.diagnostics, many.worst_diagnostics);

  const auto [alone, beside] = serving(20'000, [&](std::uint16_t port) {
    bench::time_logins(port, 3, 0);
    const auto without = bench::time_logins(port, logins, 0);
    return std::pair(without, bench::time_logins(port, logins, 4));
  });
  std::printf("\n%-34s %12s %12s %10s %12s\n", "logins, 20,000 devices", "median ms", "worst ms", "failures",
              "scrapes/s");
  for (const auto& [name, side] : {std::pair{"alone", &alone}, {"beside 4 scrapers", &beside}})
    std::printf("%-34s %12.1f %12.1f %10llu %12.0f\n", name, side->median, side->worst,
                static_cast<unsigned long long>(side->failures), side->scrapes);
  std::printf("%-34s %11.2fx %11.2fx\n", "ratio", beside.median / alone.median, beside.worst / alone.worst);
}

}  // namespace

int main(int argc, char** argv) {
  Setup setup;
  std::filesystem::path folder;
  std::string only;
  bool fleet = false;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--folder") folder = argv[i + 1];
    if (option == "--only") only = argv[i + 1];
    const auto value = static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10));
    if (option == "--rounds") setup.rounds = value;
    if (option == "--seconds") setup.time = std::chrono::seconds(value);
    if (option == "--devices") setup.devices = value;
    if (option == "--fleet") fleet = value != 0;
    if (option == "--serve") setup.serve = static_cast<std::uint16_t>(value);
  }
  if (setup.serve != 0) return bench::serve_site(folder, setup.serve, setup.devices, fleet);
  if (only.empty() || only == "fetch") compare_fetches(setup, argv[0]);
  if (only.empty() || only == "storm") compare_storms(setup, argv[0]);
  if (only.empty() || only == "reads") compare_reads(setup, argv[0]);
  return 0;
}
