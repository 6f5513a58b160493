#include "adapters/rocksdb/stored_forms.hpp"

#include "adapters/rocksdb/record_codec.hpp"

namespace strowger::rocks {

void stream_key(std::string& out, const StreamId& stream, StreamVersion version) {
  out.clear();
  out.append(stream.text()).push_back('\0');
  append_key(out, number(version));
}

std::string state_key(std::string_view table, std::string_view key) {
  std::string out;
  out.reserve(table.size() + 1 + key.size());
  out.append(table).push_back('\0');
  out.append(key);
  return out;
}

std::string encode_receipt(const Receipt& receipt) {
  std::string out;
  append_key(out, number(receipt.version));
  append_key(out, number(receipt.position));
  append_key(out, checksum(out));
  return out;
}

Result<Receipt> decode_receipt(std::string_view stored) {
  if (stored.size() != 24 || checksum(stored.substr(0, 16)) != read_key(stored.substr(16)))
    return Error{ErrorKind::internal, "log_damaged",
                 "a stored receipt is damaged; restore the log's folder from a backup"};
  return Receipt{StreamVersion{read_key(stored.substr(0, 8))}, Position{read_key(stored.substr(8, 8))}, false};
}

std::string encode_snapshot(const Snapshot& snapshot) {
  std::string out;
  out.reserve(24 + snapshot.data.size());
  append_key(out, number(snapshot.version));
  append_key(out, snapshot.schema);
  append_key(out, checksum(snapshot.data, checksum(out)));
  out += snapshot.data;
  return out;
}

std::optional<Snapshot> decode_snapshot(std::string_view stored) {
  if (stored.size() < 24) return std::nullopt;
  const auto data = stored.substr(24);
  if (checksum(data, checksum(stored.substr(0, 16))) != read_key(stored.substr(16, 8))) return std::nullopt;
  return Snapshot{StreamVersion{read_key(stored.substr(0, 8))},
                  static_cast<std::uint32_t>(read_key(stored.substr(8, 8))), std::string(data)};
}

Error read_error(const rocksdb::Status& status, std::string_view what) {
  const auto text = "cannot read " + std::string(what) + " from the log: " + status.ToString();
  if (status.IsCorruption())
    return Error{ErrorKind::internal, "log_damaged", text + "; restore the log's folder from a backup"};
  return unavailable("log_unavailable", text);
}

}  // namespace strowger::rocks
