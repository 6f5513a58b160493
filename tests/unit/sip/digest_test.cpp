#include "adapters/sip/digest.hpp"

#include "adapters/digest/nonces.hpp"
#include "adapters/sip/log_text.hpp"
#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::sip;

namespace {

// RFC 7616 section 3.9.1.
DigestClaim mufasa() {
  DigestClaim claim;
  claim.nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
  claim.uri = "/dir/index.html";
  claim.qop = "auth";
  claim.nc_text = "00000001";
  claim.cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  return claim;
}

}  // namespace

TEST_CASE("the examples of RFC 7616 and RFC 2617 come out") {
  Hasher hasher;
  const auto response = [&](Algorithm algorithm) {
    const auto ha1 = digest_ha1(hasher, algorithm, "Mufasa", "http-auth@example.org", "Circle of Life");
    return std::string(digest_response(hasher, algorithm, ha1.view(), "GET", mufasa()).view());
  };
  CHECK(response(Algorithm::md5) == "8ca523f5e9506fed4657c9700eebdbec");
  CHECK(response(Algorithm::sha256) == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");

  DigestClaim older;
  older.nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
  older.uri = "/dir/index.html";
  older.qop = "auth";
  older.nc_text = "00000001";
  older.cnonce = "0a4f113b";
  const auto ha1 = digest_ha1(hasher, Algorithm::md5, "Mufasa", "testrealm@host.com", "Circle Of Life");
  CHECK(digest_response(hasher, Algorithm::md5, ha1.view(), "GET", older).view() == "6629fae49393a05397450978507c4ef1");
  older.qop.clear();  // RFC 2069
  CHECK(digest_response(hasher, Algorithm::md5, ha1.view(), "GET", older).view() == "670fd8c2df070c60b045671b8b24ff02");
}

TEST_CASE("auth-int covers the body") {
  Hasher hasher;
  auto claim = mufasa();
  claim.qop = "auth-int";
  const auto one = digest_response(hasher, Algorithm::sha256, "ha1", "NOTIFY", claim, "one");
  const auto two = digest_response(hasher, Algorithm::sha256, "ha1", "NOTIFY", claim, "two");
  CHECK(one.view() != two.view());
}

TEST_CASE("parameters are read with and without quotes, in any case") {
  const char* parameters[] = {"Username=\"1001\"", "realm=\"a \\\"b\\\" c\"",
                              "nonce=\"n\"",       "uri=\"sip:x\"",
                              "response=\"ABC\"",  "cnonce=\"c\"",
                              "QOP=auth",          "nc=0000000a",
                              "algorithm=sha-256", nullptr};
  const auto claim = read_claim(parameters);
  CHECK(claim.username == "1001");
  CHECK(claim.realm == "a \"b\" c");
  CHECK(claim.qop == "auth");
  CHECK(claim.nc == 10);
  CHECK(claim.algorithm == Algorithm::sha256);
  const char* unknown[] = {"algorithm=MD5-sess", nullptr};
  CHECK(!read_claim(unknown).algorithm);
  CHECK(!read_challenge(unknown));
  const char* only_int[] = {"realm=\"r\"", "nonce=\"n\"", "qop=\"auth-int\"", nullptr};
  REQUIRE(read_challenge(only_int));
  CHECK(read_challenge(only_int)->qop_auth_int);
  const char* strange[] = {"qop=\"auth-conf\"", nullptr};
  CHECK(!read_challenge(strange));
  CHECK(same_digest("abc0", "ABC0"));
  CHECK(!same_digest("abc0", "abc1"));
  CHECK(!same_digest("abc", "abc0"));
}

TEST_CASE("a nonce is ours, for its time, and each count once") {
  NonceKey key{};
  key.fill(3);
  Instant now{std::chrono::hours(1'000)};
  Nonces nonces(key, {std::chrono::seconds(300), 1000}, now);
  now += std::chrono::seconds(1);
  const auto text = nonces.issue(now);
  CHECK(text != nonces.issue(now));
  const auto nonce = nonces.read(text, now);
  REQUIRE(nonce);
  CHECK(!nonce->stale);
  CHECK(nonces.read(text, now + std::chrono::seconds(301))->stale);
  CHECK(!nonces.read("", now));
  CHECK(!nonces.read("not one of ours", now));
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto forged = text;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    INFO(i);
    CHECK(!nonces.read(forged, now));
  }
  NonceKey other_key{};
  CHECK(!Nonces(other_key, {}, now).read(text, now));

  CHECK(nonces.use(*nonce, 1, 11) == Nonces::Use::fresh);
  CHECK(nonces.use(*nonce, 1, 11) == Nonces::Use::repeated);
  CHECK(nonces.use(*nonce, 1, 12) == Nonces::Use::replayed);
  CHECK(nonces.use(*nonce, 5, 13) == Nonces::Use::fresh);
  CHECK(nonces.use(*nonce, 4, 14) == Nonces::Use::replayed);
}

TEST_CASE("nonces from before the start are stale, and the notes are bounded") {
  NonceKey key{};
  Instant now{std::chrono::hours(1'000)};
  const auto old = Nonces(key, {}, now).issue(now);
  now += std::chrono::seconds(20);
  Nonces nonces(key, {std::chrono::seconds(300), 50}, now);
  REQUIRE(nonces.read(old, now));
  CHECK(nonces.read(old, now)->stale);

  now += std::chrono::seconds(1);
  const auto early = nonces.issue(now);
  CHECK(nonces.use(*nonces.read(early, now), 1, 1) == Nonces::Use::fresh);
  for (int i = 0; i < 200; ++i) {
    now += std::chrono::seconds(1);
    CHECK(nonces.use(*nonces.read(nonces.issue(now), now), 1, 1) == Nonces::Use::fresh);
    CHECK(nonces.noted() <= 62);  // the limit, and what the newest few seconds hold
  }
  CHECK(nonces.read(early, now)->stale);  // forgotten, so no longer welcome
}

TEST_CASE("a nonce of another start is stale, whenever that was and however long it ran") {
  NonceKey key{};
  const Instant booted{};
  for (const auto uptime : {std::chrono::seconds(0), std::chrono::seconds(1), std::chrono::seconds(86'400 * 365)}) {
    const auto now = booted + uptime;
    const auto other = Nonces(key, {}, booted).issue(now);
    const Nonces nonces(key, {}, now);
    REQUIRE(nonces.read(other, now));
    CHECK(nonces.read(other, now)->stale);
    CHECK(nonces.read(other, now + std::chrono::seconds(100))->stale);
  }
}

TEST_CASE("too many nonces in use cost the oldest, never the one that was just issued") {
  Instant now{std::chrono::hours(1'000)};
  Nonces nonces({}, {std::chrono::seconds(300), 100}, now);
  for (int i = 0; i < 1'000; ++i) {
    now += std::chrono::milliseconds(700);
    const auto nonce = nonces.read(nonces.issue(now), now);
    REQUIRE(nonce);
    REQUIRE_FALSE(nonce->stale);
    REQUIRE(nonces.use(*nonce, 1, 1) == Nonces::Use::fresh);
    REQUIRE(nonces.use(*nonce, 2, 1) == Nonces::Use::fresh);
  }
  CHECK(nonces.noted() <= 100 + 15);
}

TEST_CASE("text from outside takes one line") {
  CHECK(log_text("plain") == "plain");
  CHECK(log_text("a\r\nb\\\x7f") == "a\\x0d\\x0ab\\\\\\x7f");
  CHECK(log_text(std::string(300, 'x'), 10) == "xxxxxxxxxx...");
}
