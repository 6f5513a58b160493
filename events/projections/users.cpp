#include "events/projections/users.hpp"

#include "events/overloaded.hpp"

#include <mutex>

namespace strowger {

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

void UsersProjection::fold(const Envelope& envelope) {
  if (envelope.stream.category() != "user") return;
  std::visit(Overloaded{
                 [&](const UserCreated& e) {
                   users_.put(e.name, {e.name, e.role, e.password, envelope.time, envelope.version});
                 },
                 [&](const UserPasswordChanged& e) {
                   const auto present = users_.find(e.name);
                   if (!present) return;
                   UserRow row = *present;
                   row.password = e.password;
                   row.version = envelope.version;
                   users_.put(e.name, std::move(row));
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
                 },
                 [&](const UserRoleWithdrawn& e) {
                   const auto present = users_.find(e.name);
                   if (!present) return;
                   UserRow row = *present;
                   row.role = Role::user;
                   row.enabled = false;
                   row.version = envelope.version;
                   users_.put(e.name, std::move(row));
                 },
                 [&](const TokenRevoked& e) {
                   // By the event's own time, so that a rebuild forgets exactly the same ones.
                   std::vector<Uuid> lapsed;
                   for (const auto& row : revoked_.in_order())
                     if (row.value->expires_at < envelope.time) lapsed.push_back(row.key);
                   for (const auto& token : lapsed) revoked_.erase(token);
                   revoked_.put(e.token, {e.token, e.expires_at});
                 },
                 [](const auto&) {},
             },
             envelope.event);
}

void UsersProjection::flush(RowBatch& batch) {
  const std::unique_lock lock(mutex_);
  users_.flush(batch);
  revoked_.flush(batch);
}

Result<void> UsersProjection::load(std::string_view key, std::string_view row) {
  const std::unique_lock lock(mutex_);
  auto user = users_.load(key, row, [](const UserRow& r) { return r.name; });
  if (!user) return user.error();
  if (*user) return {};
  auto token = revoked_.load(key, row, [](const RevokedToken& r) { return r.token; });
  if (!token) return token.error();
  return {};
}

void UsersProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<UsersProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(users_, other.users_);
  std::swap(revoked_, other.revoked_);
}

void UsersProjection::dump(RowBatch& all) const {
  const std::shared_lock lock(mutex_);
  users_.dump(all);
  revoked_.dump(all);
}

}  // namespace strowger
