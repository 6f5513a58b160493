#include "adapters/rocksdb/log_writer.hpp"

#include "adapters/rocksdb/batch.hpp"

#include <algorithm>

#include <pthread.h>

namespace strowger::rocks {

namespace {

constexpr std::size_t least_rows = 64;  // of the index, with a batch

}  // namespace

LogWriter::LogWriter(LogCore& core, const ChainEnd& end)
    : core_(core),
      versions_(core.options.cached_streams),
      ages_(core.options.receipts_kept, core.options.now),
      end_(end),
      committer_(core),
      thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "log-writer");
}

LogWriter::~LogWriter() {
  core_.queue.end();
  thread_.join();
}

void LogWriter::run() {
  while (core_.queue.take(next_->taken, retry_at_)) {
    if (retry_at_) {
      refuse(next_->taken);
      if (std::chrono::steady_clock::now() >= *retry_at_) heal();
      continue;
    }
    if (!next_->taken.empty()) prepare(*next_);
    if (!settle() || !next_->batch) continue;
    std::swap(next_, under_way_);
    committer_.start(*under_way_);
    versions_.turn();
  }
  if (settle() && !retry_at_) store_index();
}

// What is left of the index in memory, so that the next start need not read it from the events.
void LogWriter::store_index() {
  const auto database = core_.lending.borrow();
  rocksdb::WriteOptions synced;
  synced.sync = true;
  for (;;) {
    const auto rows = core_.recent.next(static_cast<std::size_t>(-1), true);
    if (rows.rows.empty()) return;
    Batch batch(*database, core_.recent, versions_, ages_, hasher_, end_, nullptr);
    batch.add(rows);
    if (!database->db().Write(synced, &batch.writes()).ok()) return;
    core_.recent.stored();
  }
}

void LogWriter::prepare(Commit& commit) {
  commit.database = core_.lending.borrow();
  const auto* before = under_way_->batch ? &*under_way_->batch : nullptr;
  commit.batch.emplace(*commit.database, core_.recent, versions_, ages_, hasher_,
                       before != nullptr ? before->end() : end_, before);
  for (auto& append : commit.taken.appends) commit.answers.push_back(commit.batch->add(append));
  for (const auto& snapshot : commit.taken.snapshots) commit.batch->add(snapshot);
  // As many rows of the index as events, so that all of them are stored before there is plenty again.
  if (commit.batch->events() > 0) commit.batch->add(core_.recent.next(commit.batch->events() + least_rows));
}

// Waits for the batch under way. Where it could not be written, the log is faulty, and true is not returned.
bool LogWriter::settle() {
  if (!under_way_->batch) return true;
  if (const auto status = committer_.wait(); !status.ok()) {
    fail(status);
    return false;
  }
  end_ = under_way_->batch->end();
  if (under_way_->batch->completes_index()) core_.recent.stored();
  under_way_->clear();
  return true;
}

Error LogWriter::unwritable(const rocksdb::Status& status) const {
  return unavailable("log_unavailable", "the log in " + core_.options.folder.string() +
                                            " cannot be written: " + status.ToString() +
                                            "; free space or repair the disk, it is tried again by itself");
}

// All that waited is refused, conflicts too: they were judged against what is now undone.
void LogWriter::fail(const rocksdb::Status& status) {
  core_.faults.fetch_add(1, std::memory_order_relaxed);
  const auto fault = unwritable(status);
  core_.set_fault(fault);
  core_.report(fault.message);
  versions_.clear();
  ages_.restart();
  core_.recent.restart();
  under_way_->clear();  // the database is closed when nobody has it any more
  next_->clear();
  core_.lending.close();
  cut_ = core_.marks->cut().ok();
  refuse(under_way_->taken);
  refuse(next_->taken);
  delay_ = core_.options.retry_first;
  heal();
}

void LogWriter::refuse(Taken& taken) {
  if (taken.appends.empty()) return;
  const auto fault = core_.fault().value();
  for (auto& append : taken.appends) append.done(fault);
  taken.appends.clear();
}

void LogWriter::heal() {
  rocksdb::Status status;
  if (!cut_) {
    status = core_.marks->cut();
    cut_ = status.ok();
  }
  if (cut_) status = reopen();
  if (status.ok()) {
    retry_at_.reset();
    core_.set_fault(std::nullopt);
    core_.report("the log is written again, from position " + std::to_string(number(core_.tail->last())));
    return;
  }
  if (const auto present = core_.fault(); present && present->code == "log_unavailable")
    core_.set_fault(unwritable(status));
  // What is acknowledged stays readable meanwhile.
  if (cut_ && !core_.lending.borrow()) {
    std::unique_ptr<Database> database;
    if (Database::open(core_.database_options(), Access::read_only, database).ok())
      core_.lending.lend(std::move(database));
  }
  retry_at_ = std::chrono::steady_clock::now() + delay_;
  delay_ = std::min(delay_ * 2, core_.options.retry_most);
}

// Opens for writing and believes it only when a synced write succeeds and the end is where it was.
rocksdb::Status LogWriter::reopen() {
  std::unique_ptr<Database> database;
  auto status = Database::open(core_.database_options(), Access::read_write, database);
  if (!status.ok()) {
    cut_ = core_.marks->cut().ok();
    return status;
  }
  const auto end = stored_end(*database);
  if (!end || *end != end_) {
    auto fault =
        end ? Error{ErrorKind::internal, "log_damaged",
                    "after a fault of the disk the log ends at position " + std::to_string(number(end->position)) +
                        ", hash " + to_hex(end->hash) + ", but position " + std::to_string(number(end_.position)) +
                        ", hash " + to_hex(end_.hash) +
                        " was acknowledged; stop the server and restore the log's folder from a backup"}
            : end.error();
    core_.report(fault.message);
    core_.set_fault(std::move(fault));
    return rocksdb::Status::Corruption("the log does not end where it did");
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  status = database->db().Put(synced, (*database)[Family::meta], "probe", std::string(4'096, 'p'));
  if (!status.ok()) {
    database.reset();
    cut_ = core_.marks->cut().ok();
    return status;
  }
  core_.marks->acknowledge();
  core_.lending.lend(std::move(database));
  return status;
}

}  // namespace strowger::rocks
