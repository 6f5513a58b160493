#include "events/projections/users.hpp"

#include "events/overloaded.hpp"

#include <mutex>
#include <utility>

namespace strowger {
namespace {

constexpr const char* date_key = "date";

}  // namespace

UsersProjection::RowPtr UsersProjection::find(const std::string& name) const {
  const std::shared_lock lock(mutex_);
  return users_.find(name);
}

std::vector<UsersProjection::RowPtr> UsersProjection::list() const {
  const std::shared_lock lock(mutex_);
  std::vector<RowPtr> out;
  for (const auto& row : users_.in_order()) out.push_back(row.value);
  return out;
}

bool UsersProjection::revoked(const Uuid& token) const {
  const std::shared_lock lock(mutex_);
  return revoked_.find(token) != nullptr;
}

Uuid UsersProjection::user_epoch(const std::string& name) const {
  const std::shared_lock lock(mutex_);
  const auto subject = subjects_.find(name);
  return subject ? subject->user : Uuid{};
}

Uuid UsersProjection::extension_epoch(const std::string& number) const {
  const std::shared_lock lock(mutex_);
  const auto subject = subjects_.find(number);
  return subject ? subject->extension : Uuid{};
}

bool UsersProjection::stands(const std::string& name, const Uuid& epoch, Timestamp issued_at, Timestamp now) const {
  const std::shared_lock lock(mutex_);
  const auto subject = subjects_.find(name);
  if (!subject) return epoch.is_nil();
  if (epoch.is_nil()) return issued_at >= subject->since || subject->since > now;
  return epoch == subject->user || epoch == subject->extension;
}

void UsersProjection::put(TokenSubject subject) {
  if (const auto present = subjects_.find(subject.name); present && present->gone_at)
    gone_.erase({*present->gone_at, present->name});
  if (subject.gone_at) gone_.emplace(*subject.gone_at, subject.name);
  const auto name = subject.name;
  subjects_.put(name, std::move(subject));
}

void UsersProjection::begin_user_epoch(const std::string& name, const Envelope& envelope) {
  const auto present = subjects_.find(name);
  auto subject = present ? *present : TokenSubject{name, {}, {}, {}, {}};
  subject.user = envelope.id;
  subject.since = envelope.time;
  subject.gone_at.reset();
  put(std::move(subject));
}

void UsersProjection::begin_extension_epoch(const ExtensionNumber& number, const Envelope& envelope, bool gone) {
  const auto present = subjects_.find(number.text());
  auto subject = present ? *present : TokenSubject{number.text(), {}, {}, {}, {}};
  subject.extension = envelope.id;
  subject.since = envelope.time;
  subject.gone_at.reset();
  if (gone && subject.user.is_nil()) subject.gone_at = envelope.time;
  put(std::move(subject));
}

// By a date that the log has surely reached: a clock that is ahead for a moment revives no token.
void UsersProjection::forget_what_ended() {
  const auto now = date_.settled;
  while (!revoked_by_end_.empty() && revoked_by_end_.begin()->first < now) {
    revoked_.erase(revoked_by_end_.begin()->second);
    revoked_by_end_.erase(revoked_by_end_.begin());
  }
  while (!gone_.empty() && gone_.begin()->first + longest_token < now) {
    subjects_.erase(gone_.begin()->second);
    gone_.erase(gone_.begin());
  }
}

void UsersProjection::revoke(const TokenRevoked& event) {
  if (const auto present = revoked_.find(event.token)) revoked_by_end_.erase({present->expires_at, event.token});
  revoked_by_end_.emplace(event.expires_at, event.token);
  revoked_.put(event.token, {event.token, event.expires_at});
}

void UsersProjection::fold(const Envelope& envelope) {
  if (date_.add(envelope.time)) {
    date_changed_ = true;
    forget_what_ended();
  }
  const auto category = envelope.stream.category();
  if (category == "user") fold_user(envelope);
  if (category == "extension") fold_extension(envelope);
}

void UsersProjection::fold_extension(const Envelope& envelope) {
  std::visit(Overloaded{
                 [&](const ExtensionCreated& e) { begin_extension_epoch(e.number, envelope, false); },
                 [&](const ExtensionPasswordChanged& e) { begin_extension_epoch(e.number, envelope, false); },
                 [&](const ExtensionDisabled& e) { begin_extension_epoch(e.number, envelope, false); },
                 [&](const ExtensionDeleted& e) { begin_extension_epoch(e.number, envelope, true); },
                 [](const auto&) {},
             },
             envelope.event);
}

void UsersProjection::fold_user(const Envelope& envelope) {
  std::visit(Overloaded{
                 [&](const UserCreated& e) {
                   users_.put(e.name, {e.name, e.role, e.password, envelope.time, envelope.version});
                   begin_user_epoch(e.name, envelope);
                 },
                 [&](const UserPasswordChanged& e) {
                   const auto present = users_.find(e.name);
                   if (!present) return;
                   UserRow row = *present;
                   row.password = e.password;
                   row.version = envelope.version;
                   users_.put(e.name, std::move(row));
                   begin_user_epoch(e.name, envelope);
                 },
                 [&](const UserRoleSynced& e) {
                   const auto present = users_.find(e.name);
                   UserRow row = present ? *present : UserRow{e.name, e.role, {}, envelope.time};
                   row.role = e.role;
                   row.directory = e.directory;
                   row.identity = e.identity;
                   row.enabled = true;
                   row.version = envelope.version;
                   users_.put(e.name, std::move(row));
                   begin_user_epoch(e.name, envelope);
                 },
                 [&](const UserRoleWithdrawn& e) {
                   const auto present = users_.find(e.name);
                   if (!present) return;
                   UserRow row = *present;
                   row.role = Role::user;
                   row.enabled = false;
                   row.version = envelope.version;
                   users_.put(e.name, std::move(row));
                   begin_user_epoch(e.name, envelope);
                 },
                 [&](const TokenRevoked& e) { revoke(e); },
                 [](const auto&) {},
             },
             envelope.event);
}

void UsersProjection::flush(RowBatch& batch) {
  users_.flush(batch);
  revoked_.flush(batch);
  subjects_.flush(batch);
  if (std::exchange(date_changed_, false)) batch.put(date_key, json::to_string(date_));
}

Result<void> UsersProjection::load(std::string_view key, std::string_view row) {
  const std::unique_lock lock(mutex_);
  if (key == date_key) {
    auto date = json::from_string<SettledDate>(row);
    if (!date) return date.error();
    date_ = *date;
    return {};
  }
  auto user = users_.load(key, row, [](const UserRow& r) { return r.name; });
  if (!user) return user.error();
  if (*user) return {};
  auto token = revoked_.load(key, row, [this](const RevokedToken& r) {
    revoked_by_end_.emplace(r.expires_at, r.token);
    return r.token;
  });
  if (!token) return token.error();
  if (*token) return {};
  auto subject = subjects_.load(key, row, [this](const TokenSubject& r) {
    if (r.gone_at) gone_.emplace(*r.gone_at, r.name);
    return r.name;
  });
  if (!subject) return subject.error();
  return {};
}

void UsersProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<UsersProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(users_, other.users_);
  std::swap(revoked_, other.revoked_);
  std::swap(subjects_, other.subjects_);
  std::swap(revoked_by_end_, other.revoked_by_end_);
  std::swap(gone_, other.gone_);
  date_ = other.date_;
}

void UsersProjection::dump(RowBatch& all) const {
  users_.dump(all);
  revoked_.dump(all);
  subjects_.dump(all);
  if (date_.since != Timestamp{}) all.put(date_key, json::to_string(date_));
}

}  // namespace strowger
