// A real slapd in a temporary folder, on free ports of 127.0.0.1.
#pragma once

#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace strowger::test {

class Slapd {
 public:
  static constexpr const char* base = "dc=example,dc=com";
  static constexpr const char* admin = "cn=admin,dc=example,dc=com";
  // Who syncs: sees at most 600 entries of an unpaged search.
  static constexpr const char* reader = "cn=sync,dc=example,dc=com";
  static constexpr const char* password = "s3cret";

  struct Options {
    std::string san = "DNS:localhost,IP:127.0.0.1";  // of its certificate
    long valid_seconds = 3600;
    bool tls = true;   // no: neither ldaps nor StartTLS
    std::string more;  // lines of slapd.conf, before its database
  };
  // With the base, ou=people, ou=former, ou=groups and the reader, and `ldif` loaded behind them.
  explicit Slapd(const std::string& ldif, Options options);
  explicit Slapd(const std::string& ldif) : Slapd(ldif, Options()) {}

  // A person below ou=people. `more` are further lines.
  static std::string person(const std::string& uid, const std::string& name, const std::string& number,
                            const std::string& more = {});
  static std::string dn(const std::string& uid) { return "uid=" + uid + ",ou=people," + base; }

  // Change records; throws where they are refused.
  void modify(const std::string& ldif);
  void replace(const std::string& uid, const std::string& attribute, const std::string& value);

  void stop();
  void start();

  // What it was asked, a line for each operation: "… BIND dn=…", "… SRCH base=…".
  std::string asked() const { return process_->output(); }
  std::uint16_t port() const { return port_; }
  std::uint16_t tls_port() const { return tls_port_; }
  std::string url(const std::string& host = "127.0.0.1") const;      // ldap://
  std::string tls_url(const std::string& host = "127.0.0.1") const;  // ldaps://
  std::filesystem::path ca_file() const { return folder_.path() / "ca.pem"; }
  std::filesystem::path folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  std::uint16_t tls_port_ = 0;
  bool tls_ = true;
  int runs_ = 0;
  std::unique_ptr<Process> process_;
};

// A port of 127.0.0.1 that nobody has now.
std::uint16_t free_port();
// Whether somebody listens there.
bool listens(const std::string& address, std::uint16_t port);

}  // namespace strowger::test
