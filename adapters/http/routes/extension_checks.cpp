#include "adapters/http/routes/extension_checks.hpp"

#include "events/controls.hpp"
#include "events/plain_text.hpp"

#include <sodium.h>

namespace strowger::http::routes {
namespace {

actors::Extension::State extension_state(const ExtensionsProjection::RowPtr& row) {
  actors::Extension::State state;
  if (!row) return state;
  state.exists = true;
  state.number = row->number;
  state.name = row->name;
  state.email = row->email;
  state.allow_external = row->allow_external;
  state.password = row->password;
  state.enabled = row->enabled;
  state.disabled_reason = row->disabled_reason;
  state.directory = row->directory;
  state.identity = row->identity;
  state.account = row->account;
  state.listed = row->listed;
  return state;
}

}  // namespace

std::string random_password() {
  constexpr std::string_view letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
  std::string password;
  while (password.size() < 20) password.push_back(letters[randombytes_uniform(letters.size())]);
  return password;
}

std::optional<Error> check_password(const std::string& password) {
  const bool printable = !find_control(password);
  if (!password.empty() && password.size() <= 128 && printable && password.front() != ' ' && password.back() != ' ')
    return std::nullopt;
  return unacceptable("bad_password",
                      "password must have 1 to 128 characters, no control characters, and no space at its ends.")
      .with("field", "password");
}

actors::Extension::Command JudgedExtension::decided_by() const {
  return std::visit([](const auto& one) { return actors::Extension::Command(one); }, command);
}

Judgement<JudgedExtension> ExtensionJudge::judge(std::vector<bulk::ExtensionEntry> entries) {
  Judgement<JudgedExtension> all;
  all.rows.reserve(entries.size());
  for (auto& entry : entries) {
    JudgedExtension row;
    row.row = entry.row;
    row.key_name = "number";
    row.key = entry.number;
    row.entry = std::move(entry);
    if (auto fine = judge(row); !fine) row.fault = fine.error();
    all.add(std::move(row));
  }
  return all;
}

Result<void> ExtensionJudge::judge(JudgedExtension& row) {
  const auto& entry = row.entry;
  if (entry.fault) return *entry.fault;
  const auto number = ExtensionNumber::parse(entry.number);
  if (!number) return spreadsheet_fault(entry.number, 0, "").value_or(number.error());
  row.number = *number;
  const auto [first, is_first] = rows_.emplace(*number, entry.row);
  if (!is_first)
    return conflict("repeated_number", "The extension " + number->text() + " is in row " +
                                           std::to_string(first->second) + " already. Leave one of the two.");
  if (entry.password)
    if (auto fault = check_password(*entry.password)) return std::move(*fault);
  row.present = services_.extension_rows.find(*number);
  actors::Context context{services_.clock(), {}, services_.ids};
  if (!row.present) {
    row.new_password = true;
    row.command = actors::CreateExtension{
        *number, entry.name.value_or(""),      entry.email.value_or(""),   entry.allow_external.value_or(true),
        {},      entry.enabled.value_or(true), entry.listed.value_or(true)};
  } else {
    actors::ChangeExtension change{entry.name, entry.email, entry.allow_external, {}, entry.enabled, entry.listed, {}};
    // As a file has the name that it was exported with.
    if (change.name && *change.name == plain_text(row.present->name)) change.name.reset();
    if (auto taken = take_password(row, change); !taken) return taken;
    row.command = std::move(change);
  }
  const auto decided = actors::Extension::decide(extension_state(row.present), row.decided_by(), context);
  if (!decided) return decided.error();
  row.action = action_of(row.present != nullptr, *decided);
  return {};
}

// The password that the extension has already is no change.
Result<void> ExtensionJudge::take_password(JudgedExtension& row, actors::ChangeExtension& change) const {
  if (!row.entry.password) return {};
  auto clear = services_.vault.open(row.present->password);
  const bool same = clear && *clear == *row.entry.password;
  if (clear) sodium_memzero(clear->data(), clear->size());
  if (same) return {};
  row.new_password = true;
  change.password = row.present->password;  // stands for the one that is sealed where it comes to that
  change.sealed_like = row.present->password;
  return {};
}

Result<std::vector<SealedSecret>> seal_passwords(Vault& vault, std::vector<JudgedExtension*>& rows) {
  std::vector<std::string> clear;
  std::vector<actors::CreateExtension*> created;
  for (auto* row : rows) {
    if (!row->new_password) continue;
    if (auto* change = std::get_if<actors::ChangeExtension>(&row->command)) {
      auto sealed = vault.seal_like(row->present->password, *row->entry.password);
      if (!sealed) return sealed.error();
      change->password = std::move(*sealed);
      continue;
    }
    created.push_back(&std::get<actors::CreateExtension>(row->command));
    clear.push_back(row->entry.password.value_or(random_password()));
  }
  if (created.empty()) return std::vector<SealedSecret>{};
  auto sealed = vault.seal_all(clear);
  for (auto& one : clear) sodium_memzero(one.data(), one.size());
  if (!sealed) return sealed;
  for (std::size_t i = 0; i < created.size(); ++i) created[i]->password = (*sealed)[i];
  return sealed;
}

Awaitable<Result<void>> import_extensions(Context& context, const Request& request, Judgement<JudgedExtension>& judged,
                                          std::shared_ptr<Decisions> decisions, actors::AskMeta meta) {
  // The work may outlive this coroutine, whose rows it writes: it has its own, which are taken back when it is done.
  struct Work {
    Judgement<JudgedExtension> judged;
    std::vector<JudgedExtension*> rows;
  };
  const auto own = std::make_shared<Work>();
  own->judged = std::move(judged);
  for (auto& row : own->judged.rows)
    if (row.action != RowAction::unchanged) own->rows.push_back(&row);
  auto& vault = context.services.vault;
  const auto seal = [own, &vault] { return seal_passwords(vault, own->rows); };
  auto sealed = co_await offloaded(request, context.lanes.writes, seal);
  if (!sealed) co_return sealed.error();
  for (const auto* row : own->rows) decisions->extensions.add(row->number.text(), row->decided_by());
  const auto done = co_await commit(context, request, decisions, std::move(meta));
  // A fault that leaves open whether it was done must not destroy the keys of what may exist.
  if (!done && done.error().kind != ErrorKind::unavailable && !sealed->empty())
    context.lanes.writes.post([&vault, unused = std::move(*sealed)] {
      for (const auto& secret : unused) static_cast<void>(vault.shred(secret));
    });
  if (!done) co_return done.error();
  for (std::size_t i = 0; i < own->rows.size(); ++i)
    own->judged.set(*own->rows[i], action_of(decisions->extensions.before(i).exists, decisions->extensions.events(i)));
  judged = std::move(own->judged);
  co_return Result<void>();
}

}  // namespace strowger::http::routes
