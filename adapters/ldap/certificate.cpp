#include "adapters/ldap/certificate.hpp"

#include <memory>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace strowger::ldap {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

std::string text_of(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  ASN1_TIME_print(out.get(), time);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

// The host names in it.
std::string names_of(X509* cert) {
  std::string out;
  const Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr)),
                    GENERAL_NAMES_free);
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    out += (out.empty() ? "" : ", ") + std::string(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  return out;
}

}  // namespace

std::string certificate_fault(std::string_view der, const std::string& host, const std::string& setting) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const Certificate cert(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())), X509_free);
  if (!cert) return "it shows no certificate that can be read";
  if (X509_cmp_current_time(X509_get0_notAfter(cert.get())) < 0)
    return "its certificate has expired (" + text_of(X509_get0_notAfter(cert.get())) + "): renew it on the server";
  if (X509_cmp_current_time(X509_get0_notBefore(cert.get())) > 0)
    return "its certificate is not valid before " + text_of(X509_get0_notBefore(cert.get())) +
           ": compare the clocks of both machines";
  if (X509_check_host(cert.get(), host.data(), host.size(), 0, nullptr) == 1) return {};
  if (X509_check_ip_asc(cert.get(), host.c_str(), 0) == 1) return {};
  const auto names = names_of(cert.get());
  return "its certificate is not for '" + host + "'" + (names.empty() ? "" : " but for " + names) +
         ": put a name of the certificate into " + setting + ".server, or have one made for this name";
}

}  // namespace strowger::ldap
