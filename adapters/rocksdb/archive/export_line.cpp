#include "adapters/rocksdb/archive/export_line.hpp"

#include "adapters/rocksdb/record_codec.hpp"
#include "events/json.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include <openssl/evp.h>
#include <simdjson.h>

namespace strowger::rocks {
namespace {

constexpr std::string_view started_type = "strowger.export.started.v1";
constexpr std::string_view state_type = "strowger.export.state.v1";
constexpr std::string_view finished_type = "strowger.export.finished.v1";
constexpr std::string_view type_prefix = "strowger.";
constexpr std::string_view source = "urn:strowger";

Error bad(std::string what) {
  return malformed("bad_export", std::move(what));
}

void member(std::string& out, std::string_view name, std::string_view text) {
  out.append(",\"").append(name).append("\":");
  json::write_string(out, text);
}
void member(std::string& out, std::string_view name, std::uint64_t value) {
  out.append(",\"").append(name).append("\":").append(std::to_string(value));
}

std::string begin(std::string_view id, std::string_view type) {
  std::string out = R"({"specversion":"1.0")";
  member(out, "id", id);
  member(out, "source", source);
  member(out, "type", type);
  return out;
}

std::string with_data(std::string out, std::string_view data) {
  out += R"(,"datacontenttype":"application/json","data":)";
  out.append(data).push_back('}');
  return out;
}

// With microseconds.
std::string exact_time(Timestamp time) {
  auto text = to_iso8601(time);
  text.pop_back();
  const auto micros = (time.time_since_epoch().count() % 1'000 + 1'000) % 1'000;
  const auto digits = std::to_string(1'000 + micros);
  return text.append(digits, 1, 3) + "Z";
}

template <class T>
bool parse_whole(std::string_view text, T& out) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
  return fault == std::errc{} && end == text.data() + text.size();
}

// The members that are read, as texts; numbers as they stand.
struct Members {
  std::string_view id, type, subject, time, by, sequence, version, correlation, causation, format, hash, digest, data;
  std::string_view by_base64, data_base64;

