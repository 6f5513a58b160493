// A connection to a directory that misbehaves, whether it means to or not.
#include "adapters/ldap/connection.hpp"

#include "actors/directory/mapping.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/ldap/scripted_server.hpp"

using namespace strowger;
using namespace strowger::ldap;
using namespace std::chrono_literals;
using test::ScriptedLdap;

namespace {

using Peer = ScriptedLdap::Peer;

ConnectionOptions directory_options() {
  ConnectionOptions options;
  options.setting = "integrations.ldap";
  options.bind_dn = "cn=sync,dc=example,dc=com";
  options.bind_password = "s3cret";
  return options;
}

// Lets everybody in, and answers searches as it is told.
ScriptedLdap::Script answering(std::function<bool(const Peer&, std::uint32_t id)> search) {
  return [search = std::move(search)](const Peer& peer, std::uint32_t id, unsigned char op) {
    if (op == ScriptedLdap::bind) return peer.bound(id);
    return op == ScriptedLdap::search && search(peer, id);
  };
}

Result<Connection> connected(const ScriptedLdap& server, const ConnectionOptions& options = directory_options()) {
  return Connection::open(options, server.url());
}

const Connection::Search people{"dc=example,dc=com", LDAP_SCOPE_SUBTREE, "(objectClass=*)", {"uid"}};

}  // namespace

TEST_CASE("what a server answers to the bind, or that it does not, has its own code") {
  struct Answer {
    int code;  // -1: it closes the connection
    const char* fault;
    const char* says;
  };
  for (const auto& [code, fault, says] : {Answer{-1, "directory_unreachable", "broke the connection off at the bind"},
                                          Answer{51, "directory_unreachable", "cannot serve now"},
                                          Answer{52, "directory_unreachable", "cannot serve now"},
                                          Answer{49, "directory_credentials", "the password is wrong"},
                                          Answer{53, "directory_refused", "did not let cn=sync"}}) {
    CAPTURE(code);
    const ScriptedLdap server([answer = code](const Peer& peer, std::uint32_t id, unsigned char) {
      return answer >= 0 && peer.bound(id, static_cast<unsigned char>(answer));
    });
    const auto refused = connected(server);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == fault);
    CHECK_THAT(refused.error().message, ContainsSubstring(says));
  }
}

TEST_CASE("a server that gives the same page for ever is left after the second") {
  const bool empty = GENERATE(false, true);
  CAPTURE(empty);
  const ScriptedLdap server(answering([empty](const Peer& peer, std::uint32_t id) {
    return (empty || peer.entry(id, "uid=ann,dc=example,dc=com", "uid", "ann")) && peer.page_end(id, "same");
  }));
  auto connection = connected(server);
  REQUIRE(connection);
  int visited = 0;
  const auto done = connection->search(people, [&](const Found&) -> Result<void> {
    ++visited;
    return {};
  });
  REQUIRE_FALSE(done);
  CHECK(done.error().code == "directory_partial");
  CHECK_THAT(done.error().message,
             ContainsSubstring("again and again") && ContainsSubstring("integrations.ldap.server"));
  CHECK(visited == (empty ? 0 : 2));
}

TEST_CASE("a server may have one cookie for all pages of a search") {
  int pages = 0;
  const ScriptedLdap server(answering([&pages](const Peer& peer, std::uint32_t id) {
    ++pages;
    return peer.entry(id, "uid=user" + std::to_string(pages) + ",dc=example,dc=com", "uid", "user") &&
           peer.page_end(id, pages < 5 ? "0" : "");
  }));
  auto connection = connected(server);
  REQUIRE(connection);
  int visited = 0;
  REQUIRE(connection->search(people, [&](const Found&) -> Result<void> {
    ++visited;
    return {};
  }));
  CHECK(visited == 5);
}

TEST_CASE("a server that goes on for ever is left when the limit has passed, though it is never silent for long") {
  const bool halts = GENERATE(false, true);
  CAPTURE(halts);
  const ScriptedLdap server(answering([halts](const Peer& peer, std::uint32_t id) {
    for (int n = 0;; ++n) {
      const auto dn = "uid=user" + std::to_string(n) + ",dc=example,dc=com";
      if (halts) {  // in the middle of an answer
        peer.send(Peer::entry_message(id, dn, "uid", "user").substr(0, 20));
        peer.wait_for_the_end();
        return false;
      }
      if (!peer.entry(id, dn, "uid", "user")) return false;
    }
  }));
  auto options = directory_options();
  options.timeout = 600s;
  options.limit = 300ms;
  auto connection = connected(server, options);
  REQUIRE(connection);
  const auto done = connection->search(people, [](const Found&) -> Result<void> { return {}; });
  REQUIRE_FALSE(done);
  CHECK(done.error().code == "directory_partial");
  CHECK_THAT(done.error().message, ContainsSubstring("integrations.ldap.read_timeout_seconds"));
}

TEST_CASE("a read is broken off by a stop, whatever the server does") {
  std::stop_source stop;
  const ScriptedLdap server(answering([](const Peer& peer, std::uint32_t id) {
    peer.entry(id, "uid=ann,dc=example,dc=com", "uid", "ann");
    peer.wait_for_the_end();
    return false;
  }));
  auto options = directory_options();
  options.timeout = 600s;
  options.stop = stop.get_token();
  auto connection = connected(server, options);
  REQUIRE(connection);
  const auto done = connection->search(people, [&](const Found&) -> Result<void> {
    stop.request_stop();
    return {};
  });
  REQUIRE_FALSE(done);
  CHECK(done.error().code == "directory_partial");
}

TEST_CASE("a value is cut as it is read, between characters, and a key that is no text stays whole") {
  std::string long_name;
  while (long_name.size() < 3'000'000) long_name += "Añ";
  const std::string key("\x00\x80\xff\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d", 16);
  const ScriptedLdap server(answering([&](const Peer& peer, std::uint32_t id) {
    return peer.entry(id, "uid=ann,dc=example,dc=com", "displayName", long_name) &&
           peer.entry(id, "uid=bob,dc=example,dc=com", "objectGUID", key) && peer.page_end(id, "");
  }));
  auto connection = connected(server);
  REQUIRE(connection);
  std::vector<std::string> values;
  REQUIRE(connection->search(people, [&](const Found& found) -> Result<void> {
    values.push_back(found.first(values.empty() ? "displayName" : "objectGUID"));
    return {};
  }));
  REQUIRE(values.size() == 2);
  CHECK(values[0].size() <= Found::longest_value);
  CHECK(values[0].size() > Found::longest_value - 4);
  CHECK(directory::is_plain_text(values[0]));
  CHECK(values[1] == key);
}
