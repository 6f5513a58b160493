// A certificate authority of a test's own.
#pragma once

#include "tests/support/catch.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace strowger::test {

class Authority {
 public:
  struct Wanted {
    std::string name;   // the subject's CN
    std::string dns{};  // an alternative name; empty: none
    long from = -3600;  // seconds from now
    long until = 3600;
  };
  struct Issued {
    std::string cert;  // files
    std::string key;
  };

  Authority(std::filesystem::path folder, const std::string& name)
      : folder_(std::move(folder)), key_(make_key()), certificate_(nullptr, X509_free) {
    certificate_ = make({name}, key_.get(), true);
    write(file(), [&](FILE* to) { return PEM_write_X509(to, certificate_.get()); });
  }
  std::string file() const { return folder_ / (name_of(certificate_.get()) + "-ca.pem"); }

  // Into <folder>/<as>.pem and .key, whole in one step each.
  Issued issue(const std::string& as, const Wanted& wanted) {
    const auto key = make_key();
    const auto certificate = make(wanted, key.get(), false);
    Issued issued{folder_ / (as + ".pem"), folder_ / (as + ".key")};
    write(issued.cert, [&](FILE* to) { return PEM_write_X509(to, certificate.get()); });
    write(issued.key,
          [&](FILE* to) { return PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    return issued;
  }

  static std::string name_of(X509* certificate) {
    char text[128] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, sizeof text);
    return text;
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  static Key make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

  Certificate make(const Wanted& wanted, EVP_PKEY* key, bool authority) {
    Certificate made(X509_new(), X509_free);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), wanted.from);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), wanted.until);
    X509_set_pubkey(made.get(), key);
    auto* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wanted.name.c_str()), -1, -1, 0);
    X509_set_issuer_name(made.get(), authority ? subject : X509_get_subject_name(certificate_.get()));
    const auto extend = [&](int id, const std::string& value) {
      std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
          X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str()), X509_EXTENSION_free);
      REQUIRE(extension);
      X509_add_ext(made.get(), extension.get(), -1);
    };
    extend(NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!wanted.dns.empty()) extend(NID_subject_alt_name, "DNS:" + wanted.dns);
    REQUIRE(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0);
    return made;
  }

  template <class Write>
  static void write(const std::string& path, Write write) {
    const auto beside = path + ".new";
    {
      std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(beside.c_str(), "w"), std::fclose);
      REQUIRE(file);
      REQUIRE(write(file.get()) == 1);
    }
    std::filesystem::rename(beside, path);
  }

  std::filesystem::path folder_;
  long serial_ = 0;
  Key key_;
  Certificate certificate_;
};

}  // namespace strowger::test