  std::string_view* find(std::string_view name) {
    if (name == "id") return &id;
    if (name == "type") return &type;
    if (name == "subject") return &subject;
    if (name == "time") return &time;
    if (name == "by") return &by;
    if (name == "sequence") return &sequence;
    if (name == "streamversion") return &version;
    if (name == "correlationid") return &correlation;
    if (name == "causationid") return &causation;
    if (name == "recordformat") return &format;
    if (name == "hash") return &hash;
    if (name == "bodydigest") return &digest;
    if (name == "data") return &data;
    if (name == "bybase64") return &by_base64;
    if (name == "data_base64") return &data_base64;
    return nullptr;
  }
};

Result<ExportLine> to_record(const Members& from) {
  Record record;
  const auto wrong = [](std::string_view name) { return bad("its member " + std::string(name) + " does not fit"); };
  auto stream = StreamId::parse(from.subject);
  const auto id = Uuid::parse(from.id), correlation = Uuid::parse(from.correlation);
  const auto time = parse_iso8601(from.time);
  std::uint64_t position = 0, version = 0;
  unsigned format = 0;
  const auto dot = from.type.rfind(".v");
  if (dot == std::string_view::npos || dot < type_prefix.size() || !from.type.starts_with(type_prefix) ||
      !parse_whole(from.type.substr(dot + 2), record.schema))
    return wrong("type");
  if (!stream) return wrong("subject");
  if (!id) return wrong("id");
  if (!correlation) return wrong("correlationid");
  if (!time) return wrong("time");
  if (!parse_whole(from.sequence, position) || position == 0) return wrong("sequence");
  if (!parse_whole(from.version, version) || version == 0) return wrong("streamversion");
  if (!parse_whole(from.format, format) || format < 1 || format > 3) return wrong("recordformat");
  if (!from.causation.empty()) {
    const auto causation = Uuid::parse(from.causation);
    if (!causation) return wrong("causationid");
    record.causation = *causation;
  }
  std::optional<Hash> hash, digest;
  if (format == 3) {
    const auto parsed = hash_from_hex(from.digest);
    if (!parsed) return wrong("bodydigest");
    digest = *parsed;
  }
  if (format >= 2) {
    const auto parsed = hash_from_hex(from.hash);
    if (!parsed) return wrong("hash");
    hash = *parsed;
  }
  record.id = *id;
  record.correlation = *correlation;
  record.time = *time;
  record.type = from.type.substr(type_prefix.size(), dot - type_prefix.size());
  record.by = from.by;
  record.data = from.data;
  if (!from.by_base64.empty()) {
    auto by = from_base64(from.by_base64);
    if (!by || !from.by.empty()) return wrong("bybase64");
    record.by = std::move(*by);
  }
  if (!from.data_base64.empty()) {
    auto data = from_base64(from.data_base64);
    if (!data || !from.data.empty()) return wrong("data_base64");
    record.data = std::move(*data);
  }
  record.stream = std::move(*stream);
  record.version = StreamVersion{version};
  record.position = Position{position};
  if (auto fits = check_encodable(record.stream, record); !fits) return fits.error();
  ExportedRecord line{record.position, {}};
  encode_as_stored(line.stored, record, hash, digest);
  return ExportLine(std::move(line));
}

template <class T>
Result<ExportLine> to_described(std::string_view data) {
  auto read = json::from_string<T>(data);
  if (!read) return bad("its data does not fit: " + read.error().message);
  return ExportLine(std::move(*read));
}

}  // namespace

std::string to_line(const ExportStarted& started, Timestamp now) {
  auto out = begin("export-started", started_type);
  member(out, "time", exact_time(now));
  return with_data(std::move(out), json::to_string(started));
}

std::string to_line(const ExportedState& row) {
  return with_data(begin("export-state", state_type), json::to_string(row));
}

std::string to_line(const ExportFinished& finished, Timestamp now) {
  auto out = begin("export-finished", finished_type);
  member(out, "time", exact_time(now));
  return with_data(std::move(out), json::to_string(finished));
}

namespace {

// Texts: `by` and `data` as they are. Bytes: in base64, where they are no text that JSON can hold.
enum class LineForm : std::uint8_t { texts, bytes };

std::string record_line(const Record& record, std::string_view stored, LineForm form) {
  auto out =
      begin(record.id.text(), std::string(type_prefix) + record.type + ".v" + std::to_string(unsigned(record.schema)));
  member(out, "subject", record.stream.text());
  member(out, "time", exact_time(record.time));
  member(out, "sequence", std::to_string(number(record.position)));
  member(out, "streamversion", number(record.version));
  member(out, "correlationid", record.correlation.text());
  if (!record.causation.is_nil()) member(out, "causationid", record.causation.text());
  if (form == LineForm::bytes && !utf8::is_valid(record.by))
    member(out, "bybase64", to_base64(record.by));
  else
    member(out, "by", record.by);
  member(out, "recordformat", std::uint64_t{format_of(stored)});
  if (is_chained(stored)) {
    Hash hash;
    std::memcpy(hash.data(), stored.data() + stored.size() - hash.size(), hash.size());
    member(out, "hash", to_hex(hash));
    if (is_folded(stored)) member(out, "bodydigest", to_hex(digest_of_folded(stored)));
  }
  if (form == LineForm::texts) return with_data(std::move(out), record.data);
  member(out, "data_base64", to_base64(record.data));
  out.push_back('}');
  return out;
}

}  // namespace

Result<std::string> to_line(const Record& record, std::string_view stored) {
  thread_local ExportLineReader reader;
  Result<ExportLine> back = bad("it has a line break");
  const auto is_exact = [&](const std::string& line) {
    if (line.find('\n') == std::string::npos) back = reader.read(line);
    const auto* same = back ? std::get_if<ExportedRecord>(&*back) : nullptr;
    return same != nullptr && same->stored == stored;
  };
  auto out = record_line(record, stored, LineForm::texts);
  if (is_exact(out)) return out;
  out = record_line(record, stored, LineForm::bytes);
  if (!is_exact(out))
    return unacceptable("export_inexact", "event " + std::to_string(number(record.position)) + " (" +
                                              record.stream.text() +
                                              ") cannot be written as JSON that gives the same record again" +
                                              (back ? "" : ": " + back.error().message) + "; take a backup instead");
  return out;
}

struct ExportLineReader::Parser {
  simdjson::ondemand::parser json;
  std::string padded;
};

ExportLineReader::ExportLineReader() : parser_(std::make_unique<Parser>()) {}
ExportLineReader::~ExportLineReader() = default;

Result<ExportLine> ExportLineReader::read(std::string_view line) {
  auto& padded = parser_->padded;
  padded.assign(line);
  padded.reserve(line.size() + simdjson::SIMDJSON_PADDING);
  Members members;
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  const auto no_json = [](simdjson::error_code fault) {
    return bad("it is no JSON object: " + std::string(simdjson::error_message(fault)));
  };
  if (const auto fault =
          parser_->json.iterate(simdjson::padded_string_view(padded.data(), padded.size(), padded.capacity()))
              .get(document))
    return no_json(fault);
  if (const auto fault = document.get_object().get(object)) return no_json(fault);
  for (auto entry : object) {
    simdjson::ondemand::field field;
    std::string_view name;
    if (const auto fault = std::move(entry).get(field)) return no_json(fault);
    if (const auto fault = field.unescaped_key().get(name)) return no_json(fault);
    auto* const member = members.find(name);
    if (member == nullptr) continue;
    simdjson::ondemand::json_type type{};
    if (const auto fault = field.value().type().get(type)) return no_json(fault);
    simdjson::error_code fault = simdjson::SUCCESS;
    if (type == simdjson::ondemand::json_type::string) {
      fault = field.value().get_string().get(*member);
    } else if (type == simdjson::ondemand::json_type::number) {
      *member = field.value().raw_json_token();
      while (!member->empty() && (member->back() == ' ' || member->back() == '\t')) member->remove_suffix(1);
    } else if (type == simdjson::ondemand::json_type::object && name == "data") {
      simdjson::ondemand::object data;
      fault = field.value().get_object().get(data);
      if (fault == simdjson::SUCCESS) fault = data.raw_json().get(*member);
    } else {
      return bad("its member " + std::string(name) + " does not fit");
    }
    if (fault != simdjson::SUCCESS) return no_json(fault);
  }
  if (const char* rest = nullptr; document.current_location().get(rest) == simdjson::SUCCESS)
    return bad("something follows on the JSON object");
  if (members.type == started_type) return to_described<ExportStarted>(members.data);
  if (members.type == state_type) return to_described<ExportedState>(members.data);
  if (members.type == finished_type) return to_described<ExportFinished>(members.data);
  return to_record(members);
}

std::string to_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                    reinterpret_cast<const unsigned char*>(bytes.data()), int(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Result<std::string> from_base64(std::string_view text) {
  const auto fault = [] { return bad("what should be base64 is not"); };
  if (text.size() % 4 != 0 || text.size() > std::numeric_limits<int>::max()) return fault();
  std::string bytes(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), int(text.size())) < 0)
    return fault();
  // OpenSSL leaves a zero for each sign that fills up.
  const auto filled = text.size() - text.find_last_not_of('=') - 1;
  if (!text.empty() && (text.front() == '=' || filled > 2)) return fault();
  bytes.resize(bytes.size() - (text.empty() ? 0 : filled));
  if (to_base64(bytes) != text) return fault();
  return bytes;
}

}  // namespace strowger::rocks
