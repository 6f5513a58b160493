// Phones over HTTPS, and what their certificates prove: CAs made here, real connections.
#include "tests/integration/http/house.hpp"
#include "tests/support/authority.hpp"

#include <fstream>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;
using strowger::test::Authority;

namespace {

const std::string file = "/provision/001565123456.cfg";

struct Secure : House {
  strowger::test::TemporaryFolder keys;
  Authority vendor{keys.path(), "phone-vendor"};
  Authority other{keys.path(), "other-vendor"};
  Authority::Issued own = vendor.issue("server", {"pbx.example.com"});

  Secure() {
    create_extension("1001", "Ann Example", "s3cret-1001");
    REQUIRE(register_device("001565123456", "1001").status == 201);
    listen([](auto&) {});
  }
  void listen(const std::function<void(config::ProvisioningHttps&)>& change) {
    set([&](config::Settings& settings) {
      auto& https = settings.provisioning.https;
      https.host = "127.0.0.1";
      https.port = https.legacy_port = 0;
      https.cert_file = own.cert;
      https.key_file = own.key;
      https.client_ca_files = {vendor.file()};
      change(https);
    });
    restart();
  }
  JsonReply fetch_as(const Authority::Issued& phone, const std::string& target = file) {
    Client client(server->https_port());
    REQUIRE(client.start_tls(0, 0, phone.cert, phone.key));
    return {client.ask("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n")};
  }
  JsonReply fetch_as_nobody() {
    Client client(server->https_port());
    REQUIRE(client.start_tls());
    return {client.ask("GET " + file + " HTTP/1.1\r\nHost: test\r\n\r\n")};
  }
  // The rule that refused, and why.
  std::string refused(const Authority::Issued* phone) {
    const auto agent = "phone-" + std::to_string(++asked);
    Client client(server->https_port());
    REQUIRE((phone != nullptr ? client.start_tls(0, 0, phone->cert, phone->key) : client.start_tls()));
    const auto reply = client.ask("GET " + file + " HTTP/1.1\r\nHost: test\r\nUser-Agent: " + agent + "\r\n\r\n");
    CHECK(reply.status == 403);
    CHECK(reply.body == "Forbidden\n");
    boost::json::value row;
    REQUIRE(strowger::test::eventually([&] {
      const auto rows = ask("GET", "/api/provisioning/requests?limit=1").json().at("requests");
      if (rows.as_array().empty()) return false;
      row = rows.at(0);
      return row.at("user_agent").as_string() == agent;
    }));
    return std::string(row.at("code").as_string()) + ": " + std::string(row.at("error").as_string());
  }
  std::string refused(const Authority::Issued& phone) { return refused(&phone); }
  int asked = 0;
};

}  // namespace

TEST_CASE_METHOD(Secure, "HTTPS for phones: their files and nothing else, beside the API's port") {
  REQUIRE(server->https_port() != 0);
  CHECK_THAT(fetch_as_nobody().body, ContainsSubstring("s3cret-1001"));  // an allowed network, as without TLS
  Client client(server->https_port());
  REQUIRE(client.start_tls());
  CHECK(client.ask("GET /api/status HTTP/1.1\r\nHost: test\r\n\r\n").status == 404);
  CHECK(ask("GET", "/api/status").status == 200);
  CHECK_FALSE(Client(server->https_port()).start_tls(TLS1_VERSION, TLS1_1_VERSION));
  CHECK(server->legacy_port() == 0);
}

TEST_CASE_METHOD(Secure, "mutual TLS: the MAC in the certificate, in any vendor's form, is a proof from anywhere") {
  set([](config::Settings& settings) { settings.provisioning.access.allowed_networks = {"192.0.2.0/24"}; });
  CHECK(fetch_as_nobody().status == 403);
  std::uint64_t requests = 1;
  for (const auto& wanted :
       {Authority::Wanted{"001565123456"}, Authority::Wanted{"00:15:65:12:34:56"}, Authority::Wanted{"0015.6512.3456"},
        Authority::Wanted{"CP-8841-SEP001565123456"}, Authority::Wanted{"SPA504G, MAC: 001565123456, Serial: CCQ1"},
        Authority::Wanted{"phone", "001565123456.phones.example.com"}}) {
    CAPTURE(wanted.name);
    const auto reply = fetch_as(vendor.issue("phone", wanted));
    CHECK_THAT(reply.body, ContainsSubstring("s3cret-1001"));
    REQUIRE(recorded(++requests));
    const auto served = ask("GET", "/api/provisioning/devices/001565123456/served").json();
    CHECK(served.at(0).at("tls_identity").as_string() == (wanted.dns.empty() ? wanted.name : wanted.dns));
  }
  // What the phone asks for before its own file, with the same certificate.
  CHECK(fetch_as(vendor.issue("phone", {"001565123456"}), "/provision/y000000000066.cfg").status == 200);
}

