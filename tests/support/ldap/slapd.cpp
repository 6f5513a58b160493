#include "tests/support/ldap/slapd.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/ldap/certificates.hpp"

#include <stdexcept>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace strowger::test {
namespace {

namespace fs = std::filesystem;
using boost::asio::ip::tcp;

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

void run(const std::string& program, const std::vector<std::string>& arguments, const fs::path& output) {
  Process process(program, arguments, output);
  if (process.wait() != 0) throw std::runtime_error(program + " failed:\n" + process.output());
}

}  // namespace

std::uint16_t free_port() {
  boost::asio::io_context context;
  const tcp::acceptor acceptor(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
  return acceptor.local_endpoint().port();
}

bool listens(const std::string& address, std::uint16_t port) {
  boost::asio::io_context context;
  tcp::socket socket(context);
  boost::system::error_code fault;
  socket.connect({boost::asio::ip::make_address(address), port}, fault);
  return !fault;
}

Slapd::Slapd(const std::string& ldif, Options options) : port_(free_port()), tls_port_(free_port()), tls_(options.tls) {
  const auto at = [&](const char* name) { return (folder() / name).string(); };
  const Authority authority(ca_file(), "Test CA");
  authority.issue(at("cert.pem"), at("key.pem"), options.san, options.valid_seconds);
  const auto tls = tls_ ? "TLSCACertificateFile " + ca_file().string() + "\nTLSCertificateFile " + at("cert.pem") +
                              "\nTLSCertificateKeyFile " + at("key.pem") + "\n"
                        : std::string();
  fs::create_directories(folder() / "db");
  // A copy: where AppArmor knows slapd by its path, it may write nowhere but in its own folders.
  fs::copy_file("/usr/sbin/slapd", folder() / "slapd");
  write(folder() / "slapd.conf", std::string("include /etc/ldap/schema/core.schema\n"
                                             "include /etc/ldap/schema/cosine.schema\n"
                                             "include /etc/ldap/schema/nis.schema\n"
                                             "include /etc/ldap/schema/inetorgperson.schema\n"
                                             "modulepath /usr/lib/ldap\nmoduleload back_mdb\n") +
                                     "pidfile " + at("pid") + "\nargsfile " + at("args") + "\n" + tls + options.more +
                                     "\ndatabase mdb\nmaxsize 2147483648\ndbnosync\nsuffix " + base + "\nrootdn " +
                                     admin + "\nrootpw " + password + "\ndirectory " + at("db") +
                                     "\nindex objectClass,uid,entryUUID,modifyTimestamp eq\nlimits dn.exact=" + reader +
                                     " size.soft=600 size.hard=600 size.prtotal=unlimited\n"
                                     "access to attrs=userPassword by anonymous auth by * none\n"
                                     "access to * by users read by * none\n");
  const std::string dcs(base);
  write(folder() / "base.ldif",
        "dn: " + dcs + "\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n" +
            "dn: ou=people," + dcs + "\nobjectClass: organizationalUnit\nou: people\n\n" + "dn: ou=former," + dcs +
            "\nobjectClass: organizationalUnit\nou: former\n\n" + "dn: ou=groups," + dcs +
            "\nobjectClass: organizationalUnit\nou: groups\n\n" + "dn: " + reader +
            "\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: sync\nuserPassword: " +
            password + "\n\n" + ldif);
  run(at("slapd"), {"-Ta", "-q", "-f", at("slapd.conf"), "-l", at("base.ldif")}, at("slapadd.out"));
  start();
}

void Slapd::start() {
  process_ = std::make_unique<Process>((folder() / "slapd").string(),
                                       std::vector<std::string>{"-f", (folder() / "slapd.conf").string(), "-d", "stats",
                                                                "-h", url() + (tls_ ? " " + tls_url() : "")},
                                       folder() / ("slapd.out" + std::to_string(++runs_)));
  const bool up = eventually([&] {
    return !process_->running() || (listens("127.0.0.1", port_) && (!tls_ || listens("127.0.0.1", tls_port_)));
  });
  if (!up || !process_->running()) throw std::runtime_error("slapd did not start:\n" + process_->output());
}

void Slapd::stop() {
  process_.reset();
}

std::string Slapd::person(const std::string& uid, const std::string& name, const std::string& number,
                          const std::string& more) {
  return "dn: " + dn(uid) + "\nobjectClass: inetOrgPerson\nuid: " + uid + "\ncn: " + name + "\nsn: " + uid + "\n" +
         (number.empty() ? "" : "telephoneNumber: " + number + "\n") + more + "\n";
}

void Slapd::modify(const std::string& ldif) {
  write(folder() / "change.ldif", ldif);
  run("ldapmodify", {"-x", "-H", url(), "-D", admin, "-w", password, "-f", (folder() / "change.ldif").string()},
      folder() / "change.out");
}

void Slapd::replace(const std::string& uid, const std::string& attribute, const std::string& value) {
  modify("dn: " + dn(uid) + "\nchangetype: modify\nreplace: " + attribute + "\n" + attribute + ": " + value + "\n");
}

std::string Slapd::url(const std::string& host) const {
  return "ldap://" + host + ":" + std::to_string(port_);
}
std::string Slapd::tls_url(const std::string& host) const {
  return "ldaps://" + host + ":" + std::to_string(tls_port_);
}

}  // namespace strowger::test
