// What a stranger sends over HTTP: a request's bytes, its path through the router, its query, its JSON body, a token, a
// filter of events.
#include "adapters/http/events/filter.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/request_parser.hpp"
#include "adapters/http/router.hpp"
#include "adapters/http/token.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

#include <boost/asio/buffer.hpp>

using namespace strowger;
using namespace strowger::http;

namespace {

Router make_router() {
  Router router;
  int next = 0;
  for (const auto* pattern :
       {"/api/extensions", "/api/extensions/{number}", "/api/provisioning/devices/{mac}",
        "/api/provisioning/devices/{mac}/reboot", "/healthz", "/provision/{file...}", "/{file...}"})
    router.add({.method = Method::get,
                .pattern = pattern,
                .id = std::to_string(next++),
                .handler = Handler([](const Request&) -> Result<Response> { return Response{}; })});
  return router;
}

void route(std::string_view path) {
  static const Router router = make_router();
  std::array<std::string, Request::most_parameters> parameters;
  const auto match = router.find(Method::get, path, parameters);
  FUZZ_CHECK(match.route == nullptr || (match.allow.empty() && !match.malformed));
  // The API never falls through to the phones' files.
  if (is_api_path(path)) FUZZ_CHECK(match.route == nullptr || match.route->pattern.starts_with("/api/"));
  // And it is reached by its own spelling only.
  if (match.route != nullptr && !match.route->pattern.ends_with("...}"))
    FUZZ_CHECK(path.find("//") == std::string_view::npos && !path.starts_with("/%"));
  const Query query(path);
  for (const auto& [name, value] : query.all()) FUZZ_CHECK(name.size() + value.size() <= path.size());
  if (const auto decoded = percent_decode(path)) FUZZ_CHECK(percent_decode(percent_encode(*decoded)) == decoded);
}

// In one piece and cut in two, a request is read the same.
void parse(std::string_view input) {
  constexpr std::size_t head_limit = 16 * 1024;
  const auto read = [&](std::size_t cut) {
    Request request;
    RequestStorage storage;
    RequestParser parser(request, storage, head_limit);
    parser.body_limit(1024 * 1024);
    parser.eager(true);
    boost::system::error_code fault;
    std::size_t used = 0;
    for (const auto end : {cut, input.size()}) {
      while (!parser.is_done() && used < end) {
        const auto now = parser.put(boost::asio::buffer(input.data() + used, end - used), fault);
        used += now;
        if (fault || now == 0) break;
      }
      if (fault && fault != boost::beast::http::error::need_more) break;
    }
    return parser.is_done() ? std::string(request.target) + "\n" + storage.body : std::string("incomplete");
  };
  FUZZ_CHECK(read(input.size() / 2) == read(input.size()));
}

// Only control characters change, and none changes at a second look.
void mend(std::string_view input) {
  std::string head(input);
  FUZZ_CHECK(mend_head(head, 0) == head.size());
  for (std::size_t i = 0; i < head.size(); ++i) FUZZ_CHECK(head[i] == input[i] || head[i] == '\xFF');
  FUZZ_CHECK(std::count(head.begin(), head.end(), '\r') == std::count(input.begin(), input.end(), '\r'));
  FUZZ_CHECK(std::count(head.begin(), head.end(), '\n') == std::count(input.begin(), input.end(), '\n'));
  auto again = head;
  static_cast<void>(mend_head(again, 0));
  FUZZ_CHECK(again == head);
}

void read_json(std::string_view input) {
  const auto body = JsonBody::parse(input);
  if (!body) {
    FUZZ_CHECK(!body.error().message.empty());
    return;
  }
  Fields fields(body->root());
  static_cast<void>(fields.required_text("mac_address"));
  static_cast<void>(fields.text_or_number("extension_number"));
  static_cast<void>(fields.boolean("allow_external"));
  static_cast<void>(fields.integer("lines", 1, 16));
  static_cast<void>(fields.texts("extensions"));
  static_cast<void>(fields.fault());
}

void verify(std::string_view input) {
  static const TokenSigner signer([] { return TokenKey{}; });
  const auto who = signer.verify(input);
  FUZZ_CHECK(!who || !who->name.empty());
}

void filter(std::string_view input) {
  const auto read = events::read_filter(Query(input), {"after"});
  if (!read) {
    FUZZ_CHECK(!read.error().message.empty());
    return;
  }
  Record record;
  record.stream = StreamId("device", "001565123456");
  record.type = "device.registered";
  if (read->takes_all()) FUZZ_CHECK(read->matches(record));
  static_cast<void>(read->matches(record));
  for (const auto& stream : read->only_streams())
    FUZZ_CHECK(std::find(read->streams.begin(), read->streams.end(), stream.text()) != read->streams.end());
}

}  // namespace

void fuzz(std::string_view input) {
  parse(input);
  mend(input);
  route(input);
  read_json(input);
  verify(input);
  filter(input);
}