TEST_CASE_METHOD(Secure,
                 "mutual TLS: another phone's, another CA's and an expired certificate are refused, and told apart") {
  CHECK_THAT(refused(vendor.issue("phone", {"001565123457"})),
             ContainsSubstring("wrong_certificate") && ContainsSubstring("001565123457"));
  CHECK_THAT(refused(other.issue("phone", {"001565123456"})),
             ContainsSubstring("wrong_certificate") && ContainsSubstring("unable to verify"));
  CHECK_THAT(refused(vendor.issue("phone", {"001565123456", "", -7200, -3600})),
             ContainsSubstring("wrong_certificate") && ContainsSubstring("expired"));
  CHECK_THAT(refused(vendor.issue("phone", {"001565123456", "", 3600, 7200})),
             ContainsSubstring("wrong_certificate") && ContainsSubstring("not yet valid"));
  CHECK_THAT(refused(vendor.issue("phone", {"no phone"})), ContainsSubstring("wrong_certificate"));
  CHECK_THAT(logged(), ContainsSubstring("A phone may have only its own file"));
}

TEST_CASE_METHOD(Secure,
                 "mutual TLS: a name counts as CN or DNS name only, and one that names two phones proves none") {
  const std::string mail = "phone.example.com,email:001565123456@example.com,URI:sip:001565123456@example.com";
  CHECK_THAT(refused(vendor.issue("phone", {"no phone", mail})), ContainsSubstring("wrong_certificate"));
  CHECK_THAT(refused(vendor.issue("phone", {"001565123457", "001565123456.phones.example.com"})),
             ContainsSubstring("wrong_certificate") && ContainsSubstring("more than one phone"));
  CHECK_THAT(
      refused(vendor.issue("phone", {"phone", "001565123456.phones.example.com,DNS:001565123457.phones.example.com"})),
      ContainsSubstring("wrong_certificate") && ContainsSubstring("more than one phone"));
  // The same phone in two ways is one phone.
  CHECK(fetch_as(vendor.issue("phone", {"00:15:65:12:34:56", "001565123456.phones.example.com"})).status == 200);
}

TEST_CASE_METHOD(Secure,
                 "TLS 1.2 is spoken with forward secrecy and authenticated encryption only, but to old phones") {
  listen([](auto& https) { https.legacy = true; });
  const auto spoken = [](std::uint16_t port, const std::string& ciphers) {
    return Client(port).start_tls(TLS1_2_VERSION, TLS1_2_VERSION, {}, {}, ciphers);
  };
  for (const auto* good :
       {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
    CAPTURE(good);
    CHECK(spoken(server->https_port(), good));
    CHECK(spoken(server->legacy_port(), good));
  }
  for (const auto* old : {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384"}) {
    CAPTURE(old);
    CHECK_FALSE(spoken(server->https_port(), old));
    CHECK(spoken(server->legacy_port(), old));
  }
}

TEST_CASE_METHOD(Secure, "mutual TLS: where a certificate is required, nobody is served without") {
  listen([](auto& https) { https.require_client_certificate = true; });
  CHECK_THAT(refused(nullptr), ContainsSubstring("certificate_required"));
  CHECK(fetch_as(vendor.issue("phone", {"001565123456"})).status == 200);
  CHECK(fetch(file).status == 200);  // the other port has its own rules
}

TEST_CASE_METHOD(Secure, "a certificate is taken anew when it changes, and no connection is dropped for it") {
  Client old(server->https_port());
  REQUIRE(old.start_tls());
  CHECK(old.peer_name() == "pbx.example.com");
  const auto now_named = [&](const std::string& name) {
    return strowger::test::eventually([&] {
      Client client(server->https_port());
      return client.start_tls() && client.peer_name() == name;
    });
  };
  vendor.issue("server", {"new.example.com"});
  CHECK(now_named("new.example.com"));
  CHECK(old.ask("GET " + file + " HTTP/1.1\r\nHost: test\r\n\r\n").status == 200);

  // One that cannot be used leaves the present one in force.
  std::ofstream(own.cert) << "no certificate\n";
  REQUIRE(
      strowger::test::eventually([&] { return logged().find("the one before stays in force") != std::string::npos; }));
  CHECK(now_named("new.example.com"));
  CHECK(old.ask("GET " + file + " HTTP/1.1\r\nHost: test\r\n\r\n").status == 200);
  vendor.issue("server", {"third.example.com"});
  server->refresh_certificates();  // as SIGHUP does
  CHECK(now_named("third.example.com"));
}

TEST_CASE_METHOD(Secure, "old phones have a port of their own, where it is switched on, with a warning") {
  listen([](auto& https) { https.legacy = true; });
  CHECK_THAT(logged(), ContainsSubstring("provisioning.https.legacy is on"));
  for (const auto version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION}) {
    Client client(server->legacy_port());
    REQUIRE(client.start_tls(version, version));
    CHECK(client.ask("GET " + file + " HTTP/1.1\r\nHost: test\r\n\r\n").status == 200);
  }
  CHECK_FALSE(Client(server->https_port()).start_tls(TLS1_VERSION, TLS1_1_VERSION));
}
