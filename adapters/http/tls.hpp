// A listener's side of TLS: its certificate, which clients' certificates it looks at, and how old a client may be. A
// certificate that changes on disk is taken for the next connections; those that are open go on with what they have.
#pragma once

#include "adapters/http/asio.hpp"
#include "events/error.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ssl/context.hpp>

namespace strowger::http {

struct TlsOptions {
  std::string cert_file;  // PEM, with its chain; empty: no TLS
  std::string key_file;
  std::string settings = "api.tls";  // where these are set, for messages
  // Who may have signed a client's certificate, PEM. None: clients are not asked for one.
  std::vector<std::string> client_ca_files;
  // TLS 1.0 and 1.1 and the ciphers of old phones: RSA key exchange and CBC, with 1.2 too, which else takes only ECDHE
  // with AES-GCM or ChaCha20. They can be read and forged by who listens; only for phones that know no better.
  bool legacy = false;
};

// What a client proved by its certificate.
struct TlsPeer {
  std::vector<std::string> names;  // the subject's CN and the alternative DNS names; as they are written there
  std::string fault;               // why it proves nothing: expired, of another CA…; empty: it does
};

class Tls {
 public:
  // Fails with `http_tls_failed`, naming the file and the setting.
  static Result<std::unique_ptr<Tls>> make(TlsOptions options);

  // For a new connection. Any thread.
  std::shared_ptr<asio::ssl::context> context() const { return context_.load(); }
  // Reads the files again where one of them changed since they were last read. False: nothing changed. Any thread.
  Result<bool> refresh();
  // Whether a second has passed since this was last true.
  bool is_due();

 private:
  using ContextPtr = std::shared_ptr<asio::ssl::context>;
  explicit Tls(TlsOptions options) : options_(std::move(options)) {}
  static Result<ContextPtr> load(const TlsOptions& options);
  std::string files_seen() const;

  const TlsOptions options_;
  std::atomic<ContextPtr> context_;
  std::mutex mutex_;  // guards the next
  std::string seen_;  // times and sizes of the files as they were last read
  std::atomic<std::int64_t> next_look_{0};
};

// None where the client showed none.
std::shared_ptr<const TlsPeer> peer_of(SSL* connection);

}  // namespace strowger::http
