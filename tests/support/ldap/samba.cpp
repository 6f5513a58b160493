#include "tests/support/ldap/samba.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/ldap/certificates.hpp"
#include "tests/support/ldap/slapd.hpp"

#include <random>
#include <stdexcept>

#include <unistd.h>

namespace strowger::test {
namespace {

namespace fs = std::filesystem;

// None of whose ports anybody has: 127.16.0.1 to 127.127.255.254.
std::string free_address() {
  std::random_device random;
  for (int i = 0; i < 100; ++i) {
    const auto address = "127." + std::to_string(16 + random() % 112) + "." + std::to_string(random() % 256) + "." +
                         std::to_string(1 + random() % 254);
    if (!listens(address, 389) && !listens(address, 636)) return address;
  }
  throw std::runtime_error("no free loopback address");
}

}  // namespace

std::string Samba::missing() {
  for (const auto* file : {"/usr/sbin/samba", "/usr/share/samba/setup/provision.ldif", "/usr/bin/python3"})
    if (!fs::exists(file)) return std::string(file) + " is not there: install samba and samba-ad-provision";
  if (::geteuid() != 0) return "its ports 389 and 636 need root";
  return {};
}

std::string Samba::person(const std::string& account, const std::string& name, const std::string& number,
                          const std::string& more) {
  return "dn: " + dn(account) + "\nobjectClass: user\nsAMAccountName: " + account + "\nuserAccountControl: 544\n" +
         (name.empty() ? "" : "displayName: " + name + "\n") + (number.empty() ? "" : "ipPhone: " + number + "\n") +
         more + "\n";
}

Samba::Samba(const std::string& ldif) : address_(free_address()) {
  const auto at = [&](const char* name) { return (folder() / name).string(); };
  const Authority authority(ca_file(), "Test CA of " + address_);
  authority.issue(at("cert.pem"), at("key.pem"), "DNS:dc1.example.test,IP:127.0.0.1,IP:" + address_);
  fs::permissions(at("key.pem"), fs::perms::owner_read | fs::perms::owner_write);  // Samba insists
  std::ofstream(at("users.ldif")) << "dn: OU=People," << base << "\nobjectClass: organizationalUnit\n\ndn: OU=Former,"
                                  << base << "\nobjectClass: organizationalUnit\n\n"
                                  << ldif;
  Process provision("/usr/bin/python3", {STROWGER_SAMBA_PROVISION, at("."), address_, at("users.ldif")},
                    at("provision.out"));
  if (provision.wait() != 0) throw std::runtime_error("no domain:\n" + provision.output());
  fs::create_directories(at("cache"));
  process_ = std::make_unique<Process>(
      "/usr/sbin/samba",
      std::vector<std::string>{"-F", "--no-process-group", "-M", "single", "--debug-stdout", "-s", at("etc/smb.conf")},
      at("samba.out"));
  const bool up = eventually([&] { return !process_->running() || listens(address_, 636); }, std::chrono::seconds(60));
  if (!up || !process_->running()) throw std::runtime_error("samba did not start:\n" + process_->output());
}

Samba::~Samba() {
  // It ends what it started only when it is asked to.
  process_->send(SIGTERM);
  eventually([&] { return !process_->running(); }, std::chrono::seconds(5));
}

void Samba::modify(const std::string& ldif) {
  std::ofstream(folder() / "change.ldif") << ldif;
  // Over TLS, as domain controllers insist; the certificate is not what is tested here.
  Process change("/usr/bin/env",
                 {"LDAPTLS_REQCERT=never", "ldapmodify", "-x", "-H", url(), "-D", admin, "-w", password, "-f",
                  (folder() / "change.ldif").string()},
                 folder() / "change.out");
  if (change.wait() != 0) throw std::runtime_error("ldapmodify failed:\n" + change.output());
}

void Samba::replace(const std::string& account, const std::string& attribute, const std::string& value) {
  modify("dn: " + dn(account) + "\nchangetype: modify\nreplace: " + attribute + "\n" + attribute + ": " + value + "\n");
}

}  // namespace strowger::test
