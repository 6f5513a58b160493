// Of protocols that say no more than a name: what they are sent never holds a secret.
#include "actors/provisioning/config_url.hpp"
#include "adapters/http/provision/asked.hpp"
#include "adapters/http/provision/firmware.hpp"
#include "adapters/http/provision/services.hpp"

namespace strowger::http::provision {

Delivery Files::deliver(const PlainRequest& from) {
  return ask_plain(from, {});
}

Result<std::string> Files::invite(const PlainRequest& from) {
  Delivery wanted;
  wanted.only_where = true;
  auto out = ask_plain(from, std::move(wanted));
  if (!out.url.empty()) return std::move(out.url);
  return not_found("not_invited", std::move(out.message));
}

Delivery Files::ask_plain(const PlainRequest& from, Delivery out) {
  auto name = from.file;
  while (name.starts_with('/')) name.remove_prefix(1);
  constexpr std::string_view folder = "provision/";
  if (name.starts_with(folder)) name.remove_prefix(folder.size());
  const auto path = "/provision/" + std::string(name);
  Request request;
  request.method = Method::get;
  request.target = request.path = path;
  request.peer = from.peer;
  request.address = from.address;
  if (!from.user_agent.empty()) request.headers.push_back({Field::user_agent, {}, from.user_agent});

  auto response = respond(request, &out, from.protocol);
  if (!response) {
    out.status = 404;
    out.message = response.error().message;
    return out;
  }
  out.status = response->status;
  if (out.firmware || out.owner) return out;
  if (response->prepared) {
    out.status = response->prepared->status;
    out.bytes = std::string_view(response->prepared->bytes).substr(response->prepared->head);
    out.owner = std::move(response->prepared);
  } else if (out.status >= 400) {
    out.message = std::move(response->body);
    while (out.message.ends_with('\n')) out.message.pop_back();
  } else {
    const auto body = std::make_shared<const std::string>(std::move(response->body));
    out.bytes = *body;
    out.owner = body;
  }
  return out;
}

Response Files::serve_plain(Asked& asked, const ServedPaths::Found& found) {
  const auto& file = found.file;
  if (file->holds_secret) return refuse_secret(asked, asked.present->config_url(asked.device->mac.text()));
  const auto& full = file->representation.full;
  asked.plain->bytes = std::string_view(full->bytes).substr(full->head);
  asked.plain->owner = full;
  asked.plain->arrived = [this, found, path = std::string(asked.path), peer = std::string(asked.peer)] {
    counters_.served.fetch_add(1, std::memory_order_relaxed);
    facts_.served({found.file, 200, true, path, peer, {}, found.correlation, found.causation});
  };
  return {};
}

// Of a device that is served without a token there is none in it; one that needs its token proves itself otherwise.
Response Files::tell_where(Asked& asked) {
  using provisioning::access::Rule;
  auto url = asked.present->config_url(asked.device->mac.text());
  if (provisioning::has_credentials(url)) {
    counters_.denied.fetch_add(1, std::memory_order_relaxed);
    access_.count(Rule::secret_over_pnp);
    return refuse(asked, 403, provisioning::access::to_string(Rule::secret_over_pnp),
                  std::string(provisioning::access::advice(Rule::secret_over_pnp)));
  }
  const auto* vendor = services_.vendors.find_vendor(asked.device->vendor);
  // Its phones append the names of their files themselves.
  if (vendor != nullptr && vendor->url_macro.empty()) url = provisioning::url_parts(url).base + "/";
  say_device(asked);
  if (asked.log.wanted()) {
    asked.say({"Told where its file is: ", url});
    asked.log.finish(services_.clock());
  }
  asked.plain->url = std::move(url);
  return {};
}

Response Files::refuse_secret(Asked& asked, const std::string& url) {
  using provisioning::access::Rule;
  counters_.denied.fetch_add(1, std::memory_order_relaxed);
  access_.count(Rule::secret_over_tftp);
  const auto where = provisioning::has_credentials(url) ? std::string("its http:// or https:// URL") : url;
  return refuse(asked, 403, provisioning::access::to_string(Rule::secret_over_tftp),
                "This phone asks by TFTP; point it at " + where + ". " +
                    std::string(provisioning::access::advice(Rule::secret_over_tftp)),
                "Holds secrets, not sent by TFTP. Use " + where + "\n");
}

}  // namespace strowger::http::provision
