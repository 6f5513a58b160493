// Who may fetch: networks, passwords, tokens, enrolment, strangers. Everything is asked over real sockets.
#include "adapters/digest/digest.hpp"
#include "tests/integration/http/house.hpp"

#include <algorithm>

#include <sodium.h>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;

namespace {

constexpr auto mac = "001565123456";
const std::string file = "/provision/001565123456.cfg";
const std::string unknown = "/provision/001565999999.cfg";
const std::string access_path = "/api/provisioning/devices/001565123456/access";

struct Site : House {
  Site() {
    create_extension("1001", "Ann Example", "s3cret-1001");
    create_extension("1002", "Bob Example", "s3cret-1002");
    REQUIRE(register_device(mac, "1001").status == 201);
    REQUIRE(register_device("001565123457", "1002").status == 201);
    set([](config::Settings& settings) {
      settings.log.repeat_window = {};
    });  // each refusal is in the history by itself
  }
  void rules(const std::function<void(config::ProvisioningAccess&)>& change) {
    set([&](config::Settings& settings) { change(settings.provisioning.access); });
  }
  // As if this machine were somewhere on the internet.
  void stand_outside() {
    rules([](auto& access) { access.allowed_networks = {"192.0.2.0/24"}; });
  }
  std::string set_password(const std::string& password = "provision-1", const std::string& device = mac) {
    const auto reply = ask("PUT", "/api/provisioning/devices/" + device + "/access/credentials",
                           R"({"password":")" + password + R"("})");
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    CHECK(reply.body.find(password) == std::string::npos);
    return password;
  }
  std::string issue_token(const std::string& body = {}) {
    const auto reply = ask("POST", access_path + "/token", body);
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    return path_of(std::string(reply.json().at("config_url").as_string()));
  }
  static std::string path_of(const std::string& url) { return url.substr(url.find('/', url.find("://") + 3)); }
  // Fetches, and says by which rule it was refused.
  std::string refused_by(const std::string& target, const std::string& headers = {}) {
    const auto phone = "phone-" + std::to_string(++asked);
    const auto reply = fetch(target, headers + "User-Agent: " + phone + "\r\n");
    CHECK(reply.status != 200);
    CHECK(reply.body.find("s3cret") == std::string::npos);
    boost::json::value row;
    REQUIRE(strowger::test::eventually([&] {
      // What was served just before may be told of after it.
      const auto rows = ask("GET", "/api/provisioning/requests?limit=10").json().at("requests").as_array();
      const auto found = std::find_if(rows.begin(), rows.end(),
                                      [&](const auto& known) { return known.at("user_agent").as_string() == phone; });
      if (found == rows.end()) return false;
      row = *found;
      return true;
    }));
    return row.at("code").is_null() ? "" : std::string(row.at("code").as_string());
  }
  // Where the last fetch came from, as the history says. What was served before it may be told of after it.
  std::string seen() {
    const auto phone = "phone-" + std::to_string(asked);
    const auto rows = ask("GET", "/api/provisioning/requests?limit=10").json().at("requests").as_array();
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const auto& known) { return known.at("user_agent").as_string() == phone; });
    return row == rows.end() ? "" : std::string(row->at("ip_address").as_string());
  }
  int asked = 0;
};

