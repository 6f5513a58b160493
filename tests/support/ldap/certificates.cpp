#include "tests/support/ldap/certificates.hpp"

#include <atomic>
#include <cstdio>
#include <stdexcept>

namespace strowger::test {
namespace {

template <class Write>
void write(const std::filesystem::path& path, Write write) {
  const std::unique_ptr<FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "w"), std::fclose);
  if (!file || write(file.get()) != 1) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

Authority::Key Authority::make_key() {
  return {EVP_EC_gen("P-256"), EVP_PKEY_free};
}

Authority::Certificate Authority::make(EVP_PKEY* key, const std::string& name, long seconds) {
  static std::atomic<long> serial{1};
  Certificate cert(X509_new(), X509_free);
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), seconds);
  X509_set_pubkey(cert.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return cert;
}

void Authority::extend(X509* cert, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()), X509_EXTENSION_free);
  if (!extension || X509_add_ext(cert, extension.get(), -1) != 1) throw std::runtime_error("no extension " + value);
}

Authority::Authority(const std::filesystem::path& file, const std::string& name)
    : key_(make_key()), cert_(make(key_.get(), name, 86400)) {
  X509_set_issuer_name(cert_.get(), X509_get_subject_name(cert_.get()));
  extend(cert_.get(), cert_.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(cert_.get(), cert_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(cert_.get(), cert_.get(), NID_subject_key_identifier, "hash");
  X509_sign(cert_.get(), key_.get(), EVP_sha256());
  write(file, [&](FILE* to) { return PEM_write_X509(to, cert_.get()); });
}

void Authority::issue(const std::filesystem::path& cert_file, const std::filesystem::path& key_file,
                      const std::string& name, long seconds) const {
  const auto key = make_key();
  const auto cert = make(key.get(), "directory", seconds);
  X509_set_issuer_name(cert.get(), X509_get_subject_name(cert_.get()));
  extend(cert.get(), cert_.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(cert.get(), cert_.get(), NID_ext_key_usage, "serverAuth");
  extend(cert.get(), cert_.get(), NID_subject_alt_name, name);
  X509_sign(cert.get(), key_.get(), EVP_sha256());
  write(cert_file, [&](FILE* to) { return PEM_write_X509(to, cert.get()); });
  write(key_file, [&](FILE* to) { return PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}

}  // namespace strowger::test
