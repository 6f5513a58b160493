#include "actors/directory/planner.hpp"

#include "events/utf8.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

namespace strowger::directory {
namespace {

bool by_directory(const ExtensionRow& row) {
  return !row.enabled && row.disabled_reason != DisabledReason::administrator;
}

// Whether the extension is already all that the directory says.
bool same(const ExtensionRow& row, const Person& person, const std::string& directory) {
  const bool state = row.enabled == !person.disabled || (!row.enabled && !by_directory(row));
  return state && row.name == person.name && row.email == person.email && row.identity == person.identity &&
         row.account == person.account && row.directory == directory;
}

}  // namespace

std::string label(const Person& person) {
  const std::string account(utf8::prefix(person.account, 128)), name(utf8::prefix(person.name, 128));
  if (account.empty()) return name.empty() ? person.identity.text() : name;
  return name.empty() ? account : account + " (" + name + ")";
}

Planner::Planner(const Policy& policy, Present present, Spool spool)
    : policy_(policy), present_(std::move(present)), spool_(std::move(spool)) {
  for (const auto& row : present_.linked) linked_.push_back({row->identity, row});
  std::ranges::sort(linked_, {}, &Linked::identity);
  for (const auto& user : present_.users) users_.push_back(user->identity);
  std::ranges::sort(users_);
}

std::span<Planner::Linked> Planner::linked_to(const Uuid& identity) {
  const auto found = std::ranges::equal_range(linked_, identity, {}, &Linked::identity);
  return {found.begin(), found.end()};
}

std::size_t Planner::enabled_before() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(linked_, [](const Linked& linked) { return linked.row->enabled; }));
}

void Planner::skip(std::string user, std::string reason) {
  ++counts_.skipped;
  if (skipped_.size() < most_listed) skipped_.push_back({std::move(user), std::move(reason)});
}

void Planner::skip_read(const Person& person, std::string reason) {
  ++taken_.skipped;
  if (taken_skipped_.size() < most_listed) taken_skipped_.push_back({label(person), std::move(reason)});
}

Result<void> Planner::take(const Entry& entry) {
  ++taken_.read;
  auto person = map(entry, policy_);
  for (auto& linked : linked_to(person.identity)) {
    linked.seen = true;
    linked.numberless = person.fault.empty() && !person.number;
    linked.barred = person.disabled && (!person.fault.empty() || !person.number);
  }
  if (!person.fault.empty()) {
    // A slip in the directory silences nobody; one in a user who is disabled there keeps nobody connected either.
    if (!person.disabled || linked_to(person.identity).empty()) skip_read(person, person.fault);
    person.number.reset();  // a role it may still have
  } else if (!person.number) {
    ++taken_.without_number;
  }
  if (person.identity.is_nil()) person.role.reset();
  if (std::ranges::binary_search(users_, person.identity)) taken_users_.insert(person.identity);
  if (!person.number && !person.role) return {};
  const auto offset = spool_.add(person);
  if (!offset) return offset.error();
  if (!person.number) return {};
  Item item;
  item.identity = person.identity;
  item.offset = *offset;
  item.disabled = person.disabled;
  const auto& number = person.number->text();
  std::memcpy(item.number.data(), number.data(), std::min(number.size(), item.number.size() - 1));
  items_.push_back(item);
  return {};
}

void Planner::present(const Uuid& identity) {
  for (auto& linked : linked_to(identity)) linked.there = true;
  if (std::ranges::binary_search(users_, identity)) present_users_.insert(identity);
}

Result<void> Planner::finish(SyncMode mode) {
  mode_ = mode;
  std::ranges::sort(items_, [](const Item& a, const Item& b) {
    return std::tuple(a.text(), a.identity, a.offset) < std::tuple(b.text(), b.identity, b.offset);
  });
  // A page that shifted while it was read may bring a user twice.
  const auto twice = std::ranges::unique(
      items_, [](const Item& a, const Item& b) { return a.identity == b.identity && a.text() == b.text(); });
  items_.erase(twice.begin(), twice.end());
  if (auto done = find_contests(); !done) return done;
  for (auto& linked : linked_) {
    const auto* heir = claimant(linked.row->number);
    linked.succeeded = heir != nullptr && heir->identity != linked.identity;
  }
  find_renumberings();
  order_renumberings();
  std::ranges::sort(items_, {}, &Item::offset);
  return {};
}

