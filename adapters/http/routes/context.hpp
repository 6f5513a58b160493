// What the handlers of all routes share, and the few steps that many of them take.
#pragma once

#include "adapters/http/await.hpp"
#include "adapters/http/events/feed.hpp"
#include "adapters/http/lanes.hpp"
#include "adapters/http/provision/files.hpp"
#include "adapters/http/provision/services.hpp"
#include "adapters/http/router.hpp"
#include "adapters/http/routes/fleet_survey.hpp"
#include "adapters/http/routes/login_guard.hpp"
#include "adapters/http/sightings.hpp"
#include "adapters/http/token.hpp"

#include <memory>
#include <optional>
#include <string>

#include <boost/json.hpp>

namespace strowger::http::routes {

struct Context {
  Context(Services& with, std::function<Counts()> server_counts);

  Services& services;
  std::function<Counts()> counts;
  TokenSigner signer;
  Sightings sightings;
  FileLanes file_lanes;
  provision::Files files;
  LoginGuard logins{};
  FleetSurveys surveys;
  std::shared_ptr<events::Feed> feed;
  Lanes lanes;  // last: what they still run uses the others
};
using ContextPtr = std::shared_ptr<Context>;

TokenSigner::KeySource token_key(const Services& services);
TokenSigner::Revoked revocations(const Services& services);

// A file a resource.
void add_access(Router& router, const ContextPtr& context);
void add_auth(Router& router, const ContextPtr& context);
void add_backups(Router& router, const ContextPtr& context);
void add_campaigns(Router& router, const ContextPtr& context);
void add_device_files(Router& router, const ContextPtr& context);
void add_devices(Router& router, const ContextPtr& context);
void add_directories(Router& router, const ContextPtr& context);
void add_discovery(Router& router, const ContextPtr& context);
void add_dead_letters(Router& router, const ContextPtr& context);
void add_events(Router& router, const ContextPtr& context);
void add_extension_files(Router& router, const ContextPtr& context);
void add_extensions(Router& router, const ContextPtr& context);
void add_firmware(Router& router, const ContextPtr& context);
void add_history(Router& router, const ContextPtr& context);
void add_history_comparison(Router& router, const ContextPtr& context);
void add_phonebook(Router& router, const ContextPtr& context);
void add_phone_settings(Router& router, const ContextPtr& context);
void add_phones(Router& router, const ContextPtr& context);
void add_provisioning(Router& router, const ContextPtr& context);
void add_reboots(Router& router, const ContextPtr& context);
void add_templates(Router& router, const ContextPtr& context);
void add_system(Router& router, const ContextPtr& context);
void add_timeline(Router& router, const ContextPtr& context);
void add_uploads(Router& router, const ContextPtr& context);

// --- Reading a request

Result<MacAddress> mac_parameter(const Request& request, std::size_t index = 0);
Result<ExtensionNumber> extension_parameter(const Request& request, std::size_t index = 0);
// false where it is not given.
Result<bool> flag_parameter(const Query& query, std::string_view name);
// Who asks, the version that If-Match names, and the Idempotency-Key, made unique to who asks for what.
Result<actors::AskMeta> ask_meta(const Request& request);

// The id of what a request creates: told by its Idempotency-Key, so that a repetition finds it without a look into the
// log (a UUID of version 8, RFC 9562 section 5.8); without a key a new one.
Uuid id_of_new(Services& services, const actors::AskMeta& meta);

// --- Deciding

// Asks the entity, then waits until queries see what it decided.
template <class D>
Awaitable<Result<actors::Outcome>> decide(Context& context, const Request& request, actors::Entities<D>& entities,
                                          std::string key, typename D::Command command, actors::AskMeta meta) {
  const auto ask = [&](auto done) { entities.ask(std::move(key), std::move(command), std::move(meta), done); };
  auto outcome = co_await completion<actors::Outcome>(request, ask);
  if (!outcome) co_return outcome;
  const auto position = outcome->position;
  const auto wait = [&](auto done) {
    context.services.runner.when_applied(
        position, [done] { done(Result<bool>(true)); }, [done](const Error& error) { done(Result<bool>(error)); });
  };
  const auto applied = co_await completion<bool>(request, wait);
  if (!applied) co_return applied.error();
  co_return outcome;
}

// --- Answering

// Of events that cannot be decoded and of those that were parked; empty where there are none.
std::vector<std::string> event_warnings(const Services& services);
std::string etag_of(StreamVersion version);
Response json_response(const boost::json::value& value, std::uint16_t status = 200);
boost::json::string text(std::string_view view);
// null where it is empty.
boost::json::value text_or_null(std::string_view view);
boost::json::value time_or_null(const std::optional<Timestamp>& time);
boost::json::string iso(Timestamp time);

// A page of a list: plain arrays with a Link to the next and the whole count (API.md).
struct Page {
  std::size_t limit = 0;
  std::string cursor;  // the key of the last item of the page before; empty: the first page
};
inline constexpr std::size_t longest_page = 10'000;
// Where a page of so many items is put together: a long one must not hold up short ones.
Offload& lane_of(Context& context, const Page& page);
Result<Page> page_of(const Request& request, std::size_t by_default = longest_page);
Response page_response(const Request& request, boost::json::array items, std::size_t total,
                       const std::string& next_cursor);
// The same of an array that is serialised already.
Response page_response(const Request& request, std::string array, std::size_t total, const std::string& next_cursor);
Parameter limit_parameter();
Parameter cursor_parameter();
Parameter idempotency_parameter();
Parameter if_match_parameter();
Parameter mac_path_parameter();

}  // namespace strowger::http::routes
