#include "adapters/rocksdb/stored_forms.hpp"

#include "adapters/rocksdb/record_codec.hpp"

namespace strowger::rocks {
namespace {

constexpr std::size_t receipt_head = 32;

}  // namespace

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
  out.reserve(receipt_head + receipt.note.size());
  append_key(out, number(receipt.version));
  append_key(out, number(receipt.position));
  append_key(out, static_cast<std::uint64_t>(receipt.time.time_since_epoch().count()));
  append_key(out, checksum(receipt.note, checksum(out)));
  out += receipt.note;
  return out;
}

Result<Receipt> decode_receipt(std::string_view stored) {
  const Error damaged{ErrorKind::internal, "log_damaged",
                      "a stored receipt is damaged; restore the log's folder from a backup"};
  if (stored.size() < early_receipt) return damaged;
  Receipt receipt{StreamVersion{read_key(stored.substr(0, 8))}, Position{read_key(stored.substr(8, 8))}, false};
  if (stored.size() == early_receipt) {
    if (checksum(stored.substr(0, 16)) != read_key(stored.substr(16))) return damaged;
    return receipt;
  }
  if (stored.size() < receipt_head) return damaged;
  receipt.time = Timestamp(std::chrono::microseconds(static_cast<std::int64_t>(read_key(stored.substr(16, 8)))));
  receipt.note = stored.substr(receipt_head);
  if (checksum(receipt.note, checksum(stored.substr(0, 24))) != read_key(stored.substr(24, 8))) return damaged;
  return receipt;
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
