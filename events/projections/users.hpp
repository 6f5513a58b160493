// Who may administer, and which tokens were revoked.
#pragma once

#include "events/projections/table.hpp"

namespace strowger {

struct UserRow {
  std::string name;
  Role role = Role::viewer;
  PasswordHash password;
  Timestamp created_at;
  StreamVersion version{};
  std::string directory;  // whose groups give the role; empty: it is given here
  Uuid identity;          // the directory user
  bool enabled = true;
};
BOOST_DESCRIBE_STRUCT(UserRow, (), (name, role, password, created_at, version, directory, identity, enabled))

struct RevokedToken {
  Uuid token;
  Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(RevokedToken, (), (token, expires_at))

class UsersProjection : public Projection {
 public:
  using RowPtr = std::shared_ptr<const UserRow>;

  RowPtr find(const std::string& name) const;
  std::vector<RowPtr> list() const;
  bool revoked(const Uuid& token) const;

  std::string_view name() const override { return "users"; }
  std::uint32_t schema() const override { return 1; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<UsersProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  void fold(const Envelope& envelope) override;
  Table<std::string, UserRow> users_{"user/"};
  Table<Uuid, RevokedToken> revoked_{"revoked/"};
};

}  // namespace strowger
