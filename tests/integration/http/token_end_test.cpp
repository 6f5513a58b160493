// A bearer token ends with what it stands for.
#include "actors/ask_and_wait.hpp"
#include "adapters/http/token.hpp"
#include "adapters/vault/password.hpp"
#include "tests/integration/http/house.hpp"

#include <sodium.h>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;
using namespace std::chrono_literals;

namespace {

struct Accounts : House {
  std::string log_in(const std::string& credentials) {
    const auto reply = as("", "POST", "/api/auth/login", credentials);
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    return std::string(reply.json().at("token").as_string());
  }
  int status(const std::string& token) { return as(token, "GET", "/api/users/me").status; }
  std::string code(const std::string& token) { return as(token, "GET", "/api/users/me").code(); }

  template <class Entities, class Command>
  void command(Entities& entities, const std::string& key, Command what) {
    const auto done = actors::ask_and_wait(entities, key, std::move(what), {Cause{"system", {}, {}}, {}, {}});
    REQUIRE(done);
    REQUIRE(services->runner.wait_applied(done->position, std::chrono::steady_clock::now() + 20s));
  }

  // As releases before epochs issued it.
  std::string token_of_before(const std::string& name, const std::string& role, std::chrono::seconds age) {
    const auto encoded = [](std::string_view bytes) {
      constexpr auto variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
      std::string out(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
      sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                        variant);
      out.pop_back();
      return out;
    };
    const auto now = std::chrono::floor<std::chrono::seconds>(system_now()).time_since_epoch();
    const auto payload = R"({"id":"019b9f0e-7c3b-7000-8000-000000000001","sub":")" + name + R"(","role":")" + role +
                         R"(","iat":)" + std::to_string((now - age).count()) + R"(,"exp":)" +
                         std::to_string((now + 3600s).count()) + "}";
    const auto text = "stw1." + encoded(payload);
    const auto key = services->token_key();
    std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
    crypto_auth_hmacsha256(reinterpret_cast<unsigned char*>(mac.data()),
                           reinterpret_cast<const unsigned char*>(text.data()), text.size(), key.data());
    return text + "." + encoded(mac);
  }
};

const std::string phone = "/api/extensions/1001";

}  // namespace

TEST_CASE_METHOD(Accounts,
                 "an extension's token ends with its password, with its being disabled, and with the extension") {
  create_extension("1001", "Ann", "sip-password");
  const auto again = [&](const std::string& password) {
    return log_in(R"({"extension":1001,"password":")" + password + R"("})");
  };
  auto token = again("sip-password");
  CHECK(status(token) == 200);
  CHECK(ask("PATCH", phone, R"({"name":"Anna"})").status == 200);
  CHECK(status(token) == 200);

  CHECK(ask("PATCH", phone, R"({"password":"another-one"})").status == 200);
  CHECK(code(token) == "token_revoked");
  token = again("another-one");
  CHECK(status(token) == 200);
  restart();
  CHECK(status(token) == 200);

  CHECK(ask("PATCH", phone, R"({"enabled":false})").status == 200);
  CHECK(code(token) == "token_revoked");
  CHECK(ask("PATCH", phone, R"({"enabled":true})").status == 200);
  CHECK(code(token) == "token_revoked");
  token = again("another-one");
  CHECK(status(token) == 200);

  CHECK(ask("DELETE", phone).status == 200);
  CHECK(code(token) == "token_revoked");
  // Nor does it stand for who has the number next.
  create_extension("1001", "Bob", "another-one");
  CHECK(code(token) == "token_revoked");
}

TEST_CASE_METHOD(Accounts, "a user's token ends with the password and with the role") {
  create_user("ann", Role::operator_, "correct horse");
  auto token = log_in(R"({"username":"ann","password":"correct horse"})");
  CHECK(status(token) == 200);
  command(services->users, "ann", actors::ChangeUserPassword{vault::hash_password("battery staple").value()});
  CHECK(code(token) == "token_revoked");
  token = log_in(R"({"username":"ann","password":"battery staple"})");
  CHECK(status(token) == 200);

  command(services->users, "eva", actors::SyncUserRole{"eva", Role::admin, "ad", {}});
  const auto evas = this->token(Role::admin, "eva");
  CHECK(status(evas) == 200);
  command(services->users, "eva", actors::SyncUserRole{"eva", Role::viewer, "ad", {}});
  CHECK(code(evas) == "token_revoked");
}

TEST_CASE_METHOD(Accounts, "a token that was made by the key alone ends when its account changes, or comes to be") {
  auto made = token(Role::admin, "ann");
  CHECK(status(made) == 200);
  create_user("ann", Role::viewer, "correct horse");
  CHECK(code(made) == "token_revoked");
  made = token(Role::viewer, "ann");
  CHECK(status(made) == 200);
  command(services->users, "ann", actors::ChangeUserPassword{vault::hash_password("battery staple").value()});
  CHECK(code(made) == "token_revoked");

  create_extension("1001", "Ann", "sip-password");
  made = token(Role::user, "1001");
  CHECK(status(made) == 200);
  CHECK(ask("DELETE", phone).status == 200);
  CHECK(code(made) == "token_revoked");
}

TEST_CASE_METHOD(Accounts, "a token of a release before is bound to its account by when it was issued") {
  CHECK(status(token_of_before("nobody", "viewer", 60s)) == 200);
  CHECK(status(token_of_before("nobody", "viewer", 0s)) == 200);
  create_extension("1001", "Ann", "sip-password");
  CHECK(code(token_of_before("1001", "user", 60s)) == "token_revoked");  // the account is younger
  CHECK(status(token_of_before("1001", "user", -2s)) == 200);
  CHECK(ask("DELETE", phone).status == 200);
  CHECK(code(token_of_before("1001", "user", 60s)) == "token_revoked");
}
