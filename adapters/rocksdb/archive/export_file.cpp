#include "adapters/rocksdb/archive/export_file.hpp"

#include "adapters/rocksdb/stored_forms.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

namespace strowger::rocks {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_line_bytes = 4 * max_data_bytes;  // JSON of the largest event, with room

Error file_error(const fs::path& file, std::string_view what) {
  return unavailable("file_unusable", "cannot " + std::string(what) + " " + file.string() + ": " +
                                          std::generic_category().message(errno != 0 ? errno : EIO));
}

// Reads a line without its newline. False at the end; `whole` says whether a newline was there.
bool next_line(std::istream& in, std::string& line, bool& whole) {
  line.clear();
  whole = false;
  auto* const buffer = in.rdbuf();
  for (int c = buffer->sbumpc(); c != std::char_traits<char>::eof(); c = buffer->sbumpc()) {
    if (c == '\n') {
      whole = true;
      return true;
    }
    line.push_back(static_cast<char>(c));
    if (line.size() > most_line_bytes) return true;
  }
  return !line.empty();
}

std::unique_ptr<rocksdb::Iterator> iterate(Database& database, Family family) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  return std::unique_ptr<rocksdb::Iterator>(database.db().NewIterator(options, database[family]));
}

struct Range {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
  std::uint64_t end = 0;  // of the log
};

// Times need not rise with positions (clocks are set back), so all events are looked at: from the first that is not
// earlier to the last that is not later.
Result<Range> range_of(Database& database, const ExportOptions& options) {
  const auto events = iterate(database, Family::events);
  Range range;
  events->SeekToLast();
  if (events->Valid()) range.last = range.end = read_key(view(events->key()));
  const auto* const from = options.from ? std::get_if<Timestamp>(&*options.from) : nullptr;
  const auto* const to = options.to ? std::get_if<Timestamp>(&*options.to) : nullptr;
  if (options.from && from == nullptr)
    range.first = std::max<std::uint64_t>(1, number(std::get<Position>(*options.from)));
  if (options.to && to == nullptr) range.last = std::min(range.end, number(std::get<Position>(*options.to)));
  if (from != nullptr || to != nullptr) {
    std::uint64_t first = range.end + 1, last = 0;
    for (events->SeekToFirst(); events->Valid(); events->Next()) {
      const Position position{read_key(view(events->key()))};
      const auto record = decode_record(position, view(events->value()));
      if (!record) return record.error();
      if (from != nullptr && record->time >= *from) first = std::min(first, number(position));
      if (to != nullptr && record->time <= *to) last = number(position);
    }
    if (from != nullptr) range.first = first;
    if (to != nullptr) range.last = last;
  }
  if (!events->status().ok()) return read_error(events->status(), "the events");
  if (range.end > 0 && range.first > range.last)
    return unacceptable("empty_export",
                        "there is no event from the given beginning to the given end; the log has events 1 to " +
                            std::to_string(range.end));
  return range;
}

// What the first event follows on.
Result<Hash> hash_before(Database& database, std::uint64_t position) {
  if (position <= 1) return Hash{};
  std::string key, stored;
  append_key(key, position - 1);
  const auto status = database.db().Get(rocksdb::ReadOptions(), database[Family::events], key, &stored);
  if (!status.ok()) return bad_record(Position{position - 1}, {}, "cannot be read: " + status.ToString());
  Hasher hasher;
  const auto link = check_link(Position{position - 1}, stored, {}, hasher);
  if (!link) return link.error();
  return link->hash;
}

Result<void> fits(const ExportProof& already, Database& database, const Range& range) {
  const auto end = number(already.proof().end().position);
  const auto other = [&](const std::string& why) {
    return conflict("other_export",
                    "the file holds another export, which this one cannot continue: " + why + "; choose another file");
  };
  if (already.started()->from != range.first)
    return other("it begins with event " + std::to_string(already.started()->from) + ", this one with " +
                 std::to_string(range.first));
  if (end > range.last)
    return other("it goes to event " + std::to_string(end) + ", this one to " + std::to_string(range.last));
  const auto hash = hash_before(database, end + 1);
  if (!hash) return hash.error();
  if (*hash != already.proof().end().hash) return other("its events are not those of this log");
  return {};
}

