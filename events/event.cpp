#include "events/event.hpp"

#include "events/json.hpp"
#include "events/utf8.hpp"

#include <array>
#include <unordered_map>

namespace strowger {
namespace {

constexpr std::size_t longest_by = 512;
constexpr std::size_t longest_reason = 512;

using Decoder = Result<Event> (*)(const boost::json::value&);

struct TypeEntry {
  std::uint16_t schema;
  Decoder decode;
};

template <class T>
Result<Event> decode_as(const boost::json::value& data) {
  T event;
  if (auto done = json::read(data, event); !done) return done.error();
  return Event(std::move(event));
}

const std::unordered_map<std::string_view, TypeEntry>& types() {
  static const auto table = [] {
    std::unordered_map<std::string_view, TypeEntry> entries;
    boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Event>>([&](auto identity) {
      using T = typename decltype(identity)::type;
      entries.emplace(T::type, TypeEntry{T::schema, &decode_as<T>});
    });
    return entries;
  }();
  return table;
}

// Turns data of an older schema version of `type` into the present one.
Result<void> upcast(std::string_view type, std::uint16_t from, boost::json::value& data) {
  // What version 2 added has defaults that say what version 1 meant: the first attempt, for no fetch in particular.
  if (type == RebootRequested::type && from == 1) return {};
  // Version 2 added what values are written as: templates of before named none of them.
  if (type == TemplatePublished::type && from == 1) return {};
  // Version 2 added a reason.
  if (type == PhoneUnregistered::type && from == 1) return {};
  if (type == ConfigServed::type && from == 1) {
    // Phones had no certificates then.
    if (data.is_object()) data.get_object()["tls_identity"] = "";
    return {};
  }
  // Version 1 kept names as they were typed, and they may be passwords: nobody is shown more than their length.
  if ((type == LoginFailed::type || type == LoginFailedRepeated::type) && from == 1) {
    if (!data.is_object()) return {};
    auto& fields = data.get_object();
    const auto* name = fields.if_contains("name");
    fields["name_length"] = name != nullptr && name->is_string() ? name->get_string().size() : std::size_t{0};
    fields["name"] = "";
    return {};
  }
  if (type == DaySummarized::type && from == 1) {
    if (!data.is_object()) return {};
    auto& fields = data.get_object();
    std::uint64_t logins = 0;
    boost::json::error_code ignored;
    if (const auto* others = fields.if_contains("other_failed_logins"))
      logins += others->to_number<std::uint64_t>(ignored);
    if (const auto* names = fields.if_contains("failed_logins"); names != nullptr && names->is_object())
      for (const auto& name : names->get_object()) logins += name.value().to_number<std::uint64_t>(ignored);
    fields["failed_logins"].emplace_object();
    fields["other_failed_logins"] = logins;
    return {};
  }
  return internal_error("no upcaster for " + std::string(type) + " version " + std::to_string(from));
}

Result<Event> decode_data(const Record& record) {
  const auto entry = types().find(record.type);
  if (entry == types().end() || record.schema > entry->second.schema)
    return Error{ErrorKind::internal, "unknown_event_type",
                 "version " + std::to_string(record.schema) + " of " + record.type +
                     " is not known to this release; start the release that wrote it"};
  // The parsed form lives only until the event is read from it: no allocation for one of usual size.
  std::array<unsigned char, 4'096> buffer;
  boost::json::monotonic_resource memory(buffer.data(), buffer.size());
  const auto bad = [](const Error& why) { return Error{ErrorKind::internal, "bad_event", why.message}; };
  auto data = json::parse(record.data, &memory);
  if (!data) return bad(data.error());
  if (record.schema < entry->second.schema) {
    if (auto done = upcast(record.type, record.schema, *data); !done) return bad(done.error());
  }
  auto event = entry->second.decode(*data);
  if (!event) return bad(event.error());
  return event;
}

Envelope envelope_of(const Record& record, Event event) {
  return {record.id, record.stream,      record.version,   record.position, record.time,
          record.by, record.correlation, record.causation, std::move(event)};
}

}  // namespace

std::string_view type_of(const Event& event) {
  return std::visit([](const auto& e) { return std::string_view(e.type); }, event);
}

NewRecord encode(const Event& event, const Cause& cause, Timestamp time, IdSource& ids) {
  NewRecord record;
  record.id = ids.next();
  record.time = time;
  record.by = utf8::clip(cause.by, longest_by);
  record.correlation = cause.correlation.is_nil() ? record.id : cause.correlation;
  record.causation = cause.causation;
  std::visit(
      [&](const auto& e) {
        record.type = e.type;
        record.schema = e.schema;
        record.data = json::to_string(e);
      },
      event);
  return record;
}

Result<Envelope> decode(const Record& record) {
  auto event = decode_data(record);
  if (!event) {
    Error fault = event.error();
    fault.message = "event " + std::to_string(number(record.position)) + " (" + record.type + "): " + fault.message;
    return fault;
  }
  return envelope_of(record, std::move(*event));
}

Envelope decode_or_quarantine(const Record& record) {
  auto event = decode_data(record);
  if (event) return envelope_of(record, std::move(*event));
  const auto& fault = event.error();
  return envelope_of(record, Undecodable{record.type,
                                         record.schema,
                                         utf8::clip(fault.message, longest_reason),
                                         fault.code == "unknown_event_type",
                                         {}});
}

std::string to_cloud_event(const Record& record, std::string_view source) {
  std::string out;
  out.reserve(512 + record.data.size());
  const auto text = [&](std::string_view key, std::string_view value) {
    out += ",\"";
    out += key;
    out += "\":";
    json::write_string(out, value);
  };
  out += R"({"specversion":"1.0")";
  text("id", record.id.text());
  text("source", source);
  text("type", "strowger." + record.type + ".v" + std::to_string(record.schema));
  const auto subject = record.stream.subject();
  text("subject", subject.text());
  text("time", to_iso8601(record.time));
  text("datacontenttype", "application/json");
  out += ",\"data\":";
  // Through the typed event, because only its types say what is a secret. What cannot be decoded is not shown.
  const auto event = decode_data(record);
  if (event)
    std::visit([&](const auto& e) { json::write(out, e, json::Secrets::masked); }, *event);
  else
    out += "null";
  if (!event) text("undecodable", event.error().message);
  text("sequence", std::to_string(number(record.position)));
  out += ",\"streamversion\":" + std::to_string(number(record.version));
  if (subject != record.stream) text("stream", record.stream.text());
  text("correlationid", record.correlation.text());
  if (!record.causation.is_nil()) text("causationid", record.causation.text());
  text("by", record.by);
  out.push_back('}');
  return out;
}

}  // namespace strowger
