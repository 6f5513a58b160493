// /api/provisioning/devices/{mac}/timeline: what happened to a device and why, each story from its cause to its proof.
#include "adapters/http/routes/convergence_view.hpp"
#include "events/merged_streams.hpp"
#include "events/overloaded.hpp"

#include <algorithm>
#include <map>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::size_t most_events = 2'000;      // of the device, the newest
constexpr std::size_t most_before_cause = 512;  // of the log, where the cause of a cause is looked for
constexpr std::size_t default_stories = 20;

constexpr std::string_view timeline_schema = R"({
  "type": "object",
  "required": ["mac_address", "convergence", "stories"],
  "properties": {
    "mac_address": {"type": "string"},
    "convergence": {"anyOf": [{"$ref": "#/components/schemas/Convergence"}, {"type": "null"}]},
    "stories": {"type": "array", "description": "Newest first; each is what has one correlation id.", "items": {
      "type": "object",
      "properties": {
        "correlation_id": {"type": "string", "format": "uuid"},
        "started_at": {"type": "string", "format": "date-time"},
        "took_ms": {"type": "integer", "description": "From its first event to its last."},
        "steps": {"type": "array", "items": {"type": "object", "properties": {
          "time": {"type": "string", "format": "date-time"},
          "after_ms": {"type": "integer", "description": "Since the story began."},
          "type": {"type": "string"},
          "what": {"type": "string"},
          "by": {"type": "string"},
          "stream": {"type": "string"},
          "position": {"type": "integer"}
        }}}
      }
    }}
  }
})";

using Story = std::map<Position, Envelope>;

std::string in_words(const Event& event) {
  const auto reason = [](RebootReason why) { return std::string(json::word(why)); };
  return std::visit(
      Overloaded{
          [](const DeviceRegistered& e) { return "Registered for extension " + e.extension.text(); },
          [](const DeviceChanged& e) {
            return "Changed: extension " + e.extension.text() + ", " + e.vendor + " " + e.model;
          },
          [](const DeviceUnregistered&) { return std::string("Unregistered"); },
          [](const ExtensionChanged& e) {
            return "Extension " + e.number.text() + " changed" + (e.name ? ": its name is " + *e.name : std::string());
          },
          [](const DirectorySyncStarted& e) { return "A sync of the directory " + e.directory + " began"; },
          [](const NameSynced& e) {
            return "The directory changed extension " + e.number.text() +
                   (e.name ? ": its name is " + *e.name : std::string());
          },
          [](const ExtensionDisabled& e) {
            return "Extension " + e.number.text() + " disabled (" + std::string(json::word(e.reason)) + ")";
          },
          [](const ExtensionEnabled& e) { return "Extension " + e.number.text() + " enabled"; },
          [&](const ConfigWanted& e) { return "Another file: the phone has to fetch it (" + reason(e.reason) + ")"; },
          [&](const RebootRequested& e) {
            return "To be told: " + std::string(json::word(e.verb)) + " (" + reason(e.reason) + ")" +
                   (e.attempt > 1 ? ", attempt " + std::to_string(e.attempt) : std::string());
          },
          [](const RebootDeferred& e) { return "Waits: " + e.reason; },
          [](const RebootAccepted& e) { return "The phone answered the NOTIFY with " + std::to_string(e.status); },
          [](const RebootRefused& e) {
            return "The phone refused the NOTIFY: " + std::to_string(e.status) + " " + e.phrase;
          },
          [](const RebootUnanswered& e) { return "No answer: " + e.reason; },
          [](const ConfigServed& e) {
            return std::string(e.status == 304 ? "Fetched: it has the present file" : "Fetched its file") + " from " +
                   e.ip;
          },
          [](const ConfigServedRepeated& e) {
            return "Fetched the same again, " + std::to_string(e.count) + " times, from " + e.ip;
          },
          [](const DeviceEnrolled& e) { return "Enrolled from " + e.ip; },
          [](const FileUploaded& e) { return "Left " + e.file + ", " + std::to_string(e.size) + " bytes"; },
          [](const PnpAnswered& e) {
            return "Asked the LAN on " + e.interface + " where its file is, and was told " + e.url;
          },
          [](const DeviceConverged&) { return std::string("Converged: it was served what was wanted"); },
          [](const DeviceReturned& e) { return "Registered again from " + e.ip; },
          [](const RebootRetryScheduled& e) { return "Told again at " + to_iso8601(e.not_before) + ": " + e.reason; },
          [](const RebootFailed& e) { return "Given up: " + e.reason; },
          [](const Undecodable& e) { return "A " + e.was + " that cannot be decoded: " + e.reason; },
          [](const CampaignStarted& e) { return "Campaign " + (e.name.empty() ? e.selection : e.name); },
          [](const auto& e) { return std::string(e.type); },
      },
      event);
}