Result<void> export_state(Database& database, Family family, std::string_view name,
                          const std::function<Result<void>(const std::string&)>& put) {
  const auto rows = iterate(database, family);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    const ExportedState row{std::string(name), to_base64(view(rows->key())), to_base64(view(rows->value()))};
    if (auto done = put(to_line(row)); !done) return done;
  }
  if (!rows->status().ok()) return read_error(rows->status(), "what is beside the events");
  return {};
}

}  // namespace

Result<Place> parse_place(std::string_view text) {
  std::uint64_t position = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (fault == std::errc{} && end == text.data() + text.size() && position > 0) return Place(Position{position});
  const auto time = parse_iso8601(text);
  if (time) return Place(*time);
  return malformed("bad_place", "'" + std::string(text) +
                                    "' is neither a position (1 is the first event) nor a time such as "
                                    "2026-01-08T19:40:00Z");
}

Result<void> ExportProof::add(std::string_view line) {
  ++line_;
  const auto at = [&](Error error) {
    error.message = "line " + std::to_string(line_) + ": " + error.message;
    return error;
  };
  auto read = reader_.read(line);
  if (!read) return at(read.error());
  last_ = std::move(*read);
  text_ = line;
  if (finished_) return at(malformed("bad_export", "something follows on the line that ends the export"));
  if (!started_ && !std::holds_alternative<ExportStarted>(last_))
    return at(malformed("bad_export", "it does not begin as an export of a log does"));
  auto taken = std::visit([&](const auto& part) { return take(part); }, last_);
  if (!taken) return at(taken.error());
  return {};
}

Result<void> ExportProof::take(const ExportStarted& started) {
  if (started_) return malformed("bad_export", "an export begins a second time; one file holds one");
  const auto before = hash_from_hex(started.predecessor);
  if (!before || started.from == 0 || (started.from == 1 && *before != Hash{}))
    return malformed("bad_export", "its beginning does not fit");
  proof_ = Proof(ChainEnd{Position{started.from - 1}, *before});
  started_ = started;
  return {};
}

Result<void> ExportProof::take(const ExportedRecord& record) {
  if (rows_ > 0) return malformed("bad_export", "an event stands behind the rows");
  auto proved = proof_.add(record.position, record.stored);
  if (!proved) return proved.error();
  record_ = std::move(*proved);
  return {};
}

Result<void> ExportProof::take(const ExportedState& row) {
  if (row.family != "state" && row.family != "receipts")
    return malformed("bad_export", "a row of '" + row.family + "' is not known to this release");
  rows_hash_ = hasher_.link(rows_hash_, Position{++rows_}, text_);
  return {};
}

Result<void> ExportProof::take(const ExportFinished& finished) {
  const auto proved = proof_.finish();
  if (!proved) return proved.error();
  if (finished.events != proved->events || finished.head != to_text(proved->end))
    return malformed("bad_export", "events are missing at its end");
  if (finished.state_rows != rows_ || finished.state_hash != to_hex(rows_hash_))
    return malformed("bad_export", "the rows beside the events were changed");
  finished_ = finished;
  return {};
}

Result<Exported> export_log(Database& database, const ExportOptions& options, ExportProof& already, std::ostream& out,
                            Timestamp now, const Progress& progress) {
  const auto range = range_of(database, options);
  if (!range) return range.error();
  // What is written is taken as a reader will take it, so that no export is ever written that cannot be proved.
  const auto put = [&](const std::string& line) -> Result<void> {
    if (auto taken = already.add(line); !taken) return taken;
    out.write(line.data(), static_cast<std::streamsize>(line.size())).put('\n');
    if (!out) return unavailable("file_unusable", "the export cannot be written; free space, then start it again");
    return {};
  };
  Exported exported;
  if (already.started()) {
    if (auto same = fits(already, database, *range); !same) return same.error();
    exported.resumed_after = number(already.proof().end().position);
  } else {
    const auto before = hash_before(database, range->first);
    if (!before) return before.error();
    if (auto done = put(to_line(ExportStarted{range->first, to_hex(*before)}, now)); !done) return done.error();
  }

  const auto events = iterate(database, Family::events);
  std::string key;
  append_key(key, number(already.proof().end().position) + 1);
  const auto size = range->last - range->first + 1;
  for (events->Seek(key); events->Valid(); events->Next()) {
    const Position position{read_key(view(events->key()))};
    if (number(position) > range->last) break;
    const auto record = decode_record(position, view(events->value()));
    if (!record) return record.error();
    const auto line = to_line(*record, view(events->value()));
    if (!line) return line.error();
    if (auto done = put(*line); !done) return done.error();
    if (progress && number(position) % 256 == 0) progress(number(position) - range->first + 1, size);
  }
  if (!events->status().ok()) return read_error(events->status(), "the events");
  const auto proved = already.proof().finish();
  if (!proved) return proved.error();
  if (number(proved->end.position) < range->last) return bad_record(next(proved->end.position), {}, "is missing");

  exported.finished.whole = range->first == 1 && range->last == range->end && !options.events_only;
  std::uint64_t rows = 0;
  Hash rows_hash{};
  Hasher hasher;
  const auto put_row = [&](const std::string& line) {
    rows_hash = hasher.link(rows_hash, Position{++rows}, line);
    return put(line);
  };
  if (exported.finished.whole) {
    if (auto done = export_state(database, Family::state, "state", put_row); !done) return done.error();
    if (auto done = export_state(database, Family::receipts, "receipts", put_row); !done) return done.error();
  }
  exported.finished.events = proved->events;
  exported.finished.head = to_text(proved->end);
  exported.finished.state_rows = rows;
  exported.finished.state_hash = to_hex(rows_hash);
  if (auto done = put(to_line(exported.finished, now)); !done) return done.error();
  if (!out.flush())
    return unavailable("file_unusable", "the export cannot be written; free space, then start it again");
  return exported;
}

