// Everything of libldap that must be freed, in an owner that frees it. Nothing else in this folder calls a free.
#pragma once

#include <memory>

#include <ldap.h>

namespace strowger::ldap {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* what) const {
    static_cast<void>(Free(what));
  }
};

inline void unbind(LDAP* handle) {
  ::ldap_unbind_ext(handle, nullptr, nullptr);
}
inline void free_ber(BerElement* element) {
  ::ber_free(element, 0);
}

using Handle = std::unique_ptr<LDAP, Freed<unbind>>;
using Message = std::unique_ptr<LDAPMessage, Freed<::ldap_msgfree>>;
using Text = std::unique_ptr<char, Freed<::ldap_memfree>>;
using Ber = std::unique_ptr<BerElement, Freed<free_ber>>;
using Values = std::unique_ptr<berval*, Freed<::ldap_value_free_len>>;
using Control = std::unique_ptr<LDAPControl, Freed<::ldap_control_free>>;
using Controls = std::unique_ptr<LDAPControl*, Freed<::ldap_controls_free>>;
using Url = std::unique_ptr<LDAPURLDesc, Freed<::ldap_free_urldesc>>;
using ParsedDn = std::unique_ptr<LDAPRDN, Freed<[](LDAPDN dn) { ::ldap_dnfree(dn); }>>;

// A berval that libldap filled and whose bytes are ours.
struct OwnedBytes {
  OwnedBytes() = default;
  OwnedBytes(const OwnedBytes&) = delete;
  OwnedBytes& operator=(const OwnedBytes&) = delete;
  ~OwnedBytes() { ::ber_memfree(value.bv_val); }
  berval value{0, nullptr};
};

}  // namespace strowger::ldap
