#include "adapters/rocksdb/archive/proof.hpp"

#include "adapters/rocksdb/archive/export_line.hpp"
#include "events/event.hpp"
#include "events/json.hpp"

#include <algorithm>
#include <charconv>

namespace strowger::rocks {
namespace {

constexpr std::string_view what_to_do = "; restore the log from a backup that was taken before (strowger backup list)";

std::string event(Position position) {
  return "event " + std::to_string(number(position));
}

}  // namespace

Error bad_record(Position position, const StreamId& stream, const std::string& what) {
  auto where = event(position);
  if (!stream.text().empty()) where += " (" + stream.text() + ")";
  return Error{ErrorKind::internal, "log_not_proved", where + " " + what + std::string(what_to_do)}
      .with("position", number(position))
      .with("stream", stream.text().c_str());
}

Result<ChainEnd> parse_anchor(std::string_view text) {
  const auto colon = text.find(':');
  std::uint64_t position = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + std::min(colon, text.size()), position);
  if (colon == std::string_view::npos || fault != std::errc{} || end != text.data() + colon)
    return malformed("bad_anchor", "'" + std::string(text) +
                                       "' is not position:hash, as an earlier `strowger log verify` printed it");
  const auto hash = hash_from_hex(text.substr(colon + 1));
  if (!hash) return hash.error();
  return ChainEnd{Position{position}, *hash};
}

std::string to_text(const ChainEnd& end) {
  return std::to_string(number(end.position)) + ":" + to_hex(end.hash);
}

Result<Record> Proof::add(Position position, std::string_view stored) {
  if (auto anchored = check_anchor(); !anchored) return anchored.error();
  const auto expected = next(end_.position);
  if (position != expected)
    return position > expected ? bad_record(expected, {}, "is missing")
                               : bad_record(position, {}, "stands behind " + event(end_.position));
  const auto link = check_link(position, stored, end_.hash, hasher_);
  if (!link) return bad_record(position, {}, "is damaged: its checksum or its form does not fit");
  auto record = decode_record(position, stored);
  if (!record) return bad_record(position, {}, "is damaged: its form does not fit");
  if (!link->holds)
    return bad_record(position, record->stream,
                      "does not follow on the one before it: its hash does not fit. One of the two was changed, "
                      "exchanged or removed after it was written, by something that could make its checksum fit");
  const auto known = versions_.find(record->stream);
  const bool follows = known != versions_.end() ? record->version == next(known->second)
                                                : (partial_ || record->version == StreamVersion{1});
  if (!follows)
    return bad_record(position, record->stream,
                      "has the stream version " + std::to_string(number(record->version)) + ", where version " +
                          std::to_string(known != versions_.end() ? number(known->second) + 1 : 1) + " must follow");
  if (auto fits = check_folding(*record, stored); !fits) return fits.error();
  if (auto fits = check_repair(*record); !fits) return fits.error();
  look_at(*record);
  versions_.insert_or_assign(record->stream, record->version);
  end_ = {position, link->hash};
  if (proved_.events++ == 0) {
    proved_.first = position;
    proved_.earliest = proved_.latest = record->time;
  }
  proved_.earliest = std::min(proved_.earliest, record->time);
  proved_.latest = std::max(proved_.latest, record->time);
  if (!is_chained(stored)) proved_.unchained = position;
  return record;
}