void add(std::map<Uuid, Story>& stories, const Record& record) {
  stories[record.correlation].emplace(record.position, decode_or_quarantine(record));
}

// What led to the story and happened elsewhere.
Result<void> add_causes(EventLog& log, std::map<Uuid, Story>& stories) {
  std::vector<Position> causes;
  for (const auto& [correlation, story] : stories)
    for (const auto& [position, envelope] : story)
      if (const auto* wanted = std::get_if<ConfigWanted>(&envelope.event);
          wanted != nullptr && wanted->cause != Position{})
        causes.push_back(wanted->cause);
  for (const auto cause : causes) {
    const auto records = log.read_all(Position{number(cause) - 1}, 1);
    if (!records) return records.error();
    if (records->empty()) continue;
    const auto& record = records->front();
    add(stories, record);
    if (record.causation.is_nil()) continue;
    // Such as the directory's sync, which named this extension among others.
    const auto before = log.read_back(record.position, most_before_cause);
    if (!before) return before.error();
    for (const auto& earlier : *before)
      if (earlier.id == record.causation) add(stories, earlier);
  }
  return {};
}

bj::object story_view(const Uuid& correlation, const Story& story) {
  const auto began = story.begin()->second.time;
  const auto since = [&](Timestamp time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time - began).count();
  };
  bj::array steps;
  for (const auto& [position, envelope] : story)
    steps.push_back(bj::object{{"time", iso(envelope.time)},
                               {"after_ms", since(envelope.time)},
                               {"type", text(type_of(envelope.event))},
                               {"what", text(in_words(envelope.event))},
                               {"by", text(envelope.by)},
                               {"stream", text(envelope.stream.text())},
                               {"position", number(position)}});
  return {{"correlation_id", text(correlation.text())},
          {"started_at", iso(began)},
          {"took_ms", since(story.rbegin()->second.time)},
          {"steps", std::move(steps)}};
}

Result<Response> tell(Context& context, const MacAddress& mac, std::size_t limit) {
  auto& services = context.services;
  const auto records = newest_of(services.log, {StreamId::of(mac), StreamId::activity_of(mac)}, most_events);
  if (!records) return records.error();
  if (records->empty())
    return not_found("device_not_found", "Nothing was ever recorded about device " + mac.text() + ".");
  std::map<Uuid, Story> stories;
  for (const auto& record : *records) add(stories, record);
  if (auto done = add_causes(services.log, stories); !done) return done.error();
  std::vector<std::pair<Position, const Uuid*>> order;
  for (const auto& [correlation, story] : stories) order.emplace_back(story.rbegin()->first, &correlation);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  bj::array views;
  for (std::size_t i = 0; i < std::min(limit, order.size()); ++i)
    views.push_back(story_view(*order[i].second, stories.at(*order[i].second)));
  const auto row = services.device_rows.find(mac);
  bj::value convergence = nullptr;
  if (row)
    convergence = convergence_view(context, *row, context.files.current_etag(context.files.present(), row->definition));
  return json_response(bj::object{
      {"mac_address", text(mac.text())}, {"convergence", std::move(convergence)}, {"stories", std::move(views)}});
}

Awaitable<Result<Response>> timeline(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  const auto page = page_of(request, default_stories);
  if (!page) co_return page.error();
  // The pool ends before the context it belongs to does.
  const auto work = [&context, mac = *mac, limit = page->limit] { return tell(context, mac, limit); };
  co_return co_await offloaded(request, context.lanes.reads, work);
}

}  // namespace

void add_timeline(Router& router, const ContextPtr& context) {
  router.add_schema("Convergence", std::string(convergence_schema()));
  router.add_schema("Timeline", std::string(timeline_schema));
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/devices/{mac}/timeline",
              .id = "getDeviceTimeline",
              .tag = "devices",
              .summary = "What happened to a device and why, from each cause to its proof",
              .parameters = {mac_path_parameter(), limit_parameter()},
              .replies = {{.status = 200, .description = "Its newest stories", .schema = "#Timeline"}},
              .errors = {400, 404},
              .handler = AsyncHandler([context](const Request& request) { return timeline(*context, request); })});
}

}  // namespace strowger::http::routes
