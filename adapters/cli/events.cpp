// strowger events: the newest of the log, through the running server's API.
#include "adapters/cli/api_call.hpp"
#include "adapters/cli/commands.hpp"
#include "adapters/http/percent.hpp"

#include <algorithm>
#include <iostream>

#include <boost/json.hpp>

namespace strowger::cli {
namespace {

namespace bj = boost::json;

std::string text_of(const bj::object& event, std::string_view key) {
  const auto* value = event.if_contains(key);
  return value == nullptr || !value->is_string() ? std::string() : std::string(value->as_string());
}

// strowger.device.registered.v1 is device.registered.
std::string plain_type(std::string type) {
  constexpr std::string_view prefix = "strowger.";
  if (type.starts_with(prefix)) type.erase(0, prefix.size());
  const auto version = type.rfind(".v");
  if (version != std::string::npos) type.resize(version);
  return type;
}

}  // namespace

int events(const EventsOptions& options) {
  const auto settings = settings_of(options.server);
  if (!settings) return fail(settings.error());
  auto path = "/api/events?order=desc&limit=" + std::to_string(options.limit);
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) path += "&" + std::string(name) + "=" + http::percent_encode(value);
  };
  add("stream", options.stream);
  add("type", options.type);
  add("correlation", options.correlation);
  const bool wanted = options.templates || options.type.starts_with("template") || !options.correlation.empty() ||
                      options.stream.starts_with("template");
  if (!wanted) path += "&not_type=template.*";
  const auto answer = get(*settings, path);
  if (!answer) return fail(answer.error());
  boost::system::error_code fault;
  const auto parsed = bj::parse(*answer, fault);
  if (fault || !parsed.is_array())
    return fail(internal_error("the server's answer is no list of events: " + answer->substr(0, 200)));
  auto list = parsed.as_array();
  std::reverse(list.begin(), list.end());
  for (const auto& one : list) {
    if (!one.is_object()) continue;
    const auto& event = one.as_object();
    std::cout << text_of(event, "sequence") << "  " << text_of(event, "time") << "  "
              << plain_type(text_of(event, "type")) << "  " << text_of(event, "subject") << "  by "
              << text_of(event, "by") << '\n';
  }
  if (list.empty()) std::cerr << "No event is like that among those looked at; see `strowger help events`.\n";
  return 0;
}

}  // namespace strowger::cli
