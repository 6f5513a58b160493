// Who may administer, which tokens were revoked, and which are from before their account changed.
#pragma once

#include "events/projections/settled_date.hpp"
#include "events/projections/table.hpp"

#include <set>
#include <utility>

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

// What tokens of a name stand for. An epoch is the id of the last event that ended the tokens of before: an account was
// made, got another password or role, or was disabled or deleted. A user and an extension may have the same name.
struct TokenSubject {
  std::string name;
  Uuid user;       // its epoch; nil: there never was such a user
  Uuid extension;  // the same of the extension of that number
  Timestamp since;
  std::optional<Timestamp> gone_at;  // of an extension that was deleted, where no user has the name
};
BOOST_DESCRIBE_STRUCT(TokenSubject, (), (name, user, extension, since, gone_at))

class UsersProjection : public Projection {
 public:
  using RowPtr = std::shared_ptr<const UserRow>;
  // A subject that is gone is known for so long: no token is good for longer (`strowger token --hours`).
  static constexpr std::chrono::hours longest_token{24 * 366};

  RowPtr find(const std::string& name) const;
  std::vector<RowPtr> list() const;
  bool revoked(const Uuid& token) const;

  // What a token that is given out now is to carry; nil: no such account is known. Read it before the password is
  // compared: where that changes meanwhile, the token is one of before.
  Uuid user_epoch(const std::string& name) const;
  Uuid extension_epoch(const std::string& number) const;
  // Whether a token of that name still stands for the account that it was given to. One without an epoch (of `strowger
  // token`, or of a release before epochs) must be issued after the account's last change; where that lies in the
  // future the clock was put back meanwhile, and it stands. For a name that is no account's it always does. Complexity:
  // one look-up by hash.
  bool stands(const std::string& name, const Uuid& epoch, Timestamp issued_at, Timestamp now) const;

  std::string_view name() const override { return "users"; }
  std::uint32_t schema() const override { return 3; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<UsersProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  void fold(const Envelope& envelope) override;
  void fold_user(const Envelope& envelope);
  void fold_extension(const Envelope& envelope);
  void revoke(const TokenRevoked& event);
  void begin_user_epoch(const std::string& name, const Envelope& envelope);
  void begin_extension_epoch(const ExtensionNumber& number, const Envelope& envelope, bool gone);
  void put(TokenSubject subject);
  void forget_what_ended();

  Table<std::string, UserRow> users_{"user/"};
  Table<Uuid, RevokedToken> revoked_{"revoked/"};
  Table<std::string, TokenSubject> subjects_{"subject/"};
  SettledDate date_;
  bool date_changed_ = false;
  // What of the two above is to be forgotten first.
  std::set<std::pair<Timestamp, Uuid>> revoked_by_end_;
  std::set<std::pair<Timestamp, std::string>> gone_;
};

}  // namespace strowger
