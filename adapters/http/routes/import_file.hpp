// What the imports of devices and of extensions share: a file of rows comes in, each row is judged, and all of them are
// taken, as one chain of events, or none.
//
// Reading and judging are O(rows) and run on the lane `scans`; committing waits for the log.
#pragma once

#include "actors/decide_together.hpp"
#include "adapters/http/routes/context.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::http::routes {

inline constexpr std::size_t import_body_limit = 32U << 20;

// What browsers, spreadsheets and tools call such a file.
std::vector<std::string> import_types();

struct ImportFile {
  bool json = false;
  std::string text;  // UTF-8 where it is CSV
};
// By its type, and where that says nothing (text/plain, application/octet-stream) by its first character. Errors of
// bulk::decoded().
Result<ImportFile> import_file(std::string_view content_type, std::string bytes);

enum class RowAction : std::uint8_t { create, replace, unchanged, refused };
BOOST_DESCRIBE_ENUM(RowAction, create, replace, unchanged, refused)

RowAction action_of(bool existed, const std::vector<Event>& events);

// A row of either file with what becomes of it.
struct JudgedRow {
  std::size_t row = 0;
  std::string_view key_name;  // mac_address, number
  std::string key;            // as it was given
  RowAction action = RowAction::refused;
  std::optional<Error> fault;
  boost::json::array warnings;
  std::optional<RowAction> extension;  // of a device's row that says what its extension is to be
};
boost::json::object view(const JudgedRow& row);

// Of many rows.
template <class Row>
struct Judgement {
  std::vector<Row> rows;
  std::array<std::size_t, 4> counts{};  // by action

  std::size_t count(RowAction action) const { return counts.at(static_cast<std::size_t>(action)); }
  void add(Row row) {
    ++counts.at(static_cast<std::size_t>(row.action));
    rows.push_back(std::move(row));
  }
  void set(Row& row, RowAction action) {
    --counts.at(static_cast<std::size_t>(row.action));
    row.action = action;
    ++counts.at(static_cast<std::size_t>(action));
  }
  boost::json::array views() const {
    boost::json::array out;
    for (const auto& row : rows) out.push_back(view(row));
    return out;
  }
};

boost::json::object import_summary(std::size_t total, const std::array<std::size_t, 4>& counts, bool dry_run,
                                   std::string_view message);

// 422 `rows_refused` with the first hundred of them.
template <class Row>
Error rows_refused(const Judgement<Row>& judged) {
  constexpr std::size_t most_rows_said = 100;
  boost::json::array rows;
  const JudgedRow* first = nullptr;
  for (const auto& row : judged.rows) {
    if (!row.fault || rows.size() == most_rows_said) continue;
    if (first == nullptr) first = &row;
    rows.push_back(view(row));
  }
  return unacceptable("rows_refused", std::to_string(judged.count(RowAction::refused)) + " of " +
                                          std::to_string(judged.rows.size()) +
                                          " rows cannot be imported, so none is. The first is row " +
                                          std::to_string(first->row) + ": " + first->fault->message)
      .with("rows", std::move(rows));
}

// A number that a spreadsheet has changed: `spreadsheet_number`, with how to stop it. None where there is no trace of
// that. `digits` as of bulk::spreadsheet_trace(); `also`: another way out, as the end of the sentence.
std::optional<Error> spreadsheet_fault(std::string_view text, std::size_t digits, std::string_view also);

// Commands to extensions and devices that are committed together.
struct Decisions {
  explicit Decisions(const actors::EntityWorld& world) : extensions(world), devices(world) {}
  actors::DecideTogether<actors::Extension> extensions;
  actors::DecideTogether<actors::Device> devices;

  // Of both, extensions first, with one correlation.
  Result<AppendRequest> decide(Cause cause, const std::string& idempotency_key);
};

// What the commands make of the entities is decided by the log and committed as one; returns when queries see it. Where
// somebody else decided about one of them meanwhile, all are decided again; `entities_changing` where that does not
// help.
Awaitable<Result<void>> commit(Context& context, const Request& request, std::shared_ptr<Decisions> decisions,
                               actors::AskMeta meta);

// A part at a time, so that however many there are, few are in memory.
struct ExportParts {
  std::string header;  // of CSV; JSON has none
  // Adds the next lines or objects to `part`, and says whether there are more.
  std::function<bool(std::vector<std::string>& part)> next;
};
// A file of `name`.csv or .json, as the query's `format` says.
Result<Response> export_file(const Request& request, std::string_view name, std::function<ExportParts(bool csv)> parts);
Parameter dry_import_parameter();
Parameter export_format_parameter();
// Members of the schema of a summary.
std::string import_schema(std::string_view key_name, std::string_view key_schema, std::string_view more = {});

}  // namespace strowger::http::routes
