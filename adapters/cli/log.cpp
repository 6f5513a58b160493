// strowger log: what concerns the log as a whole, on the folder itself.
#include "adapters/cli/commands.hpp"
#include "adapters/cli/progress_bar.hpp"
#include "adapters/rocksdb/archive/export_file.hpp"
#include "adapters/rocksdb/archive/repair.hpp"
#include "adapters/rocksdb/archive/verify.hpp"
#include "events/utf8.hpp"

#include <iostream>

namespace strowger::cli {
namespace {

void print(const rocks::Proved& proved) {
  std::cout << "  events   " << proved.events;
  if (proved.events > 0)
    std::cout << " (positions " << number(proved.first) << " to " << number(proved.end.position) << ")\n  streams  "
              << proved.streams << "\n  time     " << to_iso8601(proved.earliest) << " to "
              << to_iso8601(proved.latest);
  std::cout << '\n';
  if (proved.unchained)
    std::cout << "  chained  from event " << number(*proved.unchained) + 1
              << " on; those before it are of a release without hashes and are proved by their checksums\n";
  if (proved.folded > 0)
    std::cout << "  folded   " << proved.folded << " of the events are only markers; what they told is in "
              << proved.summaries << " summaries\n";
  if (proved.repaired > 0)
    std::cout << "  repaired " << proved.repaired << " of the events; what they were is kept and proved\n";
  if (proved.undecodable > 0) {
    std::cout << "  unread   " << proved.undecodable
              << " of the events are what was written, but cannot be decoded; the server passes over them, and "
                 "`strowger log repair` says what can be done:\n";
    for (const auto& event : proved.unreadable)
      std::cout << "           " << utf8::valid(event.stream.text()) << ": " << utf8::valid(event.reason) << '\n';
    if (proved.undecodable > proved.unreadable.size())
      std::cout << "           and " << proved.undecodable - proved.unreadable.size() << " more\n";
  }
  std::cout << "  head     " << rocks::to_text(proved.end) << '\n';
}

void print(const rocks::Repairs& plan) {
  std::cout << plan.damaged() << " of " << plan.events << " events cannot be decoded\n";
  for (const auto& repair : plan.listed)
    std::cout << "  " << utf8::valid(repair.stream.text()) << ": " << utf8::valid(repair.reason) << "\n    "
              << (repair.outcome == RepairOutcome::mended ? "mend: U+FFFD takes the place of what is not UTF-8"
                                                          : "set aside: a marker takes its place, its data is kept")
              << '\n';
  if (plan.damaged() > plan.listed.size()) std::cout << "  and " << plan.damaged() - plan.listed.size() << " more\n";
  if (plan.newer > 0)
    std::cout << plan.newer << " events are of a newer release and are left alone; start the release that wrote them\n";
  if (plan.too_large > 0)
    std::cout << plan.too_large << " events are too large to be kept by a repair and are left alone\n";
}

Result<std::filesystem::path> log_folder(const DataOptions& options) {
  auto data_dir = data_folder(options);
  if (!data_dir) return data_dir.error();
  return *data_dir / "log";
}

}  // namespace

namespace {

int verify_file(const std::filesystem::path& file) {
  ProgressBar bar("Verifying");
  const auto proved = rocks::verify_export(file, [&](std::uint64_t done, std::uint64_t of) { bar.show(done, of); });
  if (!proved) {
    fail(proved.error());
    return 1;
  }
  std::cout << "The export in " << file.string() << " is proved: every record and hash\n";
  print(*proved);
  return 0;
}

}  // namespace

int log_verify(const LogVerifyOptions& options) {
  if (!options.file.empty()) return verify_file(options.file);
  std::optional<rocks::ChainEnd> anchor;
  if (!options.anchor.empty()) {
    const auto parsed = rocks::parse_anchor(options.anchor);
    if (!parsed) return fail(parsed.error());
    anchor = *parsed;
  }
  const auto folder = log_folder(options.data);
  if (!folder) return fail(folder.error());
  const auto proved = rocks::with_log(*folder, [&](rocks::Database& database) {
    ProgressBar bar("Verifying");
    return rocks::verify_log(database, anchor, [&](std::uint64_t done, std::uint64_t of) { bar.show(done, of); });
  });
  if (!proved) return fail(proved.error());
  std::cout << "The log in " << folder->string() << " is proved: every record, stream and hash\n";
  print(*proved);
  return 0;
}

int log_repair(const LogRepairOptions& options) {
  const auto folder = log_folder(options.data);
  if (!folder) return fail(folder.error());
  const auto plan = rocks::with_log(*folder, [](rocks::Database& database) {
    ProgressBar bar("Reading");
    return rocks::plan_repair(database, [&](std::uint64_t done, std::uint64_t of) { bar.show(done, of); });
  });
  if (!plan) return fail(plan.error());
  print(*plan);
  if (plan->damaged() == 0) return 0;
  if (!options.apply) {
    std::cout << "Nothing was changed. To do it: stop the server, take a backup (strowger backup create), and run this "
                 "again with --apply.\n";
    return 0;
  }
  auto log = rocks::RocksLog::open({.folder = *folder});
  if (!log) return fail(log.error());
  ProgressBar bar("Repairing");
  IdSource ids;
  const auto done = rocks::apply_repair(**log, *plan, ids, system_now(),
                                        [&](std::uint64_t at, std::uint64_t of) { bar.show(at, of); });
  if (!done) return fail(done.error());
  std::cout << "Done: " << done->mended << " events were mended, " << done->set_aside
            << " set aside; event system.log_repaired keeps what they were. The next start folds every projection "
               "anew.\n";
  return 0;
}

int log_export(const LogExportOptions& options) {
  rocks::ExportOptions range;
  range.events_only = options.events_only;
  for (const auto& [text, place] : {std::pair{&options.from, &range.from}, std::pair{&options.to, &range.to}}) {
    if (text->empty()) continue;
    const auto parsed = rocks::parse_place(*text);
    if (!parsed) return fail(parsed.error());
    *place = *parsed;
  }
  const auto folder = log_folder(options.data);
  if (!folder) return fail(folder.error());
  const auto now = system_now();
  ProgressBar bar("Exporting");
  const auto progress = [&](std::uint64_t done, std::uint64_t of) { bar.show(done, of); };
  if (options.out.empty()) {
    const auto log = rocks::ReadOnlyLog::open(*folder);
    if (!log) return fail(log.error());
    rocks::ExportProof from_start;
    const auto done = rocks::export_log((*log)->database(), range, from_start, std::cout, now, progress);
    return done ? 0 : fail(done.error());
  }
  const auto done = rocks::with_log(*folder, [&](rocks::Database& database) {
    return rocks::export_to_file(database, range, options.out, now, progress);
  });
  if (!done) return fail(done.error());
  std::cerr << "Exported " << done->finished.events << " events to " << options.out.string();
  if (done->resumed_after > 0) std::cerr << ", going on after event " << done->resumed_after;
  std::cerr << "; head " << done->finished.head << '\n'
            << (done->finished.whole
                    ? "It is the whole log and can be imported. It is as private as the log; the master key is not in "
                      "it, and without that no secret in it can be read.\n"
                    : "It is a part of the log: it can be proved, not imported.\n");
  return 0;
}

int log_import(const LogImportOptions& options) {
  const auto data_dir = data_folder(options.data);
  if (!data_dir) return fail(data_dir.error());
  ProgressBar bar("Importing");
  const auto proved =
      rocks::import_log(options.file, *data_dir, [&](std::uint64_t done, std::uint64_t of) { bar.show(done, of); });
  if (!proved) return fail(proved.error());
  std::cout << "The log of " << options.file.string() << " is in " << data_dir->string() << ", proved\n";
  print(*proved);
  std::cout << "Put the master key that it was written with in place before the server starts: without it no secret "
               "in it can be read.\n";
  return 0;
}

}  // namespace strowger::cli
