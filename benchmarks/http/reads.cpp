#include "benchmarks/http/reads.hpp"

#include "benchmarks/http/fetch.hpp"
#include "benchmarks/http/site.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/json/parse.hpp>

namespace strowger::bench {
namespace {

template <class Work>
double milliseconds_of(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

double middle(std::vector<double>& times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

std::string login_request() {
  const std::string body = std::string(R"({"username":"admin","password":")") + admin_password + "\"}";
  return "POST /api/auth/login HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

ReadTimes time_reads(std::uint16_t port, unsigned rounds) {
  const auto session = boost::json::parse(body_of_reply(raw_exchange(port, login_request())));
  const std::string bearer(session.at("token").as_string());
  const std::string diagnostics =
      "GET /api/provisioning/diagnostics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nAuthorization: Bearer " +
      bearer + "\r\n\r\n";
  std::vector<double> scrapes;
  std::vector<double> reads;
  for (unsigned i = 0; i < rounds; ++i) {
    scrapes.push_back(milliseconds_of([&] { fetch(port, "/metrics"); }));
    reads.push_back(milliseconds_of([&] { body_of_reply(raw_exchange(port, diagnostics)); }));
  }
  ReadTimes times;
  times.scrape = middle(scrapes);
  times.worst_scrape = scrapes.back();
  times.diagnostics = middle(reads);
  times.worst_diagnostics = reads.back();
  return times;
}

LoginTimes time_logins(std::uint16_t port, unsigned logins, unsigned scrapers) {
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> scraped = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < scrapers; ++i)
    threads.emplace_back([&] {
      const std::string scrape = "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
      while (!stop) {
        raw_exchange(port, scrape);
        ++scraped;
      }
    });
  LoginTimes out;
  std::vector<double> times;
  const auto request = login_request();
  const auto took = milliseconds_of([&] {
    for (unsigned i = 0; i < logins; ++i)
      times.push_back(milliseconds_of([&] {
        if (!raw_exchange(port, request).starts_with("HTTP/1.1 200")) ++out.failures;
      }));
  });
  stop = true;
  for (auto& thread : threads) thread.join();
  out.median = middle(times);
  out.worst = times.back();
  out.scrapes = static_cast<double>(scraped) * 1000 / took;
  return out;
}

}  // namespace strowger::bench