const Planner::Item* Planner::claimant(const ExtensionNumber& number) const {
  const auto found = std::ranges::equal_range(items_, std::string_view(number.text()), {}, &Item::text);
  for (const auto& item : found)
    if (!item.disabled && !item.contested) return &item;
  return nullptr;
}

Result<void> Planner::find_contests() {
  for (auto first = items_.begin(); first != items_.end();) {
    const auto last = std::find_if(first, items_.end(), [&](const Item& item) { return item.text() != first->text(); });
    if (auto done = contest({first, last}); !done) return done;
    first = last;
  }
  return {};
}

// In an incremental sync the other one may not have changed and thus was not read.
bool Planner::held_by_another(const Item& item) {
  if (mode_ == SyncMode::full) return false;
  const auto number = ExtensionNumber::parse(item.text());
  const auto row = number ? present_.extension(*number) : nullptr;
  if (!row || row->directory != policy_.name || row->identity == item.identity || !row->enabled) return false;
  return std::ranges::any_of(linked_to(row->identity), [&](const Linked& linked) {
    return linked.row->number == *number && linked.there && !linked.seen;
  });
}

// All that want one number.
Result<void> Planner::contest(std::span<Item> items) {
  std::vector<Item*> claims;
  for (auto& item : items)
    if (!item.disabled) claims.push_back(&item);
  const bool held = claims.size() == 1 && held_by_another(*claims.front());
  if (claims.size() < 2 && !held) return {};
  disputed_ = true;
  std::vector<Person> people;
  for (auto* claim : claims) {
    claim->contested = true;
    auto person = spool_.read(claim->offset);
    if (!person) return person.error();
    people.push_back(std::move(*person));
  }
  for (std::size_t i = 0; i < people.size(); ++i) {
    std::string others;
    for (std::size_t k = 0; k < people.size() && others.size() < 256; ++k)
      if (k != i) others += (others.empty() ? "" : ", ") + label(people[k]);
    if (held) others = present_.extension(*people[i].number)->account;
    skip_read(people[i], "number " + people[i].number->text() + " is also that of " + others +
                             "; give each a number of their own in the directory");
  }
  return {};
}

void Planner::find_renumberings() {
  for (auto& item : items_) {
    if (item.disabled || item.contested) continue;
    for (auto& linked : linked_to(item.identity)) {
      if (linked.row->number.text() == item.text()) continue;
      item.renumbered = true;
      renumberings_.push_back({linked.row, std::string(item.text()), item.offset, linked.succeeded});
    }
  }
}

// Who moves to a number moves after its former user has moved away with their phones. What is left waits in a circle.
void Planner::order_renumberings() {
  std::unordered_map<std::string, std::size_t> leaving;  // number -> how many have yet to leave it
  for (const auto& renumbering : renumberings_) ++leaving[renumbering.from->number.text()];
  std::vector<Renumbering> ordered;
  auto waiting = std::move(renumberings_);
  for (bool moved = true; moved && !waiting.empty();) {
    std::vector<Renumbering> still;
    for (auto& renumbering : waiting) {
      if (leaving[renumbering.to] > 0) {
        still.push_back(std::move(renumbering));
        continue;
      }
      --leaving[renumbering.from->number.text()];
      ordered.push_back(std::move(renumbering));
    }
    moved = still.size() < waiting.size();
    waiting = std::move(still);
  }
  for (auto& renumbering : waiting) {
    renumbering.phones_stay = true;
    ordered.push_back(std::move(renumbering));
  }
  renumberings_ = std::move(ordered);
}

Result<void> Planner::walk(const Visit& visit) {
  counts_ = taken_;
  skipped_ = taken_skipped_;
  if (auto done = walk_renumberings(visit); !done) return done;
  if (auto done = walk_people(visit); !done) return done;
  if (auto done = walk_releases(visit); !done) return done;
  return walk_roles(visit);
}

