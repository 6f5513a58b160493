#include "adapters/http/tls.hpp"

#include <algorithm>
#include <memory>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

namespace strowger::http {
namespace {

constexpr std::chrono::seconds between_looks{1};
constexpr std::size_t most_names = 32;
constexpr std::size_t longest_name = 256;
// Of TLS 1.2: forward secrecy and authenticated encryption, as all of 1.3 has. Not RSA key exchange, not CBC.
constexpr const char* modern_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

Error failed(std::string message) {
  ERR_clear_error();
  return {ErrorKind::unavailable, "http_tls_failed", std::move(message)};
}

// OpenSSL's last word, for people.
std::string why() {
  const auto code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "it cannot be read" : reason;
}

// A certificate that proves nothing is not refused here, where nobody would learn of it, but by who is asked for a
// file, with its reason in the history (peer_of).
int take_any(int, X509_STORE_CTX*) {
  return 1;
}

Result<void> ask_for_certificates(SSL_CTX* context, const TlsOptions& options) {
  if (options.client_ca_files.empty()) return {};
  auto* names = sk_X509_NAME_new_null();
  for (const auto& file : options.client_ca_files) {
    const bool fine = SSL_CTX_load_verify_file(context, file.c_str()) == 1 &&
                      SSL_add_file_cert_subjects_to_stack(names, file.c_str()) == 1;
    if (fine) continue;
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return failed("Cannot read the CA of phones " + options.settings + ".client_ca_files " + file + ": " + why() + ".");
  }
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, take_any);
  // Sessions are resumed by this process only; the certificate is looked at again in each.
  static constexpr unsigned char id[] = "strowger";
  SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
  return {};
}

void speak_to_old_phones(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_cipher_list(context, "ALL:!aNULL:!eNULL:@SECLEVEL=0");
  SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
}

std::string text_of(const ASN1_STRING* value) {
  unsigned char* utf8 = nullptr;
  const auto size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size < 0) return {};
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(utf8,
                                                                       [](unsigned char* text) { OPENSSL_free(text); });
  const auto* text = reinterpret_cast<const char*>(utf8);
  return {text, std::min(static_cast<std::size_t>(size), longest_name)};
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const auto add = [&](const ASN1_STRING* value) {
    if (auto text = text_of(value); !text.empty() && names.size() < most_names) names.push_back(std::move(text));
  };
  auto* subject = X509_get_subject_name(certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
    add(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  // Owned by nobody else.
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> others(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; others && i < sk_GENERAL_NAME_num(others.get()); ++i) {
    int type = 0;
    const auto* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(others.get(), i), &type);
    if (type == GEN_DNS) add(static_cast<const ASN1_STRING*>(value));
  }
  return names;
}

}  // namespace

Result<Tls::ContextPtr> Tls::load(const TlsOptions& options) {
  auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  auto* native = tls->native_handle();
  error_code fault;
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, modern_ciphers);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps no 34 kB
  if (options.legacy) speak_to_old_phones(native);
  tls->use_certificate_chain_file(options.cert_file, fault);
  if (fault)
    return failed("Cannot read the certificate " + options.settings + ".cert_file " + options.cert_file + ": " +
                  fault.message() + ".");
  tls->use_private_key_file(options.key_file, asio::ssl::context::pem, fault);
  if (fault)
    return failed("Cannot use the key " + options.settings + ".key_file " + options.key_file +
                  " with that certificate: " + fault.message() + ".");
  if (SSL_CTX_check_private_key(native) != 1)
    return failed("The key " + options.settings + ".key_file " + options.key_file + " is not the certificate's.");
  if (auto asked = ask_for_certificates(native, options); !asked) return asked.error();
  return tls;
}

Result<std::unique_ptr<Tls>> Tls::make(TlsOptions options) {
  auto tls = std::unique_ptr<Tls>(new Tls(std::move(options)));
  tls->seen_ = tls->files_seen();
  auto context = load(tls->options_);
  if (!context) return context.error();
  tls->context_.store(std::move(*context));
  return tls;
}

std::string Tls::files_seen() const {
  std::string out;
  const auto look = [&](const std::string& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) {
      out += "none;";
      return;
    }
    out += std::to_string(status.st_ino) + "," + std::to_string(status.st_size) + "," +
           std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + ";";
  };
  look(options_.cert_file);
  look(options_.key_file);
  for (const auto& file : options_.client_ca_files) look(file);
  return out;
}

// What cannot be used (a certificate whose key is not written yet) leaves the present one in force, and is looked at
// again when a file changes again.
Result<bool> Tls::refresh() {
  const std::lock_guard lock(mutex_);
  auto now = files_seen();
  if (now == seen_) return false;
  seen_ = std::move(now);
  auto fresh = load(options_);
  if (!fresh) return fresh.error();
  context_.store(std::move(*fresh));
  return true;
}

bool Tls::is_due() {
  const auto now = SteadyClock::now().time_since_epoch().count();
  auto due = next_look_.load(std::memory_order_relaxed);
  const auto next = now + std::chrono::duration_cast<SteadyClock::duration>(between_looks).count();
  return now >= due && next_look_.compare_exchange_strong(due, next, std::memory_order_relaxed);
}

std::shared_ptr<const TlsPeer> peer_of(SSL* connection) {
  const std::unique_ptr<X509, void (*)(X509*)> certificate(SSL_get1_peer_certificate(connection), X509_free);
  if (!certificate) return nullptr;
  auto peer = std::make_shared<TlsPeer>();
  peer->names = names_of(certificate.get());
  if (const auto verdict = SSL_get_verify_result(connection); verdict != X509_V_OK)
    peer->fault = X509_verify_cert_error_string(verdict);
  return peer;
}

}  // namespace strowger::http
