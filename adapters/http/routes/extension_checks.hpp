// What an extension's members must be, whichever way they come in: one by one, as a file, or with a file of devices.
#pragma once

#include "actors/bulk/extension_entry.hpp"
#include "adapters/http/routes/import_file.hpp"

#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace strowger::http::routes {

// Phones and SIP's digest take any printable text; what cannot be typed or would be trimmed is refused: `bad_password`.
std::optional<Error> check_password(const std::string& password);
std::string random_password();

struct JudgedExtension : JudgedRow {
  bulk::ExtensionEntry entry;
  ExtensionNumber number;
  ExtensionsProjection::RowPtr present;  // none: it is created
  bool new_password = false;             // one is to be sealed
  std::variant<actors::CreateExtension, actors::ChangeExtension> command;

  actors::Extension::Command decided_by() const;
};

// Judges rows in their order by what queries see, and by the decider's own rules.
class ExtensionJudge {
 public:
  explicit ExtensionJudge(const Services& services) : services_(services) {}

  Judgement<JudgedExtension> judge(std::vector<bulk::ExtensionEntry> entries);

 private:
  Result<void> judge(JudgedExtension& row);
  Result<void> take_password(JudgedExtension& row, actors::ChangeExtension& change) const;

  const Services& services_;
  std::unordered_map<ExtensionNumber, std::size_t> rows_;
};

// Seals the passwords of the rows that need one, with one write for all new data keys. It waits for the log. What it
// gives are the new keys, in the order of the rows that are created: destroy those that no event names.
Result<std::vector<SealedSecret>> seal_passwords(Vault& vault, std::vector<JudgedExtension*>& rows);

// Extensions that a file creates or changes with its devices, or alone: adds them to the decisions, commits, and says
// in the judgement what came of each. Passwords are sealed before, and keys that nothing names destroyed behind it.
Awaitable<Result<void>> import_extensions(Context& context, const Request& request, Judgement<JudgedExtension>& judged,
                                          std::shared_ptr<Decisions> decisions, actors::AskMeta meta);

}  // namespace strowger::http::routes
