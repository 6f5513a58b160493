#include "adapters/application/house.hpp"
#include "adapters/application/version.hpp"
#include "adapters/rocksdb/archive/backup.hpp"
#include "events/json.hpp"
#include "events/projections/enrolments.hpp"
#include "events/projections/quarantine.hpp"

namespace strowger::application {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto catch_up_report = 2s;  // between progress lines while projections catch up

// Whether an event that the projections passed over, because it could not be decoded, can be decoded now: it was
// repaired, or this release knows its type.
Result<bool> readable_again(EventLog& log, ProjectionStore& store) {
  QuarantineProjection passed_over;
  const auto checkpoint = store.checkpoint(QuarantineProjection::its_name);
  if (!checkpoint) return checkpoint.error();
  if (!*checkpoint || (*checkpoint)->schema != passed_over.schema()) return false;
  const auto loaded = store.load(QuarantineProjection::its_name, [&](std::string_view key, std::string_view row) {
    return passed_over.load(key, row);
  });
  if (!loaded) return false;  // the runner folds them anew
  for (const auto& row : passed_over.list()) {
    const auto records = log.read_all(Position{number(row->position) - 1}, 1);
    if (!records) return records.error();
    if (records->empty() || records->front().id != row->event) continue;
    const auto envelope = decode_or_quarantine(records->front());
    if (!std::holds_alternative<Undecodable>(envelope.event)) return true;
  }
  return false;
}

// The next start of the runner folds the projection from the first event.
Result<void> forget_rows(ProjectionStore& store, const Projection& projection) {
  constexpr std::uint32_t no_schema = 0;
  return store.commit(projection.name(), {Position{}, no_schema}, {}, true);
}

}  // namespace

Result<void> Application::House::open_storage() {
  const fs::path data_dir = settings.get()->data_dir;
  std::error_code fault;
  fs::create_directories(data_dir, fault);
  if (fault)
    return unavailable("data_dir_unusable", "data_dir: cannot make " + data_dir.string() + ": " + fault.message());
  rocks::LogOptions log_options;
  log_options.folder = data_dir / "log";
  log_options.report = warnings();
  log_options.receipts_kept = settings.get()->api.idempotency_window;
  auto opened_log = rocks::RocksLog::open(std::move(log_options));
  if (!opened_log) return opened_log.error();
  log = std::move(*opened_log);
  auto opened_vault = vault::SodiumVault::open(*log, vault::MasterKeySource::from_environment(data_dir));
  if (!opened_vault) return opened_vault.error();
  vault = std::move(*opened_vault);
  dead_letters = std::make_unique<actors::DeadLetters>(*log, clock, warnings());
  if (auto loaded = dead_letters->load(); !loaded) return loaded.error();
  publisher = std::make_unique<history::Publisher>(*log, ids, *vault, clock);
  rocks::ProjectionStoreOptions store_options;
  store_options.folder = data_dir / "projections";
  store_options.report = warnings();
  auto opened_store = rocks::RocksProjectionStore::open(std::move(store_options));
  if (!opened_store) return opened_store.error();
  store = std::move(*opened_store);
  return {};
}

Result<void> Application::House::start_projections() {
  const auto enrolments = record_enrolments(*log, *store, ids, system_now());
  if (!enrolments) return enrolments.error();
  if (*enrolments > 0)
    logger->info("Recorded where {} devices were enrolled, once: until now only their first fetches told", *enrolments);
  const std::vector<Projection*> projections{&quarantine_rows, &extension_rows, &device_rows,         &campaign_rows,
                                             &request_rows,    &user_rows,      &phone_settings_rows, &directory_rows,
                                             &contact_rows,    &discovered_rows};
  const auto readable = readable_again(*log, *store);
  if (!readable) return readable.error();
  if (*readable) {
    logger->warn("Events that could not be decoded can be decoded now; every projection is folded anew");
    for (const auto* projection : projections)
      if (auto forgotten = forget_rows(*store, *projection); !forgotten) return forgotten.error();
  }
  RunnerOptions options;
  options.report = warnings();
  runner = std::make_unique<ProjectionRunner>(*log, *store, projections, options);
  if (auto started = runner->start(); !started) return started.error();
  if (auto done = catch_up(log->last_position()); !done) return done;
  for (const auto& warning : quarantine_rows.warnings()) logger->warn("{}", warning);
  for (const auto& warning : dead_letters->warnings()) logger->warn("{}", warning);
  return {};
}

// Until queries have applied the position, however long that takes; a line now and then says how far it is. Fails where
// they stopped.
Result<void> Application::House::catch_up(Position position) const {
  while (!runner->wait_applied(position, std::chrono::steady_clock::now() + catch_up_report)) {
    const auto status = runner->status();
    if (status.stopped) return *status.stopped;
    if (!status.running) return unavailable("projections_stopped", "the projections are not running");
    for (const auto& projection : status.projections)
      if (projection.lag > 0)
        logger->info("Projection {} is at event {} of {}", projection.name, number(projection.position),
                     number(position));
  }
  return {};
}

Result<void> Application::House::prepare_first_start() {
  const auto now = settings.get();
  auto admin = create_first_admin(*users, user_rows, now->data_dir);
  if (!admin) return admin.error();
  first_admin = std::move(*admin);
  const auto seeded = seed({*log, ids, *vault, *extensions, *devices, vendors}, *now);
  if (!seeded) return seeded.error();
  if (*seeded && ((*seeded)->extensions > 0 || (*seeded)->devices > 0))
    logger->info("Took {} extensions and {} devices of the settings into the new log", (*seeded)->extensions,
                 (*seeded)->devices);
  const auto started =
      append_and_wait(*log, {StreamId("system", "server"),
                             ExpectedVersion::any(),
                             {encode(ServerStarted{std::string(version)}, Cause{"system", {}, {}}, clock(), ids)},
                             {},
                             {}});
  if (!started) return started.error();
  return catch_up(started->position);
}

Result<std::string> Application::House::create_backup(bool with_master_key) {
  const std::lock_guard lock(backing_up);
  const fs::path data_dir = settings.get()->data_dir;
  const auto key = with_master_key ? master_key_file(data_dir) : Result<std::optional<fs::path>>(std::nullopt);
  if (!key) return key.error();
  const auto made = rocks::create_backup(
      data_dir / "backups", clock(), [this](const fs::path& folder) { return log->checkpoint(folder); }, *key);
  if (!made) {
    logger->error("No backup was made: {}", made.error().message);
    return made.error();
  }
  logger->info("Backup {} of {} events was made{}", made->name, made->events,
               with_master_key ? ", with the master key in it" : "");
  return json::to_string(*made);
}

Result<std::string> Application::House::list_backups() const {
  const auto all = rocks::list_backups(fs::path(settings.get()->data_dir) / "backups");
  if (!all) return all.error();
  return json::to_string(*all);
}

Result<std::optional<fs::path>> master_key_file(const fs::path& data_dir) {
  const auto source = vault::MasterKeySource::from_environment(data_dir);
  std::error_code ignored;
  const bool elsewhere = source.text || (source.credentials_directory &&
                                         fs::exists(*source.credentials_directory / "strowger-master-key", ignored));
  if (!elsewhere && fs::exists(source.file, ignored)) return std::optional(source.file);
  return unacceptable("master_key_elsewhere", "the master key is not in " + source.file.string() +
                                                  "; it was handed to the server from elsewhere, back it up there");
}

}  // namespace strowger::application
