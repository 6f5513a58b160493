// A record as the events column family keeps it: a compact binary header before the JSON data, under a checksum that
// covers the position too, so that a record in a wrong place is found as surely as a torn one.
//
//   crc32 of the rest and of the position (4) · format (1) · flags (1) · schema (2) · time, µs (8) ·
//   stream version (8) · id (16) · [correlation (16)] · [causation (16)] · stream (2 + n) · type (1 + n) · by (2 + n) ·
//   data (the rest) · hash (32)
// Numbers are little-endian. A correlation that equals the id and a nil causation are left out (flags).
//
// Format 3 stands where a record was folded into a summary: its marker (history.folded) with the record's stream,
// version, id and time, then the digest of the body that was there, then the record's own hash, which the two still
// prove. Of a record of format 1, which the chain does not prove, the digest is zeros.
//
// A record that `strowger log repair` replaced has format 3 too: what stands there now, with the digest of the body
// that was there and its hash. The LogRepaired event that tells of it proves what stands there, and keeps what was
// there.
//
// Format 2 is written. Format 1, of the first releases, has no hash at its end and is read for ever. The body that the
// hash covers (chain.hpp) is what lies between checksum and hash. Reading proves the checksum, which is cheap; the
// chain is proved by `strowger log verify`.
#pragma once

#include "adapters/rocksdb/chain.hpp"
#include "events/record.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::rocks {

inline constexpr std::size_t max_data_bytes = 16U << 20;

// What of an event does not fit the format; nothing when it fits.
Result<void> check_encodable(const StreamId& stream, const NewRecord& record);

// The record takes the place after `end`, and becomes the end.
void encode_record(std::string& out, const StreamId& stream, StreamVersion version, const NewRecord& record,
                   Hasher& hasher, ChainEnd& end);
// As a release stored the record in its position: with that hash, whatever it proves; without one, in format 1; with
// the digest of a body that was there, in format 3.
void encode_as_stored(std::string& out, const Record& record, const std::optional<Hash>& hash,
                      const std::optional<Hash>& digest = {});
// What takes the place of a stored record when it is folded; a folded one stays as it is.
Result<std::string> fold_record(Position position, std::string_view stored, const std::string& marker, Hasher& hasher);
// What takes the place of a stored record when it is replaced by `instead`, which is at the same position, stream and
// version. One that was folded or replaced before cannot be replaced.
Result<std::string> replace_record(std::string_view stored, const Record& instead, Hasher& hasher);
// Of the body of a record as encode_record() writes it: what the digest of a folded or replaced one proves.
Hash body_digest(const Record& record, Hasher& hasher);
// `record_damaged`, naming the position, when the checksum or the shape is wrong.
Result<Record> decode_record(Position position, std::string_view stored);

// Of a stored record that was found whole.
std::uint8_t format_of(std::string_view stored);
bool is_chained(std::string_view stored);  // whether it carries a hash
bool is_folded(std::string_view stored);   // or replaced: of what was there only the digest is left
Hash digest_of_folded(std::string_view stored);

// What the chain says of a stored record. `record_damaged` when its checksum or shape is wrong.
struct Linked {
  Hash hash{};        // what the next record follows on
  bool holds = true;  // whether the record follows on `previous`; one of format 1 follows on anything
};
Result<Linked> check_link(Position position, std::string_view stored, const Hash& previous, Hasher& hasher);

// Big-endian, so that bytes sort as numbers do.
void append_key(std::string& out, std::uint64_t value);
std::uint64_t read_key(std::string_view bytes);  // exactly 8 bytes

std::uint32_t checksum(std::string_view bytes, std::uint32_t start = 0);

}  // namespace strowger::rocks
