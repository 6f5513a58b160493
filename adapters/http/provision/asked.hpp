// One request for a phone's file, with what is found out about it on the way. Of the sources of Files alone.
#pragma once

#include "adapters/http/provision/files.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace strowger::http::provision {

struct Files::Asked {
  // `out`: where what is found goes, of a request that is not HTTP's; its protocol is in the path that is recorded.
  Asked(const Request& of, PresentPtr now, ServedPaths::Stamp at, spdlog::logger& logger, const TokenMask& tokens,
        Delivery* out = nullptr)
      : request(of),
        mask(tokens),
        present(std::move(now)),
        stamp(at),
        client(client_of(of, *present)),
        peer(client.text.empty() ? of.peer : std::string_view(client.text)),
        log(logger, tokens),
        path(of.path),
        plain(out) {}
  Asked(Asked&&) = delete;  // it holds views of itself

  // What the path means; what is known already needs not be asked.
  void resolve(std::string_view protocol = {}) {
    // A doubled slash in front is the phone's, which joins it to a URL that ends with one.
    plain_path = request.path;
    while (plain_path.starts_with("//")) plain_path.remove_prefix(1);
    with_token = token_path(plain_path);
    if (auto hidden = mask.hidden(request.path)) masked = std::move(*hidden);
    if (!protocol.empty())
      masked = std::string(protocol) + ":" + (masked.empty() ? std::string(request.path) : std::move(masked));
    if (!masked.empty()) path = masked;
    file = provisioning::resolve(name_path());
    below_provision = plain_path.starts_with("/provision");
  }
  std::string_view name_path() const {
    return with_token.token.empty() ? plain_path : std::string_view(with_token.rest);
  }

  const Request& request;
  const TokenMask& mask;
  PresentPtr present;
  ServedPaths::Stamp stamp;  // when it was asked
  Client client;
  std::string_view peer;
  RequestLog log;
  std::string_view plain_path{};
  TokenPath with_token{};
  std::string masked{};
  std::string_view path;  // for the log and the history: a token in it is masked
  provisioning::RequestedFile file{};
  std::string tls_identity{};
  DefinitionPtr device{};
  bool below_provision = false;
  Delivery* const plain;

  bool is_fetch() const { return request.method != Method::head; }
  std::string_view user_agent() const { return request.header(headers::user_agent); }
  // A phrase for the log, after those that every request begins with. (Of a file that was served, facts.cpp writes.)
  void say(std::initializer_list<std::string_view> parts) {
    if (!log.wanted()) return;
    if (log.empty()) {
      const auto name = file.mac ? file.mac->text() : escaped(file.mac_text.empty() ? file.name : file.mac_text);
      log.add_request(name, peer, user_agent());
    }
    log.add(parts);
  }
};

}  // namespace strowger::http::provision
