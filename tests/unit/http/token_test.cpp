#include "adapters/http/token.hpp"

#include "tests/support/catch.hpp"

#include <set>

using namespace strowger;
using namespace strowger::http;
using namespace std::chrono_literals;

namespace {

struct Signed {
  Timestamp now{std::chrono::sys_days(std::chrono::year(2026) / 1 / 8)};
  std::set<Uuid> revoked;
  TokenKey key = [] {
    TokenKey bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
    return bytes;
  }();
  IdSource ids{system_now, 7};
  TokenSigner signer{[this] { return key; }, [this] { return now; },
                     [this](const Uuid& id) { return revoked.contains(id); }};

  std::string code_of(std::string_view token) {
    const auto who = signer.verify(token);
    return who ? "valid" : who.error().code;
  }
};

}  // namespace

TEST_CASE_METHOD(Signed, "a token tells who, in which role and until when") {
  const auto id = ids.next();
  const auto token = signer.issue("ann", Role::operator_, id, now + 1h);
  CHECK(token.starts_with("stw1."));
  const auto who = signer.verify(token);
  REQUIRE(who);
  CHECK(who->name == "ann");
  CHECK(who->role == Role::operator_);
  CHECK(who->token == id);
  CHECK(who->expires_at == now + 1h);
  CHECK(who->by() == "operator:ann");
  CHECK(who->epoch.is_nil());
  CHECK(who->issued_at == now);
}

TEST_CASE_METHOD(Signed, "a token carries the epoch of its account and the microsecond when it was issued") {
  const auto epoch = ids.next();
  now += 123'456us;
  const auto who = signer.verify(signer.issue("ann", Role::operator_, ids.next(), now + 1h, epoch));
  REQUIRE(who);
  CHECK(who->epoch == epoch);
  CHECK(who->issued_at == now);
}

TEST_CASE_METHOD(Signed, "a token ends at its time and by revocation") {
  const auto id = ids.next();
  const auto token = signer.issue("ann", Role::admin, id, now + 1h);
  now += 1h - 1s;
  CHECK(code_of(token) == "valid");
  revoked.insert(id);
  CHECK(code_of(token) == "token_revoked");
  now += 1s;
  CHECK(code_of(token) == "token_expired");
}

TEST_CASE("a token has its time, whatever the clock is set to") {
  constexpr auto year = std::chrono::days(365);
  const auto step = GENERATE_COPY(-year, std::chrono::days(-1), std::chrono::days(1), year);
  const Timestamp date{std::chrono::sys_days(std::chrono::year(2026) / 1 / 8)};
  std::chrono::microseconds passed{}, ahead{};
  const Clock clock([&] { return date + passed + ahead; }, [&] { return Instant(std::chrono::hours(1'000) + passed); });
  IdSource ids;
  const TokenSigner signer([] { return TokenKey{}; }, clock);
  const auto before = signer.issue("ann", Role::admin, ids.next(), clock() + 1h);
  ahead = step;
  const auto after = signer.issue("ann", Role::admin, ids.next(), clock() + 1h);
  CHECK(signer.verify(before));
  CHECK(signer.verify(after));
  passed += 59min;
  CHECK(signer.verify(before));
  CHECK(signer.verify(after));
  passed += 1min;
  CHECK(signer.verify(before).error().code == "token_expired");
  CHECK(signer.verify(after).error().code == "token_expired");
}

TEST_CASE_METHOD(Signed, "a token that was touched anywhere is refused") {
  const auto token = signer.issue("ann", Role::viewer, ids.next(), now + 1h);
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto touched = token;
    touched[i] = touched[i] == 'A' ? 'B' : 'A';
    INFO(i);
    CHECK(code_of(touched) == "invalid_token");
  }
  for (std::size_t size = 0; size < token.size(); ++size) CHECK(code_of(token.substr(0, size)) == "invalid_token");
  CHECK(code_of(token + "A") == "invalid_token");
  CHECK(code_of(std::string(100'000, 'a')) == "invalid_token");
}

TEST_CASE_METHOD(Signed, "another key's token is refused") {
  auto other = key;
  other[31] ^= 1;
  const TokenSigner stranger([&] { return other; }, [this] { return now; });
  CHECK(code_of(stranger.issue("ann", Role::admin, ids.next(), now + 1h)) == "invalid_token");
}

TEST_CASE("a role may what the lower ones may") {
  Principal who;
  who.role = Role::operator_;
  CHECK(who.may(Role::viewer));
  CHECK(who.may(Role::operator_));
  CHECK_FALSE(who.may(Role::admin));
  who.role = Role::user;
  CHECK_FALSE(who.may(Role::viewer));
}