std::string basic(const std::string& user, const std::string& password) {
  const auto clear = user + ":" + password;
  std::string out(sodium_base64_ENCODED_LEN(clear.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(clear.data()), clear.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();
  return "Authorization: Basic " + out + "\r\n";
}

// The challenge of one algorithm among a reply's heads.
std::string nonce_of(const JsonReply& reply) {
  const auto at = reply.head.find("nonce=\"") + 7;
  return reply.head.substr(at, reply.head.find('"', at) - at);
}

std::string digest_header(const std::string& nonce, digest::Algorithm algorithm, const std::string& user,
                          const std::string& password, const std::string& target, std::uint32_t count = 1) {
  digest::Hasher hasher;
  digest::DigestClaim claim;
  claim.nonce = nonce;
  claim.uri = target;
  claim.qop = "auth";
  claim.cnonce = "0a4f113b";
  char number[9];
  std::snprintf(number, sizeof number, "%08x", count);
  claim.nc_text = number;
  const auto ha1 = digest::digest_ha1(hasher, algorithm, user, "provisioning", password);
  const auto response = digest::digest_response(hasher, algorithm, ha1.view(), "GET", claim);
  return "Authorization: Digest username=\"" + user + "\", realm=\"provisioning\", nonce=\"" + nonce + "\", uri=\"" +
         target + "\", algorithm=" + std::string(digest::token(algorithm)) + ", qop=auth, nc=" + claim.nc_text +
         ", cnonce=\"0a4f113b\", response=\"" + std::string(response.view()) + "\"\r\n";
}

}  // namespace

TEST_CASE_METHOD(Site, "access: an allowed network needs nothing, another one a proof") {
  CHECK(fetch(file).status == 200);
  stand_outside();
  CHECK(refused_by(file) == "access_denied");
  CHECK(refused_by("/001565123456.cfg") == "access_denied");
  CHECK(refused_by("/provision/y000000000066.cfg") == "access_denied");
  auto reply = fetch(file, "", "HEAD");
  CHECK(reply.status == 403);
  CHECK(reply.header("etag").empty());
  CHECK(fetch(file, "Range: bytes=0-10\r\n").status == 403);
  CHECK_THAT(logged(), ContainsSubstring("provisioning.access.allowed_networks"));

  const auto password = set_password();
  reply = fetch(file);
  CHECK(reply.status == 401);
  CHECK_THAT(reply.head, ContainsSubstring("Digest realm=\"provisioning\""));
  CHECK_THAT(reply.head, ContainsSubstring("algorithm=SHA-256"));
  CHECK_THAT(reply.head, ContainsSubstring("Basic realm"));
  CHECK_THAT(fetch(file, basic(mac, password)).body, ContainsSubstring("s3cret-1001"));
  CHECK(fetch("/provision/y000000000066.cfg", basic(mac, password)).status == 200);  // what its phone needs first

  // Networks that are in no list are not served whatever they bring.
  rules([](auto& access) { access.credential_networks = {"198.51.100.0/24"}; });
  CHECK(fetch(file, basic(mac, password)).status == 403);
  CHECK(fetch(file).header("www-authenticate").empty());
}

TEST_CASE_METHOD(Site, "access: digest with MD5 and SHA-256, a replay and a foreign nonce are not taken") {
  const auto password = set_password();
  stand_outside();
  for (const auto algorithm : {digest::Algorithm::md5, digest::Algorithm::sha256}) {
    const auto nonce = nonce_of(fetch(file));
    const auto first = digest_header(nonce, algorithm, mac, password, file);
    CHECK(fetch(file, first).status == 200);
    auto again = fetch(file, first);
    CHECK(again.status == 401);
    CHECK_THAT(again.head, ContainsSubstring("stale=true"));
    CHECK(fetch(file, digest_header(nonce, algorithm, mac, password, file, 2)).status == 200);
    CHECK(fetch(file, digest_header(nonce, algorithm, mac, password, file, 2)).status == 401);
    CHECK(fetch(file, digest_header(nonce, algorithm, mac, password, file, 7)).status == 200);
    // Made for another file, by another's password, with a nonce that is not ours.
    CHECK(fetch(file, digest_header(nonce, algorithm, mac, password, "/other.cfg", 8)).status == 401);
    CHECK(fetch(file, digest_header(nonce, algorithm, mac, "provision-2", file, 9)).status == 401);
    CHECK(fetch(file, digest_header("bm90IG91cnM", algorithm, mac, password, file)).status == 401);
  }
  CHECK(refused_by(file, digest_header(nonce_of(fetch(file)), digest::Algorithm::md5, mac, "wrong-one", file)) ==
        "wrong_credentials");
  rules([](auto& access) { access.http_authentication = "digest"; });
  CHECK(fetch(file, basic(mac, password)).status == 401);
  rules([](auto& access) { access.http_authentication = "none"; });
  CHECK(fetch(file).status == 403);
}

TEST_CASE_METHOD(Site, "access: after too many wrong passwords a right one is refused alike, until it is set anew") {
  const auto password = set_password();
  set_password("provision-2", "001565123457");
  stand_outside();
  const auto nonce = nonce_of(fetch(file));
  std::uint32_t tries = 0;
  while (refused_by(file, basic(mac, "guess-" + std::to_string(tries))) != "too_many_guesses") REQUIRE(++tries < 20);
  const auto wrong = fetch(file, basic(mac, "no"));
  const auto right = fetch(file, basic(mac, password));
  CHECK(right.status == wrong.status);
  CHECK(right.body == wrong.body);
  const auto digest = fetch(file, digest_header(nonce, digest::Algorithm::sha256, mac, password, file));
  CHECK(digest.status == 401);
  CHECK(digest.head.find("stale=true") == std::string::npos);
  CHECK(refused_by(file, basic(mac, password)) == "too_many_guesses");
  CHECK_THAT(logged(), ContainsSubstring("Too many wrong passwords for phones' files came from 127.0.0.1"));
  // The phone beside it goes on; and who sets the password again need not wait.
  CHECK(fetch("/provision/001565123457.cfg", basic("001565123457", "provision-2")).status == 200);
  set_password("provision-3");
  CHECK(fetch(file, basic(mac, "provision-3")).status == 200);
}

TEST_CASE_METHOD(Site, "access: a password is set, rotated, kept from all who read, and goes with the device") {
  set_password("provision-1");
  CHECK(ask("PUT", "/api/provisioning/devices/001565123457/access/credentials",
            R"({"username":"001565123456","password":"provision-9"})")
            .status == 409);
  CHECK(ask("PUT", access_path + "/credentials", R"({"password":"short"})").status == 422);
  CHECK(ask("PUT", access_path + "/credentials", R"({"username":"a:b","password":"provision-1"})").status == 422);
  CHECK(as(token(Role::viewer), "PUT", access_path + "/credentials", R"({"password":"provision-1"})").status == 403);
  stand_outside();
  CHECK(fetch(file, basic(mac, "provision-1")).status == 200);
  set_password("provision-2");
  CHECK(fetch(file, basic(mac, "provision-1")).status == 401);
  CHECK(fetch(file, basic(mac, "provision-2")).status == 200);
  restart();
  CHECK(fetch(file, basic(mac, "provision-2")).status == 200);
  CHECK(ask("GET", access_path).json().at("username").as_string() == mac);
  CHECK(ask("GET", "/api/events?limit=100").body.find("provision-2") == std::string::npos);
  CHECK(logged().find("provision-2") == std::string::npos);
  for (const auto& record : events()) CHECK(record.data.find("provision-") == record.data.find("provision-1"));

  CHECK(ask("DELETE", access_path + "/credentials").status == 200);
  CHECK(fetch(file, basic(mac, "provision-2")).status == 403);
  CHECK(ask("GET", access_path).json().at("username").is_null());
  set_password("provision-3");
  CHECK(ask("DELETE", "/api/provisioning/devices/001565123456").status == 200);
  const auto all = events();
  CHECK(std::count_if(all.begin(), all.end(),
                      [](const auto& record) { return record.type == DeviceCredentialsRemoved::type; }) == 2);
  REQUIRE(register_device(mac, "1001").status == 201);
  CHECK(fetch(file, basic(mac, "provision-3")).status == 403);
}

TEST_CASE_METHOD(Site, "access: a token in the URL, in the phone's file, and nowhere where strangers look") {
  const auto before = fetch(file).header("etag");
  const auto path = issue_token();
  const auto secret = path.substr(std::string("/provision/").size(), 32);
  CHECK(path == "/provision/" + secret + "/001565123456.cfg");
  CHECK(fetch(file).header("etag") != before);
  CHECK_THAT(fetch(file).body, ContainsSubstring(secret));

  stand_outside();
  CHECK(fetch(file).status == 403);
  CHECK_THAT(fetch(path).body, ContainsSubstring("s3cret-1001"));
  CHECK(fetch("/" + secret + "/001565123456.cfg").status == 200);
  CHECK(fetch("/provision/" + secret + "/y000000000066.cfg").status == 200);
  CHECK(refused_by("/provision/" + secret + "/001565123457.cfg") == "wrong_token");
  CHECK(refused_by("/provision/" + std::string(32, 'A') + "/001565123456.cfg") == "wrong_token");

  // Masked for viewers, in the history, in events and in the log.
  const auto device = "/api/provisioning/devices/001565123456";
  CHECK_THAT(ask("GET", device).body, ContainsSubstring(secret));
  const auto viewer = token(Role::viewer);
  for (const auto& place : {std::string(device), access_path, std::string("/api/provisioning/requests"),
                            std::string("/api/provisioning/diagnostics"), std::string("/api/events?limit=1000")})
    CHECK(as(viewer, "GET", place).body.find(secret) == std::string::npos);
  CHECK_THAT(as(viewer, "GET", access_path).body, ContainsSubstring("/provision/********/001565123456.cfg"));
  CHECK(logged().find(secret) == std::string::npos);
  for (const auto& record : events()) CHECK(record.data.find(secret) == std::string::npos);
}

TEST_CASE_METHOD(Site, "access: rotation keeps the old token for its grace, revocation does not") {
  const auto first = issue_token();
  const auto second = issue_token(R"({"grace_minutes":60})");
  REQUIRE(first != second);
  stand_outside();
  CHECK(fetch(first).status == 200);
  CHECK(fetch(second).status == 200);
  CHECK_FALSE(ask("GET", access_path).json().at("previous_token_until").is_null());
  restart();
  CHECK(fetch(first).status == 200);
  const auto third = issue_token(R"({"grace_minutes":0})");
  CHECK(fetch(first).status == 403);
  CHECK(fetch(second).status == 403);
  CHECK(fetch(third).status == 200);
  CHECK(ask("DELETE", access_path + "/token").status == 200);
  CHECK(fetch(third).status == 403);
  CHECK(ask("GET", access_path).json().at("token_issued_at").is_null());
}

TEST_CASE_METHOD(Site, "access: an old file with a token is made again, and shows it to nobody else") {
  publish_from_now_on();
  const auto secret = issue_token().substr(std::string("/provision/").size(), 32);
  const auto reply = fetch(file);
  REQUIRE(recorded(1));
  const auto device = std::string("/api/provisioning/devices/001565123456");
  const auto past = ask("GET", device + "/config?at=now");
  INFO(past.body);
  CHECK(past.json().at("etag").as_string() == reply.header("etag"));
  CHECK(past.json().at("exact").as_bool());
  CHECK(past.body.find(secret) == std::string::npos);
  CHECK(ask("GET", device + "/explain").body.find(secret) == std::string::npos);
}

TEST_CASE_METHOD(Site, "access: to a stranger, unknown, wrong and not enrolled look the same") {
  const auto same = [](const JsonReply& left, const JsonReply& right) {
    const auto without_nonce = [](std::string head) {
      for (auto at = head.find("nonce=\""); at != std::string::npos; at = head.find("nonce=\"", at + 7))
        head.erase(at + 7, head.find('"', at + 7) - at - 7);
      const auto date = head.find("Date: ");
      head.erase(date, head.find("\r\n", date) - date);
      return head;
    };
    CHECK(left.status == right.status);
    CHECK(left.body == right.body);
    CHECK(without_nonce(left.head) == without_nonce(right.head));
  };
  stand_outside();
  same(fetch(file), fetch(unknown));
  set_password("provision-1");
  same(fetch(file), fetch(unknown));
  same(fetch(file, basic(mac, "provision-2")), fetch(unknown, basic(mac, "provision-2")));
  same(fetch(file, basic(mac, "provision-2")), fetch(file, basic("nobody", "provision-2")));
  same(fetch(file, basic(mac, "provision-1").replace(20, 1, "x")), fetch(unknown, basic("x", "y")));
  same(fetch("/provision/001565123457.cfg", basic(mac, "provision-1")), fetch(unknown, basic(mac, "provision-1")));
  rules([](auto& access) {
    access.allowed_networks = {"127.0.0.0/8"};
    access.require_credentials = true;
  });
  same(fetch(file), fetch(unknown));
  CHECK(refused_by(file) == "credentials_required");
  CHECK(refused_by(unknown) == "unknown_mac");
  CHECK(fetch(file, basic(mac, "provision-1")).status == 200);
  CHECK(fetch("/provision/y000000000066.cfg").status == 200);  // nothing secret is in it
}

TEST_CASE_METHOD(Site, "access: a device is served in its enrolment window, then where it was enrolled") {
  rules([](auto& access) { access.enrolment_minutes = 30; });
  const auto state = [&] {
    return std::string(ask("GET", access_path).json().at("enrolment").at("state").as_string());
  };
  CHECK(state() == "open");
  rules([](auto& access) { access.trusted_proxies = {"127.0.0.1"}; });
  const auto from = [](const std::string& ip) { return "X-Forwarded-For: " + ip + "\r\n"; };
  CHECK(fetch(file, from("10.1.1.7")).status == 200);
  REQUIRE(recorded(1));
  CHECK(fetch(file, from("10.9.9.9")).status == 200);
  // Its phone registers by SIP: from now on only from the network where it was first seen.
  AppendRequest append;
  append.stream = StreamId("extension", "1001");
  PhoneRegistered registered;
  registered.extension = ExtensionNumber::parse("1001").value();
  registered.ip = "10.1.1.7";
  append.events.push_back(encode(registered, Cause{"phone:1001", {}, {}}, system_now(), services->ids));
  REQUIRE(append_and_wait(*log, std::move(append)));
  REQUIRE(strowger::test::eventually([&] { return state() == "locked"; }));
  CHECK(fetch(file, from("10.1.1.99")).status == 200);
  CHECK(fetch(file, from("10.9.9.9")).status == 403);
  CHECK(refused_by(file, from("10.9.9.9")) == "not_enrolled");
  CHECK(refused_by(unknown, from("10.9.9.9")) == "unknown_mac");
  CHECK(fetch(unknown, from("10.9.9.9")).body == fetch(file, from("10.9.9.9")).body);
  restart();
  CHECK(fetch(file, from("10.9.9.9")).status == 403);
  // It moved: its enrolment is opened anew. Or it proves itself.
  const auto path = issue_token();
  CHECK(fetch(path, from("10.9.9.9")).status == 200);
  CHECK(ask("POST", access_path + "/enrolment").status == 200);
  CHECK(state() == "open");
  CHECK(fetch(file, from("10.9.9.9")).status == 200);
}

TEST_CASE_METHOD(Site, "access: whatever the clock is set to, proofs count and so do pauses and blocks") {
  static constexpr std::int64_t hour = 3'600;
  const auto step = GENERATE(-365 * 24 * hour, -24 * hour, -hour, hour, 24 * hour, 365 * 24 * hour);
  INFO("stepped by " << step << " s");
  const auto password = set_password();
  const auto before_rotation = issue_token();
  static_cast<void>(issue_token(R"({"grace_minutes":60})"));
  const auto serve = [&](const std::string& network, std::uint32_t enrolment = 0) {
    rules([&](auto& access) {
      access.allowed_networks = {network};
      access.enumeration_limit = 3;
      access.trusted_proxies = {"127.0.0.1"};
      access.enrolment_minutes = enrolment;
    });
  };
  const auto from = [](int host) { return "X-Forwarded-For: 10.0.0." + std::to_string(host) + "\r\n"; };
  const auto digest_of = [&](const std::string& nonce, std::uint32_t count = 1) {
    return digest_header(nonce, digest::Algorithm::sha256, mac, password, file, count);
  };
  serve("10.0.0.0/8");
  for (int n = 0; n < 3; ++n) fetch("/provision/00156500000" + std::to_string(n) + ".cfg", from(3));
  CHECK(fetch(file, from(3)).status == 429);
  serve("192.0.2.0/24");
  const auto nonce = nonce_of(fetch(file, from(1)));
  CHECK(fetch(file, from(1) + digest_of(nonce)).status == 200);
  for (int n = 0; n < 20; ++n) fetch(file, from(2) + basic(mac, "provision-2"));
  CHECK(fetch(file, from(2) + basic(mac, password)).status == 401);

  for (const auto to : {step, std::int64_t{0}}) {
    stepped = to;
    serve("192.0.2.0/24");
    CHECK(fetch(file, from(1) + digest_of(nonce, to == 0 ? 3 : 2)).status == 200);
    CHECK(fetch(file, from(4) + digest_of(nonce_of(fetch(file, from(4))))).status == 200);
    CHECK(fetch(file, from(2) + basic(mac, password)).status == 401);
    CHECK(fetch(before_rotation, from(4)).status == 200);
    CHECK_FALSE(ask("GET", access_path).json().at("previous_token_until").is_null());
    serve("10.0.0.0/8", 30);
    CHECK(fetch(file, from(3)).status == 429);
    CHECK(ask("GET", "/api/provisioning/access/blocked").json().as_array().size() == 1);
    CHECK(ask("GET", access_path).json().at("enrolment").at("state").as_string() == "open");
  }
  CHECK(ask("GET", "/api/status").json().at("uptime_seconds").as_int64() < 60);
  stepped = step;
  restart();
  // What was stored by the clock as it was before is not kept for longer than a new block would be.
  const auto blocked = ask("GET", "/api/provisioning/access/blocked").json().as_array();
  if (step < 0) CHECK(blocked.size() == 1);
  for (const auto& one : blocked)
    CHECK(parse_iso8601(std::string(one.at("until").as_string())).value() <=
          system_now() + std::chrono::seconds(step) + std::chrono::minutes(16));
}

TEST_CASE_METHOD(Site, "access: X-Forwarded-For is believed of trusted proxies only") {
  const auto header = "X-Forwarded-For: 203.0.113.5\r\n";
  CHECK(fetch(file, header).status == 200);  // anybody can write one
  rules([](auto& access) { access.trusted_proxies = {"127.0.0.0/8"}; });
  CHECK(refused_by(file, header) == "access_denied");
  CHECK(seen() == "203.0.113.5");
  CHECK(fetch(file, "X-Forwarded-For: 203.0.113.5, 10.0.0.7\r\n").status == 200);  // who the proxy heard from
  CHECK(fetch(file, "X-Forwarded-For: 10.0.0.7, 203.0.113.5, 127.0.0.9\r\n").status == 403);
  CHECK(fetch(file).status == 200);
}

// HAProxy adds a line of its own at the end, nginx a comma and an entry: the last entry of all lines is the client.
TEST_CASE_METHOD(Site, "access: a stranger behind a proxy is who the proxy says last, in however many lines") {
  rules([](auto& access) { access.trusted_proxies = {"127.0.0.0/8"}; });
  const auto lines = [](std::initializer_list<const char*> values) {
    std::string out;
    for (const auto* value : values) out += "X-Forwarded-For: " + std::string(value) + "\r\n";
    return out;
  };
  CHECK(fetch(file, lines({"10.1.1.1", "10.0.0.7"})).status == 200);
  for (const auto& stranger :
       {lines({"10.1.1.1", "203.0.113.5"}), lines({"10.1.1.1, 203.0.113.5"}),
        lines({"10.1.1.1", "10.1.1.2", "203.0.113.5"}), lines({"10.1.1.1", "203.0.113.5, 127.0.0.9"}),
        lines({"10.1.1.1", "203.0.113.5", "127.0.0.9"}), lines({"10.1.1.1", "", "203.0.113.5"}),
        lines({"\"10.1.1.1", "203.0.113.5"}), lines({"\"10.1.1.1, 203.0.113.5"}),
        lines({"10.1.1.1", "203.0.113.5:4711"})}) {
    CAPTURE(stranger);
    CHECK(refused_by(file, stranger) == "access_denied");
    CHECK(seen() == "203.0.113.5");
  }
  // The proxy does not say who it is.
  for (const auto& nameless : {lines({"10.1.1.1", "unknown"}), lines({"10.1.1.1, unknown"}),
                               lines({"10.1.1.1", "_hidden"}), lines({"10.1.1.1", "127.0.0.9, 203.0.113"})}) {
    CAPTURE(nameless);
    CHECK(refused_by(file, nameless) == "access_denied");
    CHECK(seen() == "unknown");
  }
  CHECK(refused_by(file, lines({"10.1.1.1", "[2001:db8::7]:4711"})) == "access_denied");
  CHECK(seen() == "2001:db8::7");
}

TEST_CASE_METHOD(Site, "access: who is blocked or paused is who the proxy says last, too") {
  rules([](auto& access) {
    access.enumeration_limit = 5;
    access.trusted_proxies = {"127.0.0.1"};
  });
  const auto password = set_password();
  const auto from = [](const std::string& says, const std::string& is) {
    return "X-Forwarded-For: " + says + "\r\nX-Forwarded-For: " + is + "\r\n";
  };
  // He cannot have the phones' address blocked, nor hide behind another one at each try.
  for (int n = 0; n < 6; ++n)
    fetch("/provision/00156500000" + std::to_string(n) + ".cfg", from("10.0.0.5" + std::to_string(n % 3), "10.0.0.66"));
  CHECK(fetch(file, from("10.0.0.50", "10.0.0.66")).status == 429);
  CHECK(fetch(file, "X-Forwarded-For: 10.0.0.50\r\n").status == 200);
  CHECK(fetch(file, from("10.0.0.66", "10.0.0.50")).status == 200);

  for (int n = 0; n < 25; ++n)
    fetch(file, from("10.0.0." + std::to_string(100 + n), "10.0.0.77") + basic(mac, "wrong-" + std::to_string(n)));
  rules([](auto& access) { access.require_credentials = true; });
  CHECK(fetch(file, from("10.0.0.100", "10.0.0.77") + basic(mac, password)).status != 200);
  CHECK(fetch(file, from("10.0.0.77", "10.0.0.50") + basic(mac, password)).status == 200);
}

TEST_CASE_METHOD(Site, "access: two passwords in one request are refused, whichever is right") {
  rules([](auto& access) { access.require_credentials = true; });
  const auto password = set_password();
  CHECK(fetch(file, basic(mac, password)).status == 200);
  CHECK(fetch(file, basic(mac, password) + basic(mac, "wrong-one")).status == 400);
  CHECK(fetch(file, basic(mac, "wrong-one") + basic(mac, password)).status == 400);
}

TEST_CASE_METHOD(Site, "access: a token in a path that is written a little wrong is in no event, history or log") {
  const auto path = issue_token();
  const auto secret = path.substr(std::string("/provision/").size(), 32);
  std::string encoded;
  for (const char c : secret) {
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    encoded += escape;
  }
  for (const auto& wrong :
       {secret + "001565123456.cfg", secret + "%2f001565123456.cfg", secret + ".cfg", "token=" + secret + "/x.cfg",
        "token=" + secret + "/001565123456.cfg", "cfg" + secret + "/001565123456.cfg", encoded + "/001565123456.cfg",
        encoded + "001565123456.cfg", "x/" + secret, secret.substr(0, 28) + "/001565123456.cfg"})
    for (const auto& place : {"/provision/" + wrong, "/" + wrong})
      for (int again = 0; again < 2; ++again) fetch(place, "User-Agent: phone of " + secret + "\r\n");
  const std::string mark = "the last one";
  CHECK(fetch(file, "User-Agent: " + mark + "\r\n").status == 200);
  REQUIRE(strowger::test::eventually([&] { return logged().find("delivered") != std::string::npos; }));
  REQUIRE(strowger::test::eventually([&] {
    const auto all = events();
    return std::any_of(all.begin(), all.end(),
                       [&](const auto& record) { return record.data.find(mark) != std::string::npos; });
  }));
  const auto clear = secret.substr(0, 28);
  for (const auto& hidden : {clear, encoded.substr(0, 28 * 3)}) {
    CHECK(logged().find(hidden) == std::string::npos);
    for (const auto& record : events()) CHECK(record.data.find(hidden) == std::string::npos);
    for (const auto* place : {"/api/provisioning/requests?limit=1000", "/api/provisioning/diagnostics",
                              "/api/provisioning/discovered", "/api/events?limit=1000"})
      CHECK(as(token(Role::viewer), "GET", place).body.find(hidden) == std::string::npos);
  }
}

TEST_CASE_METHOD(Site,
                 "access: who tries MAC addresses is blocked, is an event and a metric, and can be let in again") {
  rules([](auto& access) {
    access.enumeration_limit = 5;
    access.trusted_proxies = {"127.0.0.1"};
  });
  const std::string stranger = "X-Forwarded-For: 10.0.0.66\r\n";
  for (int n = 0; n < 40; ++n) fetch("/provision/00156500000" + std::to_string(n % 4) + ".cfg", stranger);
  for (const auto* probe : {"/provision/0015650000aa.boot", "/provision/0015650000ab.boot", "/sip.ld"})
    fetch(probe, stranger);
  CHECK(fetch(file, stranger).status == 200);  // four different ones, and probes
  CHECK(fetch("/provision/001565000007.cfg", stranger).status == 404);
  auto reply = fetch(file, stranger);
  CHECK(reply.status == 429);
  CHECK_FALSE(reply.header("retry-after").empty());
  CHECK(refused_by(file, stranger) == "source_blocked");
  CHECK(fetch(file).status == 200);  // others are not
  const auto password = set_password();
  CHECK(fetch(file, stranger + basic(mac, password)).status == 200);  // nor is who proves to be a phone of ours

  const auto has = [&](std::string_view type) {
    const auto all = events();
    return std::any_of(all.begin(), all.end(), [&](const auto& record) { return record.type == type; });
  };
  CHECK(strowger::test::eventually([&] { return has(SourceBlocked::type); }));
  CHECK_THAT(ask("GET", "/metrics").body, ContainsSubstring("strowger_provisioning_sources_blocked 1"));
  CHECK_THAT(logged(), ContainsSubstring("Source 10.0.0.66 is blocked until"));
  restart();
  CHECK(fetch(file, stranger).status == 429);
  CHECK(ask("GET", "/api/provisioning/access/blocked").json().at(0).at("source").as_string() == "10.0.0.66");
  CHECK(ask("DELETE", "/api/provisioning/access/blocked/10.0.0.1").status == 404);
  CHECK(ask("DELETE", "/api/provisioning/access/blocked/10.0.0.66").status == 200);
  CHECK(has(SourceUnblocked::type));
  CHECK(fetch(file, stranger).status == 200);
  restart();
  CHECK(fetch(file, stranger).status == 200);
  CHECK(ask("GET", "/api/provisioning/access/blocked").json().as_array().empty());

  // Of IPv6, a source is its /64.
  const auto v6 = [](int host) { return "X-Forwarded-For: fd00:1:2:3::" + std::to_string(host) + "\r\n"; };
  for (int n = 0; n < 5; ++n) fetch("/provision/00156500000" + std::to_string(n) + ".cfg", v6(n + 1));
  CHECK(fetch(file, v6(77)).status == 429);
  CHECK(ask("DELETE", "/api/provisioning/access/blocked/fd00:1:2:3::").status == 200);
  CHECK(fetch(file, v6(77)).status == 200);
}
