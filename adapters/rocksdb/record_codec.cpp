#include "adapters/rocksdb/record_codec.hpp"

#include "events/types/history.hpp"

#include <bit>
#include <concepts>
#include <cstring>

#include <zlib.h>

namespace strowger::rocks {
namespace {

static_assert(std::endian::native == std::endian::little, "the stored format is little-endian");

constexpr std::uint8_t unchained_format = 1;
constexpr std::uint8_t record_format = 2;
constexpr std::uint8_t folded_format = 3;
constexpr std::uint8_t has_correlation = 1;
constexpr std::uint8_t has_causation = 2;
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t fixed_bytes = checksum_bytes + 1 + 1 + 2 + 8 + 8 + 16;

template <std::integral T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

void put(std::string& out, const Uuid& id) {
  char bytes[16];
  std::memcpy(bytes, id.bytes.data(), sizeof bytes);
  out.append(bytes, sizeof bytes);
}

// Takes values off the front; once something is missing, all that follows is empty and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  std::string_view rest() const { return rest_; }

  std::string_view bytes(std::size_t size) {
    if (rest_.size() < size) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  template <std::integral T>
  T number() {
    T value{};
    if (const auto taken = bytes(sizeof(T)); !taken.empty()) std::memcpy(&value, taken.data(), sizeof(T));
    return value;
  }
  Uuid uuid() {
    Uuid id;
    if (const auto taken = bytes(16); !taken.empty()) std::memcpy(id.bytes.data(), taken.data(), 16);
    return id;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::uint32_t record_checksum(std::string_view body, Position position) {
  std::string key;
  append_key(key, number(position));
  return checksum(key, checksum(body));
}

Error damaged(Position position, std::string_view what) {
  return Error{ErrorKind::internal, "record_damaged",
               "event " + std::to_string(number(position)) + " of the log is damaged (" + std::string(what) +
                   "); restore the log's folder from a backup"}
      .with("position", number(position));
}

// All but checksum and hash.
void encode_body(std::string& out, std::uint8_t as, const StreamId& stream, StreamVersion version,
                 const NewRecord& record) {
  out.clear();
  out.reserve(fixed_bytes + 48 + hash_bytes + stream.text().size() + record.type.size() + record.by.size() +
              record.data.size());
  std::uint8_t flags = 0;
  if (record.correlation != record.id) flags |= has_correlation;
  if (!record.causation.is_nil()) flags |= has_causation;
  put(out, std::uint32_t{0});
  put(out, as);
  put(out, flags);
  put(out, record.schema);
  put(out, static_cast<std::int64_t>(record.time.time_since_epoch().count()));
  put(out, number(version));
  put(out, record.id);
  if ((flags & has_correlation) != 0) put(out, record.correlation);
  if ((flags & has_causation) != 0) put(out, record.causation);
  put(out, static_cast<std::uint16_t>(stream.text().size()));
  out += stream.text();
  put(out, static_cast<std::uint8_t>(record.type.size()));
  out += record.type;
  put(out, static_cast<std::uint16_t>(record.by.size()));
  out += record.by;
  out += record.data;
}

void put(std::string& out, const Hash& hash) {
  char bytes[hash_bytes];
  std::memcpy(bytes, hash.data(), sizeof bytes);
  out.append(bytes, sizeof bytes);
}

// The hash that ends `stored`, or the one before.
Hash hash_at_end(std::string_view stored, std::size_t before = 0) {
  Hash hash;
  std::memcpy(hash.data(), stored.data() + stored.size() - (before + 1) * hash_bytes, hash_bytes);
  return hash;
}

// The bytes behind the data.
std::size_t trailer_of(std::uint8_t of_format) {
  return of_format == unchained_format ? 0 : of_format == record_format ? hash_bytes : 2 * hash_bytes;
}

void seal(std::string& out, Position position, const Hash* hash) {
  if (hash != nullptr) put(out, *hash);
  const std::uint32_t crc = record_checksum(std::string_view(out).substr(checksum_bytes), position);
  std::memcpy(out.data(), &crc, sizeof crc);
}

// The format, once the checksum was found to fit.
Result<std::uint8_t> checked_format(Position position, std::string_view stored) {
  if (stored.size() < fixed_bytes) return damaged(position, "cut short");
  Reader reader(stored);
  if (reader.number<std::uint32_t>() != record_checksum(stored.substr(checksum_bytes), position))
    return damaged(position, "its checksum does not fit");
  const auto found = reader.number<std::uint8_t>();
  if (found != record_format && found != unchained_format && found != folded_format)
    return damaged(position, "its format " + std::to_string(found) + " is not known to this release");
  if (stored.size() < fixed_bytes + trailer_of(found)) return damaged(position, "cut short");
  return found;
}

}  // namespace

Result<void> check_encodable(const StreamId& stream, const NewRecord& record) {
  if (stream.text().empty() || stream.text().size() > 0xffff || stream.text().find('\0') != std::string::npos)
    return unacceptable("bad_stream", "an event needs a stream id of 1 to 65535 bytes without a NUL");
  if (record.type.empty() || record.type.size() > 0xff)
    return unacceptable("bad_event", "an event type has 1 to 255 bytes");
  if (record.by.size() > 0xffff) return unacceptable("bad_event", "an event's `by` has at most 65535 bytes");
  if (record.data.size() > max_data_bytes)
    return Error{ErrorKind::too_large, "event_too_large",
                 "an event of type " + record.type + " has " + std::to_string(record.data.size()) +
                     " bytes of data; the log takes at most " + std::to_string(max_data_bytes)};
  return {};
}

void encode_record(std::string& out, const StreamId& stream, StreamVersion version, const NewRecord& record,
                   Hasher& hasher, ChainEnd& end) {
  encode_body(out, record_format, stream, version, record);
  end.position = next(end.position);
  end.hash = hasher.link(end.hash, end.position, std::string_view(out).substr(checksum_bytes));
  seal(out, end.position, &end.hash);
}

void encode_as_stored(std::string& out, const Record& record, const std::optional<Hash>& hash,
                      const std::optional<Hash>& digest) {
  encode_body(out,
              !hash    ? unchained_format
              : digest ? folded_format
                       : record_format,
              record.stream, record.version, record);
  if (hash && digest) put(out, *digest);
  seal(out, record.position, hash ? &*hash : nullptr);
}

Result<std::string> fold_record(Position position, std::string_view stored, const std::string& marker, Hasher& hasher) {
  auto record = decode_record(position, stored);
  if (!record) return record.error();
  if (is_folded(stored)) return std::string(stored);
  const bool chained = is_chained(stored);
  const auto digest =
      chained ? hasher.digest(stored.substr(checksum_bytes, stored.size() - checksum_bytes - hash_bytes)) : Hash{};
  const auto hash = chained ? hash_at_end(stored) : hasher.digest(stored);
  record->type = Folded::type;
  record->schema = Folded::schema;
  record->by.clear();
  record->correlation = record->id;
  record->causation = {};
  record->data = marker;
  std::string out;
  encode_as_stored(out, *record, hash, digest);
  return out;
}

Result<Record> decode_record(Position position, std::string_view stored) {
  const auto found = checked_format(position, stored);
  if (!found) return found.error();
  Reader reader(stored.substr(0, stored.size() - trailer_of(*found)));
  reader.bytes(checksum_bytes + sizeof record_format);
  Record record;
  const auto flags = reader.number<std::uint8_t>();
  record.schema = reader.number<std::uint16_t>();
  record.time = Timestamp(std::chrono::microseconds(reader.number<std::int64_t>()));
  record.version = StreamVersion{reader.number<std::uint64_t>()};
  record.id = reader.uuid();
  record.correlation = (flags & has_correlation) != 0 ? reader.uuid() : record.id;
  if ((flags & has_causation) != 0) record.causation = reader.uuid();
  auto stream = StreamId::parse(reader.bytes(reader.number<std::uint16_t>()));
  record.type = reader.bytes(reader.number<std::uint8_t>());
  record.by = reader.bytes(reader.number<std::uint16_t>());
  record.data = reader.rest();
  if (!reader.ok() || !stream) return damaged(position, "its header does not fit");
  record.stream = std::move(*stream);
  record.position = position;
  return record;
}

std::uint8_t format_of(std::string_view stored) {
  return static_cast<std::uint8_t>(stored[checksum_bytes]);
}

bool is_chained(std::string_view stored) {
  return format_of(stored) != unchained_format;
}

bool is_folded(std::string_view stored) {
  return format_of(stored) == folded_format;
}

Hash digest_of_folded(std::string_view stored) {
  return hash_at_end(stored, 1);
}

Result<Linked> check_link(Position position, std::string_view stored, const Hash& previous, Hasher& hasher) {
  const auto found = checked_format(position, stored);
  if (!found) return found.error();
  if (*found == unchained_format) return Linked{hasher.digest(stored), true};
  Linked linked;
  linked.hash = hash_at_end(stored);
  if (*found == folded_format) {
    const auto digest = digest_of_folded(stored);
    linked.holds = digest == Hash{} || linked.hash == hasher.link_digest(previous, position, digest);
    return linked;
  }
  const auto body = stored.substr(checksum_bytes, stored.size() - checksum_bytes - hash_bytes);
  linked.holds = linked.hash == hasher.link(previous, position, body);
  return linked;
}

void append_key(std::string& out, std::uint64_t value) {
  char bytes[8];
  for (int i = 7; i >= 0; --i, value >>= 8) bytes[i] = static_cast<char>(value & 0xff);
  out.append(bytes, sizeof bytes);
}

std::uint64_t read_key(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::uint32_t checksum(std::string_view bytes, std::uint32_t start) {
  return static_cast<std::uint32_t>(
      ::crc32_z(start, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace strowger::rocks
