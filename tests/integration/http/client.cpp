#include "tests/integration/http/client.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <memory>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::http::test {
namespace {

constexpr std::chrono::seconds patience{10};

}  // namespace

std::string Reply::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    const bool same = std::equal(name.begin(), name.end(), line.begin(),
                                 [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
    if (!same) continue;
    line.remove_prefix(name.size() + 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    return std::string(line);
  }
  return {};
}

Client::Client(std::uint16_t port, const std::string& host, const std::string& from) {
  sockaddr_storage address{};
  socklen_t size = 0;
  if (host.find(':') != std::string::npos) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr);
    size = sizeof *v6;
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    inet_pton(AF_INET, host.c_str(), &v4->sin_addr);
    size = sizeof *v4;
  }
  socket_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!from.empty()) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    inet_pton(AF_INET, from.c_str(), &own.sin_addr);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0)
      throw std::runtime_error("cannot come from " + from);
  }
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0) {
    ::close(socket_);
    throw std::runtime_error("cannot connect");
  }
}

Client::~Client() {
  if (tls_ != nullptr) SSL_free(tls_);
  if (context_ != nullptr) SSL_CTX_free(context_);
  ::close(socket_);
}

std::string Client::peer_name() const {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(tls_), X509_free);
  char text[128] = {};
  if (certificate)
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, text, sizeof text);
  return text;
}

bool Client::start_tls(int min_version, int max_version, const std::string& cert, const std::string& key,
                       const std::string& ciphers) {
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context_, 0);  // so that old versions are really offered
  if (!cert.empty() && (SSL_CTX_use_certificate_file(context_, cert.c_str(), SSL_FILETYPE_PEM) != 1 ||
                        SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM) != 1))
    throw std::runtime_error("cannot use the certificate " + cert);
  if (min_version != 0) SSL_CTX_set_min_proto_version(context_, min_version);
  if (max_version != 0) SSL_CTX_set_max_proto_version(context_, max_version);
  if (!ciphers.empty() && SSL_CTX_set_cipher_list(context_, ciphers.c_str()) != 1)
    throw std::runtime_error("no such ciphers: " + ciphers);
  tls_ = SSL_new(context_);
  SSL_set_fd(tls_, socket_);
  return SSL_connect(tls_) == 1;
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = tls_ != nullptr ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                      : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Client::more(std::chrono::milliseconds within) {
  if (tls_ == nullptr || SSL_pending(tls_) == 0) {
    pollfd wait{socket_, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(within.count())) == 0) throw std::runtime_error("no reply in time");
  }
  char chunk[65536];
  const auto got = tls_ != nullptr ? SSL_read(tls_, chunk, sizeof chunk) : ::recv(socket_, chunk, sizeof chunk, 0);
  if (got <= 0) return false;
  pending_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

Reply Client::read(bool head_only) {
  Reply reply;
  std::size_t end = 0;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos)
    if (!more(patience)) return reply;
  reply.head = pending_.substr(0, end + 2);
  pending_.erase(0, end + 4);
  const auto length = reply.header("content-length");
  const std::size_t size = head_only || length.empty() ? 0 : std::stoul(length);
  while (pending_.size() < size)
    if (!more(patience)) return reply;
  reply.body = pending_.substr(0, size);
  pending_.erase(0, size);
  reply.status = std::stoi(reply.head.substr(9, 3));
  return reply;
}

Reply Client::ask(std::string_view bytes, bool head_only) {
  send(bytes);
  return read(head_only);
}

std::optional<std::string> Client::read_chunk() {
  std::size_t line = 0;
  while ((line = pending_.find("\r\n")) == std::string::npos)
    if (!more(patience)) return std::nullopt;
  const auto size = std::stoul(pending_.substr(0, line), nullptr, 16);
  while (pending_.size() < line + 2 + size + 2)
    if (!more(patience)) return std::nullopt;
  auto chunk = pending_.substr(line + 2, size);
  pending_.erase(0, line + 2 + size + 2);
  return chunk;
}

bool Client::closes(std::chrono::milliseconds within) {
  const auto end = std::chrono::steady_clock::now() + within;
  try {
    while (std::chrono::steady_clock::now() < end) {
      pending_.clear();
      if (!more(std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now())))
        return true;
    }
  } catch (const std::runtime_error&) {
  }
  return false;
}

void Client::shrink_window(int bytes) {
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

}  // namespace strowger::http::test
