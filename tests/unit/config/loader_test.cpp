#include "config/loader.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

using namespace strowger;
using namespace strowger::config;

namespace {

const Environment nothing_set = [](std::string_view) { return std::nullopt; };

Environment set(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

Result<Settings> load(std::string_view text, const Environment& environment = nothing_set) {
  return load_text(text, "strowger.yml", environment);
}

// The single fault that a text has.
std::string fault(std::string_view text, const Environment& environment = nothing_set) {
  const auto settings = load(text, environment);
  REQUIRE_FALSE(settings);
  CHECK(settings.error().code == "bad_settings");
  INFO(settings.error().message);
  CHECK(settings.error().details.at("faults").as_array().size() == 1);
  return settings.error().message;
}

}  // namespace

TEST_CASE("an empty map is the defaults, in words") {
  for (const std::string text : {"{}", "{}\n", "# all as it is\n{}\n", "server: {}\n"}) {
    CAPTURE(text);
    const auto settings = load(text);
    REQUIRE(settings);
    CHECK(settings->api.port == 8080);
    CHECK(settings->server.sip_port == 5060);
    CHECK(settings->provisioning.access.allowed_networks.size() == 8);
    CHECK(settings->text == text);
  }
}

TEST_CASE("a file that sets nothing is a fault, not the defaults") {
  for (const std::string text : {"", "\n", "# nothing\n", "---\n", "---\n# nothing\n...\n", "~\n"}) {
    CAPTURE(text);
    CHECK_THAT(fault(text), ContainsSubstring("sets nothing") && ContainsSubstring("`{}`"));
  }
}

TEST_CASE("a section that was cut off behind its name is a fault with its line") {
  const auto all = fault("api:\n  port: 8080\nprovisioning:\n  access:\n");
  CHECK_THAT(all, ContainsSubstring("strowger.yml:4: provisioning.access: a section with nothing in it"));
  CHECK_THAT(fault("server:\n"), ContainsSubstring("strowger.yml:1: server: a section with nothing in it"));
}

TEST_CASE("every kind of value is read") {
  const auto settings = load(R"(
data_dir: /srv/strowger
server: {sip_host: 127.0.0.1, sip_port: 5070, external_ip: pbx.example.com, server_name: Head Office, sip_realm: example.com}
api:
  host: "::1"
  port: 0
  require_authentication: no
  tls: {cert_file: a.pem, key_file: b.pem}
provisioning:
  enabled: true
  url_format: https://pbx.example.com/provision/{mac}.cfg
  devices:
    - {mac: 00-15-65-12-34-56, extension: 1001, vendor: yealink, model: T46S}
  access:
    allowed_networks: [10.1.0.0/16, 192.0.2.7]
integrations:
  active_directory:
    enabled: true
    server: ldaps://dc.example.com
    base_dn: dc=example,dc=com
    group_roles: {Phone Admins: admin, Desk: operator}
    max_change_percent: 5
logging: {level: debug, file: "", console: false}
extensions:
  - {number: 1001, name: "Ann <O'Neil>", email: ann@example.com, password: 0123, allow_external: false}
  - number: "*97"
)");
  REQUIRE(settings);
  CHECK(settings->data_dir == "/srv/strowger");
  CHECK(settings->server.sip_port == 5070);
  CHECK(settings->server.external_ip == "pbx.example.com");
  CHECK(settings->api.host == "::1");
  CHECK(settings->api.port == 0);
  CHECK_FALSE(settings->api.require_authentication);
  CHECK(settings->api.tls.enabled());
  CHECK(settings->provisioning.devices.at(0).mac == "001565123456");
  CHECK(settings->provisioning.devices.at(0).extension == "1001");
  CHECK(settings->provisioning.access.allowed_networks == std::vector<std::string>{"10.1.0.0/16", "192.0.2.7"});
  CHECK(settings->active_directory.group_roles.size() == 2);
  CHECK(settings->active_directory.max_change_percent == 5);
  CHECK(settings->logging.file.empty());
  CHECK(settings->extensions.at(0).password == "0123");
  CHECK_FALSE(settings->extensions.at(0).allow_external);
  CHECK(settings->extensions.at(1).number == "*97");
  CHECK(settings->source == "strowger.yml");
}

TEST_CASE("a fault names file, line, key, what was expected and the nearest key") {
  struct Row {
    std::string text;
    std::string where;
    std::string what;
  };
  const std::vector<Row> rows{
      {"server:\n  sip_prot: 5060\n", "strowger.yml:2: server.sip_prot", "did you mean server.sip_port?"},
      {"\n\nsever:\n  sip_port: 1\n", "strowger.yml:3: sever", "did you mean server?"},
      {"sip_port: 5060\n", "strowger.yml:1: sip_port", "did you mean server.sip_port?"},
      {"api:\n  host: 127.0.0.1\n  port: high\n", "strowger.yml:3: api.port", "expected a port, 0 to 65535"},
      {"api:\n  port: 65536\n", "strowger.yml:2: api.port", "more than 65535"},
      {"api:\n  port: -1\n", "strowger.yml:2: api.port", "not a whole number"},
      {"api:\n  port: 80.5\n", "strowger.yml:2: api.port", "not a whole number"},
      {"api:\n  port:\n", "strowger.yml:2: api.port", "not a whole number"},
      {"api:\n  port: [1]\n", "strowger.yml:2: api.port", "found a list"},
      {"api: 8080\n", "strowger.yml:1: api", "expected a section, found a value"},
      {"- api\n", "strowger.yml:1", "found a list"},
      {"just text\n", "strowger.yml:1", "found a value"},
      {"api:\n  require_authentication: maybe\n", "strowger.yml:2: api.require_authentication", "true or false"},
      {"api:\n  port: 1\n  port: 2\n", "strowger.yml:3: api.port", "set twice; the first is in line 2"},
      {"api:\n  port: 1\nlog:\n  engine: rocksdb\napi:\n  host: 127.0.0.1\n", "strowger.yml:5: api", "line 1"},
      {"api:\n  host: localhots\n", "strowger.yml:2: api.host", "not an address of this machine"},
      {"server:\n  external_ip: 192.168.1.400\n", "strowger.yml:2: server.external_ip", "neither an IP address"},
      {"server:\n  sip_realm: 'a\"b'\n", "strowger.yml:2: server.sip_realm", "quote"},
      {"server:\n  server_name: \"a\\nb\"\n", "strowger.yml:2: server.server_name", "line break"},
      {"log:\n  engine: kafka\n", "strowger.yml:2: log.engine", "not supported by this build yet; rocksdb is"},
      {"logging:\n  level: loud\n", "strowger.yml:2: logging.level", "trace, debug, info, warn or error"},
      {"provisioning:\n  url_format: http://x/provision/{mac\n", "strowger.yml:2: provisioning.url_format",
       "does not hold {mac}"},
      {"provisioning:\n  url_format: http://{{SERVER}}/{mac}.cfg\n", "strowger.yml:2: provisioning.url_format",
       "{{SERVER}}"},
      {"provisioning:\n  url_format: ftp://x/{mac}\n", "strowger.yml:2: provisioning.url_format", "http://"},
      {"provisioning:\n  url_format: 'http://x/a b{mac}'\n", "strowger.yml:2: provisioning.url_format", "space"},
      {"provisioning:\n  url_format: 'http:///{mac}'\n", "strowger.yml:2: provisioning.url_format", "names no host"},
      {"provisioning:\n  access:\n    allowed_networks:\n      - 10.0.0.0/8\n      - 10.1.2.3/8\n",
       "strowger.yml:5: provisioning.access.allowed_networks[1]", "did you mean 10.0.0.0/8?"},
      {"provisioning:\n  access:\n    allowed_networks: 10.0.0.0/8\n",
       "strowger.yml:3: provisioning.access.allowed_networks", "expected a list"},
      {"provisioning:\n  devices:\n    - {mac: 001565, extension: 1, vendor: yealink, model: t46s}\n",
       "strowger.yml:3: provisioning.devices[0].mac", "12 hex digits"},
      {"provisioning:\n  devices:\n    - mac: 001565123456\n      extension: ann\n      vendor: yealink\n      model: "
       "t46s\n",
       "strowger.yml:4: provisioning.devices[0].extension", "not an extension number"},
      {"provisioning:\n  devices:\n    - {mac: 001565123456, extension: 1, vendor: yealink}\n",
       "strowger.yml:3: provisioning.devices[0]", "model is missing"},
      {"provisioning:\n  devices:\n    - {mac: 001565123456, extension: 1, vendor: a, model: b}\n    - {mac: "
       "00:15:65:12:34:56, extension: 1, vendor: a, model: b}\n",
       "strowger.yml:4: provisioning.devices[1].mac", "listed twice"},
      {"extensions:\n  - {number: 1001, nmae: Ann}\n", "strowger.yml:2: extensions[0].nmae", "did you mean name?"},
      {"extensions:\n  - {number: 1001}\n  - {number: 1001}\n", "strowger.yml:3: extensions[1].number", "listed twice"},
      {"extensions:\n  - 1001\n", "strowger.yml:2: extensions[0]", "expected a list of entries"},
      {"extensions: {number: 1001}\n", "strowger.yml:1: extensions", "found a section"},
      {"integrations:\n  active_directory:\n    max_change_percent: 101\n",
       "strowger.yml:3: integrations.active_directory.max_change_percent", "more than 100"},
      {"integrations:\n  active_directory:\n    group_roles: {Admins: root}\n",
       "strowger.yml:3: integrations.active_directory.group_roles.Admins", "admin, operator, viewer and user"},
      {"integrations:\n  active_directory:\n    enabled: true\n    base_dn: dc=a\n",
       "strowger.yml:3: integrations.active_directory.server", "no server"},
      {"integrations:\n  ldap:\n    enabled: true\n    server: dc1\n", "strowger.yml:3: integrations.ldap.base_dn",
       "no base_dn"},
      {"integrations:\n  ldap: {enabled: true, base_dn: dc=a, server: dc1,\n         bind_dn: cn=a}\n",
       "strowger.yml:3: integrations.ldap.bind_password", "let in as nobody"},
      {"integrations:\n  ldap:\n    read_timeout_seconds: 0\n",
       "strowger.yml:3: integrations.ldap.read_timeout_seconds", "at least a second"},
      {"integrations:\n  ldap:\n    timeout_seconds: 0\n", "strowger.yml:3: integrations.ldap.timeout_seconds",
       "at least a second"},
      {"integrations:\n  ldap:\n    filter: cn=a\n", "strowger.yml:3: integrations.ldap.filter", "(department=Sales)"},
      {"integrations:\n  kafka:\n    enabled: true\n", "strowger.yml:3: integrations.kafka.brokers", "no broker"},
      {"integrations:\n  kafka:\n    brokers: kafka1\n", "strowger.yml:3: integrations.kafka.brokers", "kafka1:9092"},
      {"integrations:\n  kafka:\n    brokers: \"a:1,\"\n", "strowger.yml:3: integrations.kafka.brokers", "comma"},
      {"integrations:\n  kafka:\n    brokers: \"a:1,b:70000\"\n", "strowger.yml:3: integrations.kafka.brokers",
       "b:70000"},
      {"integrations:\n  kafka:\n    topic: my topic\n", "strowger.yml:3: integrations.kafka.topic", "letters"},
      {"integrations:\n  kafka:\n    compression: zip\n", "strowger.yml:3: integrations.kafka.compression", "zstd"},
      {"integrations:\n  kafka:\n    tls:\n      cert_file: a.pem\n", "strowger.yml:4: integrations.kafka.tls.key_file",
       "together"},
      {"integrations:\n  kafka:\n    sasl: {mechanism: PLAIN, username: ann}\n",
       "strowger.yml:3: integrations.kafka.sasl.username", "password"},
      {"integrations:\n  kafka:\n    sasl: {mechanism: NTLM}\n", "strowger.yml:3: integrations.kafka.sasl.mechanism",
       "SCRAM-SHA-512"},
      {"api:\n  require_authentication: false\n", "strowger.yml:2: api.require_authentication", "loopback"},
      {"api:\n  tls:\n    cert_file: a.pem\n", "strowger.yml:3: api.tls.cert_file", "needs api.tls.key_file"},
      {"provisioning:\n  pnp:\n    enabled: true\n", "strowger.yml:3: provisioning.pnp.interfaces",
       "no interface is named"},
      {"provisioning:\n  pnp:\n    interfaces: [eth0, eth0]\n", "strowger.yml:3: provisioning.pnp.interfaces",
       "listed twice"},
      {"provisioning:\n  pnp:\n    interfaces: [eth0/24]\n", "strowger.yml:3: provisioning.pnp.interfaces",
       "no name of a network interface"},
      {"server: {sip_host: 127.0.0.1}\nprovisioning:\n  pnp: {enabled: true, interfaces: [eth0]}\n",
       "strowger.yml:3: provisioning.pnp.enabled", "needs server.sip_host to be 0.0.0.0 or"},
      {"server: {sip_host: '::'}\nprovisioning:\n  pnp: {enabled: true, interfaces: [eth0]}\n",
       "strowger.yml:3: provisioning.pnp.enabled", "needs server.sip_host to be 0.0.0.0 or"},
      {"api:\n  port: ${HTTP_PORT}\n", "strowger.yml:2: api.port", "HTTP_PORT is not set"},
      {"api:\n  port: ${HTTP PORT}\n", "strowger.yml:2: api.port", "not a variable"},
      {"api:\n  port: ${HTTP_PORT\n", "strowger.yml:2: api.port", "without }"},
      {"api:\n port: 1\n  host: x\n", "strowger.yml:3", "not YAML"},
      {"api: {port: 1\n", "strowger.yml:2", "not YAML"},
      {"? [a]\n: 1\n", "strowger.yml:1", "a key has to be a name"},
      {"a: 1\n---\nb: 2\n", "strowger.yml:2", "expected one YAML document"},
      {",", "strowger.yml:1", "stray character"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto message = fault(row.text);
    CHECK_THAT(message, ContainsSubstring(row.where));
    CHECK_THAT(message, ContainsSubstring(row.what));
  }
}

TEST_CASE("all faults come at once, by line") {
  const auto settings = load("api:\n  port: x\n  prot: 1\nlogging:\n  level: loud\nserver:\n  sip_host: there\n");
  REQUIRE_FALSE(settings);
  const auto error = settings.error();  // a copy: Boost hands it out by value
  const auto& faults = error.details.at("faults").as_array();
  REQUIRE(faults.size() == 4);
  CHECK(faults[0].at("line") == 2);
  CHECK(faults[1].at("key") == "api.prot");
  CHECK(faults[2].at("line") == 5);
  CHECK(faults[3].at("key") == "server.sip_host");
  CHECK(std::count(error.message.begin(), error.message.end(), '\n') == 3);
}

TEST_CASE("no fault shows a secret") {
  const auto settings = load(
      "extensions:\n  - {number: 1, password: \"s3cret\\nx\"}\nintegrations:\n  active_directory:\n    bind_password: "
      "\"s3cret\\nx\"\n");
  REQUIRE_FALSE(settings);
  CHECK(settings.error().details.at("faults").as_array().size() == 2);
  CHECK(settings.error().message.find("s3cret") == std::string::npos);
}

TEST_CASE("variables of the environment are put in, and never read as YAML") {
  const auto settings =
      load("server:\n  server_name: \"${NAME} of ${TOWN:-Stockholm}\"\napi:\n  port: ${PORT:-8081}\ndata_dir: $${x}\n",
           set({{"NAME", "{a: [b]} # c"}}));
  REQUIRE(settings);
  CHECK(settings->server.server_name == "{a: [b]} # c of Stockholm");
  CHECK(settings->api.port == 8081);
  CHECK(settings->data_dir == "${x}");
  CHECK(load("data_dir: ${D:-x}\n", set({{"D", ""}}))->data_dir == "x");
  CHECK(load("data_dir: ${D:-x}\n", set({{"D", "${E}"}}))->data_dir == "${E}");
}

TEST_CASE("files are read with their time, what cannot be read says so") {
  namespace fs = std::filesystem;
  const auto folder = fs::temp_directory_path() / ("strowger-config-" + std::to_string(std::random_device{}()));
  fs::create_directories(folder);
  std::ofstream(folder / "s.yml") << "integrations: {active_directory: {bind_password: \"${credential:bind}\"}}\n";
  std::ofstream(folder / "bind") << "s3cret\n";
  const auto settings = load_file(folder / "s.yml", set({{"CREDENTIALS_DIRECTORY", folder.string()}}));
  REQUIRE(settings);
  CHECK(settings->active_directory.bind_password == "s3cret");
  CHECK(settings->modified_at > system_now() - std::chrono::hours(1));
  CHECK(settings->modified_at <= system_now() + std::chrono::seconds(1));
  CHECK_FALSE(load_file(folder / "s.yml", nothing_set));
  const auto climbing = substitute("${credential:../bind}", set({{"CREDENTIALS_DIRECTORY", (folder / "x").string()}}));
  CHECK_FALSE(climbing);
  CHECK(load_file(folder / "none.yml").error().code == "settings_unreadable");
  CHECK(load_file(folder).error().code == "settings_unreadable");
  fs::remove_all(folder);
}
