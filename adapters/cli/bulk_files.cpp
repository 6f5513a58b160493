// strowger devices and strowger extensions: import and export, through the running server's API.
#include "adapters/cli/api_call.hpp"
#include "adapters/cli/commands.hpp"
#include "adapters/cli/progress_bar.hpp"
#include "events/json.hpp"

#include <fstream>
#include <iostream>
#include <iterator>

namespace strowger::cli {
namespace {

std::string path_of_files(const std::string& what) {
  return (what == "devices" ? "/api/provisioning/devices/" : "/api/" + what + "/");
}

struct Row {
  std::uint64_t row = 0;
  std::optional<std::string> mac_address, number;  // the one that the file is of
  std::string action;
  std::optional<std::string> extension, error;
  std::optional<std::vector<std::string>> warnings;
};
BOOST_DESCRIBE_STRUCT(Row, (), (row, mac_address, number, action, extension, error, warnings))

struct Extensions {
  std::uint64_t created = 0, replaced = 0, unchanged = 0;
};
BOOST_DESCRIBE_STRUCT(Extensions, (), (created, replaced, unchanged))

struct Imported {
  bool success = false;
  std::uint64_t total = 0, created = 0, replaced = 0, unchanged = 0, refused = 0;
  std::string message;
  std::optional<Extensions> extensions;
  std::optional<std::vector<Row>> rows;
};
BOOST_DESCRIBE_STRUCT(Imported, (), (success, total, created, replaced, unchanged, refused, message, extensions, rows))

void print(const Imported& done, const std::string& what) {
  for (const auto& row : done.rows.value_or(std::vector<Row>{})) {
    std::cout << "row " << row.row << "  " << row.mac_address.value_or(row.number.value_or("")) << "  " << row.action;
    if (row.extension) std::cout << ", its extension: " << *row.extension;
    if (row.error) std::cout << ": " << *row.error;
    std::cout << '\n';
    for (const auto& warning : row.warnings.value_or(std::vector<std::string>{}))
      std::cout << "  warning: " << warning << '\n';
  }
  std::cout << done.total << " " << what << ": " << done.created << " new, " << done.replaced << " changed, "
            << done.unchanged << " as they were, " << done.refused << " refused. ";
  if (done.extensions)
    std::cout << "Their extensions: " << done.extensions->created << " new, " << done.extensions->replaced
              << " changed, " << done.extensions->unchanged << " as they were. ";
  std::cout << done.message << '\n';
}

}  // namespace

int import_file(const ImportOptions& options) {
  const auto settings = settings_of(options.server);
  if (!settings) return fail(settings.error());
  std::ifstream stream(options.file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad())
    return fail(unavailable("file_unreadable", options.file.string() + ": cannot be read"));
  const auto* type = options.file.extension() == ".json" ? "application/json" : "text/csv";
  const auto target = path_of_files(options.what) + "import" + (options.dry_run ? "?dry_run=true" : "");
  Result<std::string> answer = [&] {
    ProgressBar bar("Sending");
    return post_file(*settings, target, text, type, [&](std::size_t done, std::size_t of) { bar.show(done, of); });
  }();
  if (!answer) return fail(answer.error());
  const auto done = json::from_string<Imported>(*answer);
  if (!done) return fail(done.error());
  print(*done, options.what);
  return done->success ? 0 : 1;
}

int export_file(const ExportOptions& options) {
  const auto settings = settings_of(options.server);
  if (!settings) return fail(settings.error());
  const auto answer = get(*settings, path_of_files(options.what) + "export?format=" + options.format);
  if (!answer) return fail(answer.error());
  if (options.out.empty()) {
    std::cout << *answer << std::flush;
    return std::cout ? 0 : fail(unavailable("not_written", "stdout cannot be written"));
  }
  std::ofstream file(options.out, std::ios::binary | std::ios::trunc);
  file << *answer << std::flush;
  if (!file) return fail(unavailable("not_written", options.out.string() + ": cannot be written"));
  return 0;
}

}  // namespace strowger::cli
