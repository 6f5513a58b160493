// Certificates of a test's own: an authority and what it signs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace strowger::test {

class Authority {
 public:
  // Its certificate lies at `file`.
  Authority(const std::filesystem::path& file, const std::string& name);

  // For `name` (subjectAltName: DNS:…, IP:…), valid until `seconds` from now.
  void issue(const std::filesystem::path& cert, const std::filesystem::path& key, const std::string& name,
             long seconds = 3600) const;

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
  static Key make_key();
  static Certificate make(EVP_PKEY* key, const std::string& name, long seconds);
  static void extend(X509* cert, X509* issuer, int what, const std::string& value);

  Key key_;
  Certificate cert_;
};

}  // namespace strowger::test