// One user with a number that nobody contests. Whether they have it in the end.
Result<bool> Planner::settle(const Person& person, const Visit& visit, bool wait) {
  const auto row = present_.extension(*person.number);
  if (!row && !policy_.auto_provision) {
    skip(label(person), "extension " + person.number->text() +
                            " does not exist; create it, or set auto_provision so that a sync does");
    return false;
  }
  if (row && !row->directory.empty() && row->directory != policy_.name) {
    skip(label(person), "extension " + person.number->text() + " is kept by the directory " + row->directory + " (" +
                            row->account + ")");
    return false;
  }
  if (row && same(*row, person, policy_.name)) {
    ++counts_.unchanged;
    return true;
  }
  return visit(Adopt{person, row}, wait);
}

Result<void> Planner::walk_renumberings(const Visit& visit) {
  for (const auto& renumbering : renumberings_) {
    const auto person = spool_.read(renumbering.offset);
    if (!person) return person.error();
    const auto settled = settle(*person, visit, true);
    if (!settled) return settled.error();
    if (!*settled) continue;
    if (!renumbering.phones_stay) {
      const auto moved = visit(MovePhones{renumbering.from->number, *person->number, label(*person)}, true);
      if (!moved) return moved.error();
      if (!*moved) continue;
    }
    if (renumbering.succeeded) continue;  // whose number it is now takes it
    const auto released = visit(Release{renumbering.from, DisabledReason::renumbered}, true);
    if (!released) return released.error();
  }
  return {};
}

// A disabled user claims nothing: what is theirs is disabled, whatever their number says.
Result<void> Planner::settle_disabled(const Person& person, const Visit& visit) {
  bool changed = false;
  for (const auto& linked : linked_to(person.identity)) {
    if (!linked.row->enabled || linked.succeeded) continue;
    auto theirs = person;
    theirs.number = linked.row->number;
    const auto done = visit(Adopt{std::move(theirs), linked.row}, false);
    if (!done) return done.error();
    changed = true;
  }
  if (!changed) ++counts_.unchanged;
  return {};
}

Result<void> Planner::walk_people(const Visit& visit) {
  auto item = items_.begin();
  return spool_.each([&](std::uint64_t offset, const Person& person) -> Result<void> {
    while (item != items_.end() && item->offset < offset) ++item;
    if (item == items_.end() || item->offset != offset || item->contested || item->renumbered) return {};
    if (person.disabled) return settle_disabled(person, visit);
    const auto done = settle(person, visit, false);
    if (!done) return done.error();
    return {};
  });
}

bool Planner::removed(const Linked& linked) const {
  if (linked.numberless) return true;
  return !linked.seen && !(mode_ == SyncMode::incremental && linked.there);
}

Result<void> Planner::walk_releases(const Visit& visit) {
  for (const auto& linked : linked_) {
    if (!linked.row->enabled || linked.succeeded) continue;
    if (!linked.barred && !(policy_.deactivate_removed_users && removed(linked))) continue;
    const auto why = linked.barred ? DisabledReason::directory_disabled : DisabledReason::directory_removed;
    const auto done = visit(Release{linked.row, why}, false);
    if (!done) return done.error();
  }
  return {};
}

Result<void> Planner::walk_roles(const Visit& visit) {
  std::unordered_map<std::string_view, const UserRow*> by_name;
  for (const auto& user : present_.users) by_name.emplace(user->name, user.get());
  std::unordered_set<std::string> granted;
  auto done = spool_.each([&](std::uint64_t, const Person& person) -> Result<void> {
    if (!person.role || person.disabled) return {};
    if (person.account.empty()) {
      skip(label(person), "it has no account name, and so can have no role");
      return {};
    }
    granted.insert(person.account);
    const auto present = by_name.find(person.account);
    const bool known = present != by_name.end() && present->second->identity == person.identity &&
                       present->second->enabled && present->second->role == *person.role;
    if (known) return {};
    const auto given = visit(Grant{person.account, *person.role, person.identity}, false);
    if (!given) return given.error();
    return {};
  });
  if (!done) return done;
  for (const auto& user : present_.users) {
    const bool unchanged = mode_ == SyncMode::incremental && present_users_.contains(user->identity) &&
                           !taken_users_.contains(user->identity);
    if (!user->enabled || granted.contains(user->name) || unchanged) continue;
    const auto taken = visit(Withdraw{user->name, user->identity}, false);
    if (!taken) return taken.error();
  }
  return {};
}

}  // namespace strowger::directory
