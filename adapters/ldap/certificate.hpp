// Why a server's certificate is not trusted. libldap only says that it is not.
#pragma once

#include <string>
#include <string_view>

namespace strowger::ldap {

// What is wrong with the certificate (DER) for `host` now, and what to do; empty: nothing that the certificate itself
// tells, so whoever signed it is not known.
std::string certificate_fault(std::string_view der, const std::string& host, const std::string& setting);

}  // namespace strowger::ldap
