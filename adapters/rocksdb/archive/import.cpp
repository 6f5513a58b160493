// An export becomes a log again.
#include "adapters/rocksdb/archive/export_file.hpp"
#include "adapters/rocksdb/archive/verify.hpp"
#include "adapters/rocksdb/stored_forms.hpp"

#include <fstream>

#include <fcntl.h>
#include <rocksdb/file_system.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

namespace strowger::rocks {
namespace {

namespace fs = std::filesystem;

constexpr const char* unfinished = "log.unfinished";
constexpr std::size_t batch_bytes = 4U << 20;

Error cannot_write(const fs::path& folder, const std::string& why) {
  return unavailable("data_dir_unwritable", "cannot write to " + folder.string() + ": " + why);
}

class Writer {
 public:
  static Result<std::unique_ptr<Writer>> open(const fs::path& folder) {
    std::unique_ptr<Writer> writer(new Writer(folder));
    const auto opened =
        Database::open({folder, writer->env_.get(), 64U << 20, 16U << 20}, Access::read_write, writer->database_);
    if (!opened.ok()) return cannot_write(folder, opened.ToString());
    return writer;
  }

  Result<void> add(const ExportProof& proof) {
    auto& database = *database_;
    if (const auto* record = std::get_if<ExportedRecord>(&proof.last())) {
      std::string position, index;
      append_key(position, number(record->position));
      end_ = position;
      stream_key(index, proof.record().stream, proof.record().version);
      (void)batch_.Put(database[Family::events], position, record->stored);
      (void)batch_.Put(database[Family::streams], index, position);
    } else if (const auto* row = std::get_if<ExportedState>(&proof.last())) {
      const auto key = from_base64(row->key), value = from_base64(row->value);
      if (!key) return key.error();
      if (!value) return value.error();
      (void)batch_.Put(database[row->family == "state" ? Family::state : Family::receipts], *key, *value);
    }
    return batch_.GetDataSize() < batch_bytes ? Result<void>() : write();
  }
  Result<void> finish() {
    (void)batch_.Put((*database_)[Family::meta], "format", slice(folder_format));
    if (!end_.empty()) (void)batch_.Put((*database_)[Family::meta], slice(indexed_key), end_);
    if (auto done = write(); !done) return done;
    if (const auto done = database_->flush(); !done.ok()) return cannot_write(folder_, done.ToString());
    return {};
  }

 private:
  explicit Writer(fs::path folder) : folder_(std::move(folder)) {}
  Result<void> write() {
    const auto status = database_->db().Write(rocksdb::WriteOptions(), &batch_);
    batch_.Clear();
    if (!status.ok()) return cannot_write(folder_, status.ToString());
    return {};
  }

  const fs::path folder_;
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(rocksdb::FileSystem::Default());
  std::unique_ptr<Database> database_;
  rocksdb::WriteBatch batch_;
  std::string end_;  // the last event's position, as a key
};

Result<Proved> fill(const fs::path& file, const fs::path& folder, const Progress& progress) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return not_found("file_unusable", "cannot read " + file.string());
  auto writer = Writer::open(folder);
  if (!writer) return writer.error();
  std::error_code ignored;
  const auto size = fs::file_size(file, ignored);
  bool whole = false;
  auto proved = read_export(
      in,
      [&](const ExportProof& proof) {
        whole = proof.finished() && proof.finished()->whole;
        return (*writer)->add(proof);
      },
      [&](std::uint64_t done, std::uint64_t) {
        if (progress) progress(done, size);
      });
  if (!proved) return proved;
  if (!whole)
    return unacceptable("partial_export", file.string() +
                                              " holds a part of a log, or its events only; a server needs "
                                              "the export of a whole log, made without --from, --to and "
                                              "--events-only");
  if (auto done = (*writer)->finish(); !done) return done.error();
  return proved;
}

Result<void> sync_folder(const fs::path& folder) {
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool durable = opened >= 0 && ::fsync(opened) == 0;
  if (opened >= 0) ::close(opened);
  if (!durable) return cannot_write(folder, "its entries cannot be synced");
  return {};
}

}  // namespace

Result<void> check_restorable(const fs::path& data_dir) {
  std::error_code fault;
  if (!fs::exists(data_dir, fault)) return {};
  for (fs::directory_iterator entry(data_dir, fault), end; !fault && entry != end; entry.increment(fault)) {
    const auto name = entry->path().filename().string();
    if (name == "master.key" || name == "backups" || name == unfinished) continue;
    return conflict("data_dir_not_empty", data_dir.string() + " is not empty (" + name +
                                              " is there); a log is restored into an empty data directory only, so "
                                              "move this one away or name another with --data-dir");
  }
  if (fault) return unavailable("data_dir_unusable", "cannot read " + data_dir.string() + ": " + fault.message());
  return {};
}

Result<void> put_in_place(const fs::path& finished, const fs::path& folder) {
  std::error_code fault;
  if (auto done = sync_folder(finished); !done) return done;
  fs::rename(finished, folder, fault);
  if (fault) return cannot_write(folder, fault.message());
  return sync_folder(folder.parent_path());
}

Result<fs::path> make_unfinished(const fs::path& data_dir) {
  if (auto empty = check_restorable(data_dir); !empty) return empty.error();
  const auto folder = data_dir / unfinished;
  std::error_code fault;
  fs::create_directories(data_dir, fault);
  if (!fault) fs::remove_all(folder, fault);
  if (fault) return cannot_write(data_dir, fault.message());
  return folder;
}

Result<Proved> import_log(const fs::path& file, const fs::path& data_dir, const Progress& progress) {
  const auto folder = make_unfinished(data_dir);
  if (!folder) return folder.error();
  auto imported = fill(file, *folder, progress);
  if (imported)
    imported = with_log(*folder, [&](Database& database) { return verify_log(database, imported->end, progress); });
  if (imported)
    if (auto done = put_in_place(*folder, data_dir / "log"); !done) imported = done.error();
  std::error_code ignored;
  if (!imported) fs::remove_all(*folder, ignored);
  return imported;
}

}  // namespace strowger::rocks