// The chain proves no marker, only that there was a record. What the markers say is proved by their summary, which is a
// record as any other.
Result<void> Proof::check_folding(const Record& record, std::string_view stored) {
  if (is_folded(stored) && record.type != Folded::type) {
    replaced_.insert_or_assign(
        record.id, ReplacedRecord{record, hasher_.link({}, record.position, stored), digest_of_folded(stored)});
    ++proved_.repaired;
    return {};
  }
  if (is_folded(stored)) {
    const auto marker = json::from_string<Folded>(record.data);
    if (!marker) return bad_record(record.position, record.stream, "is damaged: its marker does not fit");
    auto& folded = folded_[marker->summary];
    if (folded.count++ == 0) folded.first = record.position;
    folded.proof = hasher_.link(folded.proof, record.position, stored);
    ++proved_.folded;
    return {};
  }
  if (record.type != DaySummarized::type) return {};
  const auto summary = json::from_string<DaySummarized>(record.data);
  if (!summary) return bad_record(record.position, record.stream, "is damaged: the summary cannot be read");
  ++proved_.summaries;
  const auto folded = folded_.extract(number(record.version));
  // A part of a log may hold a part of the records; and where an export went on after they were folded, it has some
  // whole.
  if (folded.empty() || folded.mapped().count < summary->records) return {};
  if (folded.mapped().count > summary->records || to_hex(folded.mapped().proof) != summary->proof)
    return bad_record(record.position, record.stream,
                      "does not fit the markers of the records that it is the summary of (events " +
                          std::to_string(summary->first) + " to " + std::to_string(summary->last) +
                          "): one of them was changed after it was written");
  return {};
}

// The chain proves that there was a record where a repair put another one. What stands there now, and that what the
// repair kept is what was there, its event proves.
Result<void> Proof::check_repair(const Record& record) {
  if (record.type != LogRepaired::type) return {};
  const auto repair = json::from_string<LogRepaired>(record.data);
  if (!repair) return bad_record(record.position, record.stream, "is damaged: the repair cannot be read");
  for (const auto& told : repair->records) {
    const auto found = replaced_.extract(told.event);
    if (found.empty()) continue;  // folded since, or in another part of the log
    const auto& present = found.mapped();
    const auto fault = [&](const std::string& what) {
      return bad_record(present.record.position, present.record.stream, what);
    };
    if (to_hex(present.proof) != told.proof)
      return fault("does not fit the repair that put it there (" + event(record.position) +
                   "): it was changed after that");
    const auto original = from_base64(told.original.text);
    if (!original) return fault("is told of by a repair (" + event(record.position) + ") that cannot be read");
    auto before = present.record;
    before.type = told.type;
    before.schema = told.schema;
    before.data = *original;
    if (present.digest != Hash{} && body_digest(before, hasher_) != present.digest)
      return fault("was not what the repair (" + event(record.position) + ") says it was");
  }
  return {};
}

void Proof::look_at(const Record& record) {
  const auto read = decode(record);
  if (read) return;
  constexpr std::size_t most_named = 1'000;
  if (proved_.undecodable++ < most_named)
    proved_.unreadable.push_back({record.position, record.stream, record.type, read.error().message});
}

Result<void> Proof::check_anchor() const {
  if (!anchor_ || anchor_->position != end_.position || anchor_->hash == end_.hash) return {};
  return bad_record(end_.position, {},
                    "has the hash " + to_hex(end_.hash) + ", not the given " + to_hex(anchor_->hash) +
                        ": what was written up to here is no longer what was proved then");
}

Result<Proved> Proof::finish() const {
  if (auto anchored = check_anchor(); !anchored) return anchored.error();
  if (anchor_ && anchor_->position > end_.position)
    return bad_record(next(end_.position), {},
                      "is missing: " + event(anchor_->position) + " was there when it was proved before");
  if (!partial_ && !folded_.empty())
    return bad_record(folded_.begin()->second.first, {},
                      "is only a marker, but summary " + std::to_string(folded_.begin()->first) +
                          ", which should hold what it told, is missing");
  if (!partial_ && !replaced_.empty()) {
    const auto first = std::min_element(replaced_.begin(), replaced_.end(), [](const auto& a, const auto& b) {
      return a.second.record.position < b.second.record.position;
    });
    return bad_record(first->second.record.position, first->second.record.stream,
                      "stands in the place of another, and no repair tells of it");
  }
  auto all = proved_;
  all.streams = versions_.size();
  all.end = end_;
  return all;
}

}  // namespace strowger::rocks
