// A real Samba Active Directory domain controller in a temporary folder, on a loopback address of its own (its ports
// are fixed: 389, 636).
#pragma once

#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace strowger::test {

class Samba {
 public:
  static constexpr const char* base = "DC=example,DC=test";
  static constexpr const char* admin = "administrator@example.test";
  static constexpr const char* password = "Passw0rd.Admin";

  // Why none can run here; empty: one can.
  static std::string missing();

  // Provisions a domain with `ldif` in it, which takes some seconds.
  explicit Samba(const std::string& ldif);
  ~Samba();

  static std::string dn(const std::string& account, const std::string& where = "OU=People") {
    return "CN=" + account + "," + where + "," + base;
  }
  static std::string person(const std::string& account, const std::string& name, const std::string& number,
                            const std::string& more = {});

  void modify(const std::string& ldif);
  void replace(const std::string& account, const std::string& attribute, const std::string& value);

  const std::string& address() const { return address_; }
  static constexpr std::uint16_t tls_port = 636;
  std::string url() const { return "ldaps://" + address_; }
  std::filesystem::path ca_file() const { return folder_.path() / "ca.pem"; }
  std::filesystem::path folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::string address_;
  std::unique_ptr<Process> process_;
};

}  // namespace strowger::test
