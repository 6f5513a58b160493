// Config fetches: 64 keep-alive connections over 10,000 devices' files, every fetch recorded as an event in the real
// log, against nginx serving the very same files. Rounds alternate in one run, and the table shows medians: requests/s,
// CPU time a request, and the ratios.
//
//   bench_http [--rounds N] [--seconds S] [--devices N]
#include "benchmarks/http/fetch.hpp"
#include "benchmarks/http/load.hpp"
#include "benchmarks/http/nginx.hpp"
#include "benchmarks/http/site.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

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

int compare(const Setup& setup, const char* self) {
  std::string name = (std::filesystem::temp_directory_path() / "strowger-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return 1;
  const std::filesystem::path folder = name;
  std::filesystem::create_directories(folder / "files/provision");
  std::filesystem::permissions(folder, std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
  {
    const auto our_port = bench::free_port();
    const bench::Process ours({self, "--serve", std::to_string(our_port), "--devices", std::to_string(setup.devices),
                               "--folder", (folder / "data").string()});
    bench::wait_for_port(our_port);
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
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Setup setup;
  std::filesystem::path folder;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--folder") folder = argv[i + 1];
    const auto value = static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10));
    if (option == "--rounds") setup.rounds = value;
    if (option == "--seconds") setup.time = std::chrono::seconds(value);
    if (option == "--devices") setup.devices = value;
    if (option == "--serve") setup.serve = static_cast<std::uint16_t>(value);
  }
  return setup.serve != 0 ? bench::serve_site(folder, setup.serve, setup.devices) : compare(setup, argv[0]);
}
