// The same server over TLS, with a certificate made here.
#include "tests/integration/http/fixture.hpp"

#include <cstdio>
#include <filesystem>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;

namespace {

struct Certificate {
  std::filesystem::path folder;
  std::string cert;
  std::string key;

  Certificate() {
    std::string name = (std::filesystem::temp_directory_path() / "strowger-tls-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    cert = folder / "cert.pem";
    key = folder / "key.pem";
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair(EVP_EC_gen("P-256"), EVP_PKEY_free);
    std::unique_ptr<X509, decltype(&X509_free)> x509(X509_new(), X509_free);
    X509_set_version(x509.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
    X509_set_pubkey(x509.get(), pair.get());
    auto* subject = X509_get_subject_name(x509.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(x509.get(), subject);
    REQUIRE(X509_sign(x509.get(), pair.get(), EVP_sha256()) > 0);
    write(cert, [&](FILE* file) { return PEM_write_X509(file, x509.get()); });
    write(key,
          [&](FILE* file) { return PEM_write_PrivateKey(file, pair.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  ~Certificate() { std::filesystem::remove_all(folder); }

  template <class Write>
  static void write(const std::string& path, Write write) {
    std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "w"), std::fclose);
    REQUIRE(write(file.get()) == 1);
  }
};

struct Secure : Fixture {
  Certificate certificate;
  Secure() {
    options.cert_file = certificate.cert;
    options.key_file = certificate.key;
  }
};

}  // namespace

TEST_CASE_METHOD(Secure, "TLS carries the same: keep-alive, large replies, bodies, waiting handlers") {
  Client client(start());
  REQUIRE(client.start_tls());
  CHECK(client.ask(get("/api/echo/1")).body == "1|");
  CHECK(client.ask(post("{\"a\":1}")).body == "{\"a\":1}");
  CHECK(client.ask(get("/api/large")).body.size() == 8 * 1024 * 1024);
  gate.open();
  CHECK(client.ask(get("/api/slow")).body == "done");
  CHECK(client.ask(get("/file.cfg", "Connection: close\r\n")).body == "a phone's file");
  CHECK(client.closes());
}

TEST_CASE_METHOD(Secure, "TLS below 1.2 is refused, 1.2 and 1.3 are spoken") {
  const auto port = start();
  CHECK_FALSE(Client(port).start_tls(TLS1_VERSION, TLS1_1_VERSION));
  CHECK(Client(port).start_tls(TLS1_2_VERSION, TLS1_2_VERSION));
  CHECK(Client(port).start_tls(TLS1_3_VERSION, TLS1_3_VERSION));
}

TEST_CASE_METHOD(Secure, "who connects and never shakes hands is cut, and plain text is not answered") {
  options.limits.head_time = std::chrono::milliseconds(150);
  const auto port = start();
  Client silent(port);
  Client plain(port);
  plain.send(get("/file.cfg"));
  CHECK(plain.closes());
  CHECK(silent.closes());
}

TEST_CASE_METHOD(Secure, "a certificate that cannot be used stops the start and says which") {
  options.key_file = options.cert_file;
  auto started = Server::start(options, router);
  REQUIRE_FALSE(started);
  CHECK(started.error().code == "http_tls_failed");
  CHECK_THAT(started.error().message, ContainsSubstring("api.tls.key_file"));
  options.cert_file = "/nowhere/cert.pem";
  started = Server::start(options, router);
  REQUIRE_FALSE(started);
  CHECK_THAT(started.error().message, ContainsSubstring("/nowhere/cert.pem"));
}