Result<Exported> export_to_file(Database& database, const ExportOptions& options, const fs::path& file, Timestamp now,
                                const Progress& progress) {
  // It holds what the log holds, so it is as private.
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (made < 0) return file_error(file, "write");
  ::close(made);
  ExportProof already;
  std::uintmax_t keep = 0;  // whole lines, as far as events go
  {
    std::ifstream in(file, std::ios::binary);
    std::string line;
    bool whole = false;
    for (std::uintmax_t at = 0; next_line(in, line, whole) && whole;) {
      at += line.size() + 1;
      // Only what is a whole line was written for sure; the rows are written anew, as of the end.
      ExportLineReader reader;
      const auto part = reader.read(line);
      if (part && std::holds_alternative<ExportedState>(*part)) continue;
      if (part && std::holds_alternative<ExportFinished>(*part))
        return conflict("export_finished",
                        file.string() + " holds a finished export; choose another file, or delete it");
      if (auto taken = already.add(line); !taken) {
        auto error = taken.error();
        error.message = file.string() + " cannot be continued: " + error.message + "; choose another file";
        return error;
      }
      keep = at;
    }
  }
  std::error_code fault;
  fs::resize_file(file, keep, fault);
  if (fault) return unavailable("file_unusable", "cannot write " + file.string() + ": " + fault.message());
  std::ofstream out(file, std::ios::binary | std::ios::app);
  auto exported = export_log(database, options, already, out, now, progress);
  out.close();
  if (!exported) return exported;
  const int written = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool durable = written >= 0 && ::fsync(written) == 0;
  if (written >= 0) ::close(written);
  if (!durable) return file_error(file, "sync");
  return exported;
}

Result<Proved> read_export(std::istream& in, const std::function<Result<void>(const ExportProof&)>& visit,
                           const Progress& progress) {
  ExportProof proof;
  std::string line;
  bool whole = false;
  std::uint64_t bytes = 0, lines = 0;
  while (next_line(in, line, whole)) {
    if (whole || proof.finished()) {
      if (auto taken = proof.add(line); !taken) return taken.error();
      if (visit)
        if (auto done = visit(proof); !done) return done.error();
    }
    bytes += line.size() + 1;
    if (progress && ++lines % 256 == 0) progress(bytes, 0);
  }
  if (!proof.finished())
    return malformed("export_incomplete",
                     "the export ends with event " + std::to_string(number(proof.proof().end().position)) +
                         ", before it is finished; run the same `strowger log export` again, which continues it");
  return proof.proof().finish();
}

Result<Proved> verify_export(const fs::path& file, const Progress& progress) {
  std::ifstream in(file, std::ios::binary);
  errno = 0;
  if (!in) return file_error(file, "read");
  std::error_code ignored;
  const auto size = fs::file_size(file, ignored);
  return read_export(in, {}, [&](std::uint64_t done, std::uint64_t) {
    if (progress) progress(done, size);
  });
}

}  // namespace strowger::rocks
