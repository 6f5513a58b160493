#include "actors/history/publisher.hpp"

#include "actors/provisioning/recorded.hpp"
#include "events/json.hpp"
#include "events/utf8.hpp"

#include <optional>

namespace strowger::history {
namespace {

constexpr std::size_t most_named_templates = 8;  // a first start and an upgrade publish hundreds
constexpr int attempts = 3;                      // another node may publish the same at the same time

}  // namespace

StreamId template_stream(std::string_view vendor, std::string_view model) {
  return {"template", std::string(vendor) + "_" + std::string(model)};
}
StreamId template_text_stream(std::string_view sha256) {
  return {"template_text", sha256};
}
StreamId settings_stream() {
  return {"system", "settings"};
}

Result<std::vector<std::string>> Publisher::publish(const provisioning::Renderer& renderer,
                                                    const SettingsApplied& settings, const std::string& by) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> changes;
  for (const auto& source : renderer.in_force()) {
    const auto published = provisioning::published(source);
    if (auto stored = store_text(source.text, source.custom, published.sha256); !stored) return stored.error();
    const auto& values = *source.kind.values;
    if (!values.text().empty())
      if (auto stored = store_text(values.text(), false, values.sha256()); !stored) return stored.error();
    const auto recorded = record(template_stream(source.vendor, source.model), published, by);
    if (!recorded) return recorded.error();
    if (*recorded)
      changes.push_back("Template of " + source.vendor + " " + source.model + " in force: " + published.name +
                        ", SHA-256 " + published.sha256);
  }
  if (changes.size() > most_named_templates)
    changes = {std::to_string(changes.size()) +
               " templates in force that were not before; GET /api/events?type=template.* lists them"};
  const auto recorded = record(settings_stream(), settings, by);
  if (!recorded) return recorded.error();
  if (*recorded) changes.emplace_back("Settings that phones' files depend on changed");
  return changes;
}

Result<bool> Publisher::record(const StreamId& stream, const Event& event, const std::string& by) {
  for (int attempt = 1;; ++attempt) {
    if (!last_.contains(stream)) {
      auto read = read_last(stream);
      if (!read) return read.error();
      last_.emplace(stream, std::move(*read));
    }
    auto& last = last_.at(stream);
    auto fresh = encoded(event, by);
    if (!fresh) return fresh.error();
    if (fresh->data == last.data) return false;
    auto data = fresh->data;
    AppendRequest request;
    request.stream = stream;
    request.expected = ExpectedVersion::exactly(last.version);
    request.events.push_back(std::move(*fresh));
    const auto receipt = append_and_wait(log_, std::move(request));
    if (receipt) {
      last = {receipt->version, std::move(data)};
      return true;
    }
    last_.erase(stream);
    if (receipt.error().kind != ErrorKind::conflict || attempt == attempts) return receipt.error();
  }
}

Result<Publisher::Last> Publisher::read_last(const StreamId& stream) {
  const auto end = log_.last_version(stream);
  if (!end) return end.error();
  if (*end == StreamVersion{}) return Last{};
  const auto records = log_.read_stream(stream, StreamVersion{number(*end) - 1}, 1);
  if (!records) return records.error();
  if (records->empty()) return internal_error("the log has no last event of " + stream.text());
  // Through the typed event: what an older release wrote is compared as this one would write it.
  // An event that cannot be decoded equals none: record it anew.
  const auto envelope = decode_or_quarantine(records->front());
  return Last{*end, std::visit([](const auto& e) { return json::to_string(e); }, envelope.event)};
}

Result<void> Publisher::store_text(const std::string& text, bool seal, const std::string& sha256) {
  const auto stream = template_text_stream(sha256);
  if (last_.contains(stream)) return {};
  const auto present = log_.read_stream(stream, StreamVersion{}, 1);
  if (!present) return present.error();
  if (present->empty()) {
    TemplateTextStored event{sha256, {}, {}};
    if (seal) {
      auto sealed = vault_.seal(text);
      if (!sealed) return sealed.error();
      event.sealed = std::move(*sealed);
    } else {
      event.text = text;
    }
    auto record = encoded(event, "system");
    if (!record) return record.error();
    AppendRequest request;
    request.stream = stream;
    request.expected = ExpectedVersion::no_stream();
    request.events.push_back(std::move(*record));
    const auto receipt = append_and_wait(log_, std::move(request));
    if (!receipt && receipt.error().kind != ErrorKind::conflict) return receipt.error();
  }
  last_.emplace(stream, Last{});  // it is there for ever
  return {};
}

// Settings and templates may come in any bytes. Recorded as UTF-8 they would be others, and their digests would not
// fit: they are refused instead.
Result<NewRecord> Publisher::encoded(const Event& event, const std::string& by) const {
  std::optional<std::string> foreign;
  const auto look_at = [&](std::string_view text) {
    if (!foreign && !utf8::is_valid(text)) foreign = utf8::clip(text, 64);
  };
  std::visit([&](const auto& e) { json::for_each_text(e, look_at); }, event);
  if (foreign)
    return unacceptable("not_recordable",
                        "settings or templates cannot be recorded: all text in them has to be UTF-8, "
                        "and '" +
                            *foreign + "' is not");
  return encode(event, Cause{by, {}, {}}, clock_(), ids_);
}

}  // namespace strowger::history
