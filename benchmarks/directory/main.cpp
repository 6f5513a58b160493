// Syncs of 5,000 and of 50,000 people of a real slapd by the real program: how long the first one takes, which makes
// all the extensions, and one that finds nothing changed; and how much memory a sync takes. The peer is ldapsearch,
// which pages through the same people over the same TLS and only writes down what it reads.
#include "benchmarks/table.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/ldap/slapd.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <charconv>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include <boost/json.hpp>

using namespace strowger;
using namespace strowger::test;

namespace {

std::string people(int count) {
  std::string ldif;
  for (int i = 0; i < count; ++i) {
    const auto number = std::to_string(100'000 + i);
    ldif += Slapd::person("u" + number, "Person " + number, "+43 1 234 " + number,
                          "displayName: Person Number " + number + "\nmail: u" + number + "@example.com\n");
  }
  return ldif;
}

class Server {
 public:
  explicit Server(const Slapd& slapd) {
    std::ofstream(folder_.path() / "s.yml")
        << "data_dir: " << (folder_.path() / "data").string() << "\nlogging: {file: \"\"}\n"
        << "server: {sip_host: 127.0.0.1}\napi: {host: 127.0.0.1}\nintegrations:\n  ldap: {enabled: true, "
        << "auto_provision: true, number_rule: last 6, server: \"" << slapd.tls_url() << "\", ca_file: \""
        << slapd.ca_file().string() << "\", base_dn: \"" << Slapd::base << "\", bind_dn: \"" << Slapd::reader
        << "\", bind_password: " << Slapd::password << "}\n";
    process_ = std::make_unique<Process>(
        STROWGER_PROGRAM, std::vector<std::string>{"serve", "--config", config(), "--api-port", "0", "--sip-port", "0"},
        folder_.path() / "out");
    const std::string label = "API port: ";
    const bool up = eventually(
        [&] {
          const auto log = process_->output();
          const auto at = log.find(label);
          if (at != std::string::npos) std::from_chars(log.data() + at + label.size(), log.data() + log.size(), port_);
          return port_ != 0 || !process_->running();
        },
        std::chrono::seconds(60));
    if (!up || port_ == 0) throw std::runtime_error("the server did not start:\n" + process_->output());
    Process token(STROWGER_PROGRAM, {"token", "--config", config()}, folder_.path() / "token");
    token.wait();
    token_ = token.output();
    token_.pop_back();
  }

  // Seconds.
  double sync(const std::string& expected, std::int64_t count) {
    const auto begun = std::chrono::steady_clock::now();
    const auto reply = http(port_, "POST", "/api/integrations/ldap/sync", {{"Authorization", "Bearer " + token_}});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    if (reply.status != 200 || reply.json().at(expected).as_int64() != count)
      throw std::runtime_error("the sync failed: " + reply.body);
    return took.count();
  }
  // Of /proc/<pid>/status, in MB.
  double memory(const std::string& what) const {
    std::ifstream status("/proc/" + std::to_string(process_->id()) + "/status");
    std::string line;
    while (std::getline(status, line))
      if (line.starts_with(what + ":")) return std::stod(line.substr(what.size() + 1)) / 1024;
    return 0;
  }
  void forget_peak() const { std::ofstream("/proc/" + std::to_string(process_->id()) + "/clear_refs") << "5"; }

 private:
  std::string config() const { return (folder_.path() / "s.yml").string(); }

  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  std::string token_;
  std::unique_ptr<Process> process_;
};

// Seconds of reading the same attributes of the same people in pages of the same size.
double ldapsearch(const Slapd& slapd, int count) {
  const auto file = slapd.folder() / "ldapsearch.out";
  const auto begun = std::chrono::steady_clock::now();
  Process search("env",
                 {"LDAPTLS_CACERT=" + slapd.ca_file().string(),
                  "ldapsearch",
                  "-x",
                  "-LLL",
                  "-H",
                  slapd.tls_url(),
                  "-D",
                  Slapd::reader,
                  "-w",
                  Slapd::password,
                  "-b",
                  Slapd::base,
                  "-E",
                  "pr=1000/noprompt",
                  "(objectClass=inetOrgPerson)",
                  "entryUUID",
                  "displayName",
                  "cn",
                  "mail",
                  "telephoneNumber",
                  "modifyTimestamp"},
                 file);
  const auto code = search.wait();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const auto output = search.output();
  int found = 0;
  for (auto at = output.find("dn: uid=u"); at != std::string::npos; at = output.find("dn: uid=u", at + 1)) ++found;
  if (code != 0 || found != count)
    throw std::runtime_error("ldapsearch found " + std::to_string(found) + " people:\n" + output.substr(0, 500));
  return took.count();
}

void measure(int count) {
  const auto who = std::to_string(count) + " people: ";
  const Slapd slapd(people(count));
  Server server(slapd);
  const auto before = server.memory("VmRSS");
  const auto first = server.sync("created", count);
  const auto with_rows = server.memory("VmRSS");
  const auto peak_of_first = server.memory("VmHWM");
  server.sync("unchanged", count);  // beside which what the first one wrote is brought into shape on the disk
  const auto settled = server.memory("VmRSS");
  server.forget_peak();
  const auto again = server.sync("unchanged", count);
  const auto peak = server.memory("VmHWM");
  const auto peer = ldapsearch(slapd, count);

  const auto a_second = [&](double seconds) { return count / seconds; };
  bench::table_row(who + "first sync, all made (s)", first, count == 50'000 ? "under 20" : "");
  bench::table_row(who + "first sync, all made (people/s)", a_second(peer), a_second(first), "");
  bench::table_row(who + "nothing changed (s)", again, "");
  bench::table_row(who + "nothing changed (people/s)", a_second(peer), a_second(again), "0.3 of only reading them");
  bench::table_row(who + "memory of the server before (MB)", before, "");
  bench::table_row(who + "memory that the extensions take for good (MB)", with_rows - before, "");
  bench::table_row(who + "peak over that in the first sync (MB)", peak_of_first - with_rows, "");
  bench::table_row(who + "peak over what it has when nothing changed (MB)", peak - settled,
                   "no more with ten times the people");
}

}  // namespace

int main() {
  bench::table_head();
  measure(5'000);
  measure(50'000);
}
