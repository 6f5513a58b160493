#include "config/schema.hpp"

#include "config/directory_keys.hpp"
#include "config/key_kinds.hpp"
#include "events/ids.hpp"
#include "events/quiet_hours.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace strowger::config {
namespace {

// --- Checks that belong to one key. ---

std::string check_level(const std::string& value) {
  for (const std::string_view known : {"trace", "debug", "info", "warn", "error"})
    if (value == known) return {};
  return "'" + value + "' is no level";
}

std::string check_engine(const std::string& value) {
  if (value == "rocksdb") return {};
  return "log engine '" + value + "' is not supported by this build yet; rocksdb is";
}

std::string check_digest(const std::string& value) {
  for (const std::string_view known : {"both", "md5", "sha-256"})
    if (value == known) return {};
  return "'" + value + "' is no choice; there are both, md5 and sha-256";
}

std::string check_http_authentication(const std::string& value) {
  for (const std::string_view known : {"digest", "basic", "both", "none"})
    if (value == known) return {};
  return "'" + value + "' is no choice; there are digest, basic, both and none";
}

std::string check_quiet_hours(const std::string& value) {
  const auto hours = QuietHours::parse(value);
  return hours ? "" : hours.error().message;
}

std::string check_brokers(const std::string& value) {
  for (std::size_t at = 0; at < value.size();) {
    const auto end = std::min(value.find(',', at), value.size());
    const auto broker = value.substr(at, end - at);
    const auto colon = broker.rfind(':');
    std::uint64_t port = 0;
    if (colon == std::string::npos || colon == 0 || broker.find_first_of(" /") != std::string::npos ||
        !read_number(port, std::numeric_limits<std::uint16_t>::max(), broker.substr(colon + 1)).empty() || port == 0)
      return "'" + broker + "' is not a host and a port such as kafka1:9092";
    at = end + 1;
  }
  return value.ends_with(',') ? "nothing follows the last comma" : "";
}

std::string check_topic(const std::string& value) {
  constexpr std::string_view known = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (value.empty() || value.size() > 249 || value == "." || value == ".." ||
      value.find_first_not_of(known) != std::string::npos)
    return "a topic has 1 to 249 letters, digits, dots, underscores and dashes";
  return {};
}

std::string check_compression(const std::string& value) {
  for (const std::string_view known : {"none", "gzip", "snappy", "lz4", "zstd"})
    if (value == known) return {};
  return "'" + value + "' is no choice; there are none, gzip, snappy, lz4 and zstd";
}

std::string check_mechanism(const std::string& value) {
  for (const std::string_view known : {"", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"})
    if (value == known) return {};
  return "'" + value + "' is no choice; there are PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512";
}

Key networks(std::string_view path, Member<std::vector<std::string>> member, std::string_view help) {
  return list(path, std::move(member), check_network, "networks such as 192.168.0.0/16 or fc00::/7", help);
}

// --- The entries. ---

Key devices() {
  Key key;
  key.path = "provisioning.devices";
  key.shape = Shape::entries;
  key.expected = "a list of entries with mac, extension, vendor and model";
  key.help = "Devices that an empty log starts with. Read once; later changes are made by the API.";
  key.begin = [](Settings& settings) { settings.provisioning.devices.emplace_back(); };
  const auto last = [](Settings& settings) -> SeedDevice& { return settings.provisioning.devices.back(); };
  Field mac{"mac", "a MAC address such as 00:15:65:12:34:56", {}, true};
  mac.read = [](Settings& settings, const std::string& value) -> std::string {
    const auto parsed = MacAddress::parse(value);
    if (!parsed) return parsed.error().message;
    auto& all = settings.provisioning.devices;
    const auto same = [&](const SeedDevice& other) { return other.mac == parsed->text(); };
    if (std::any_of(all.begin(), all.end() - 1, same)) return parsed->text() + " is listed twice";
    all.back().mac = parsed->text();
    return {};
  };
  key.fields.push_back(std::move(mac));
  key.fields.push_back(
      field("extension", "an extension number such as 1001", true, last, &SeedDevice::extension, check_extension));
  key.fields.push_back(field("vendor", "a vendor such as yealink", true, last, &SeedDevice::vendor, not_empty));
  key.fields.push_back(field("model", "a model such as t46s", true, last, &SeedDevice::model, not_empty));
  key.show = [](const Settings&) { return "[]"; };
  key.example = "- {mac: \"00:15:65:12:34:56\", extension: \"1001\", vendor: yealink, model: t46s}";
  return key;
}

Key extensions() {
  Key key;
  key.path = "extensions";
  key.shape = Shape::entries;
  key.expected = "a list of entries with number, and where wanted name, email, password and allow_external";
  key.help = "Extensions that an empty log starts with. Read once; without a password a random one is made.";
  key.begin = [](Settings& settings) { settings.extensions.emplace_back(); };
  const auto last = [](Settings& settings) -> SeedExtension& { return settings.extensions.back(); };
  Field number{"number", "an extension number such as 1001", {}, true};
  number.read = [](Settings& settings, const std::string& value) -> std::string {
    if (auto fault = check_extension(value); !fault.empty()) return fault;
    auto& all = settings.extensions;
    const auto same = [&](const SeedExtension& other) { return other.number == value; };
    if (std::any_of(all.begin(), all.end() - 1, same)) return value + " is listed twice";
    all.back().number = value;
    return {};
  };
  key.fields.push_back(std::move(number));
  key.fields.push_back(field("name", "a name", false, last, &SeedExtension::name, check_line));
  key.fields.push_back(field("email", "a mail address", false, last, &SeedExtension::email, check_line));
  key.fields.push_back(field("password", "a SIP password", false, last, &SeedExtension::password, check_line));
  Field external{"allow_external", "true or false", {}, false};
  external.read = [last](Settings& settings, const std::string& value) {
    return read_boolean(last(settings).allow_external, value);
  };
  key.fields.push_back(std::move(external));
  key.show = [](const Settings&) { return "[]"; };
  key.example = "- {number: \"1001\", name: Ann Example, email: ann@example.com, password: \"${ANN_SIP_PASSWORD}\"}";
  return key;
}

std::vector<Key> make_keys() {
  using S = Settings;
  const std::string_view line = "text on one line";
  std::vector<Key> out;
  const auto add = [&](Key key) { out.push_back(std::move(key)); };

  add(text(
      "data_dir", [](S& s) -> auto& { return s.data_dir; }, not_empty, "a folder",
      "Where the event log and the keys lie. Relative paths start at the working directory."));

  add(text(
      "server.sip_host", [](S& s) -> auto& { return s.server.sip_host; }, check_host,
      "an IP address of this machine, 0.0.0.0 or ::",
      "Where SIP listens; 0.0.0.0 is every IPv4 address, also one that comes later."));
  add(port("server.sip_port", [](S& s) -> auto& { return s.server.sip_port; }, ""));
  add(text(
      "server.external_ip", [](S& s) -> auto& { return s.server.external_ip; }, check_address,
      "an IP address or a host name", "What phones are told to reach. Empty: the address of the default route."));
  add(text(
      "server.server_name", [](S& s) -> auto& { return s.server.server_name; }, not_empty, line, "A name for people."));
  add(text(
      "server.sip_realm", [](S& s) -> auto& { return s.server.sip_realm; }, check_realm, "text without quotes",
      "The realm of SIP's digest authentication."));
  add(text(
      "server.sip_digest", [](S& s) -> auto& { return s.server.sip_digest; }, check_digest, "both, md5 or sha-256",
      "Digest challenge for phones. baresip 1.0, JsSIP 3.13 and others give up on a reply with two challenges."));
  add(boolean(
      "server.sip_digest_without_qop", [](S& s) -> auto& { return s.server.sip_digest_without_qop; },
      "Whether old phones may answer without qop (RFC 2069). false refuses what is weaker than the challenge offers."));
  add(boolean(
      "server.force_rport", [](S& s) -> auto& { return s.server.force_rport; },
      "Whether UDP answers go to the port that a request came from; false: only where the phone asks so (RFC 3581)."));

  add(text(
      "api.host", [](S& s) -> auto& { return s.api.host; }, check_host,
      "an IP address of this machine, 0.0.0.0 or ::", "Where HTTP listens."));
  add(port("api.port", [](S& s) -> auto& { return s.api.port; }, ""));
  add(boolean(
      "api.require_authentication", [](S& s) -> auto& { return s.api.require_authentication; },
      "false is for a lab, and only where api.host is a loopback address."));
  add(duration(
      "api.idempotency_window", [](S& s) -> auto& { return s.api.idempotency_window; }, "a duration such as 7d or 12h",
      "How long an Idempotency-Key and the answer to it are kept. Read at the start."));
  add(text(
      "api.tls.cert_file", [](S& s) -> auto& { return s.api.tls.cert_file; }, check_line, "a PEM file",
      "Certificate and key make it HTTPS. Both or neither."));
  add(text("api.tls.key_file", [](S& s) -> auto& { return s.api.tls.key_file; }, check_line, "a PEM file", ""));

  add(boolean(
      "provisioning.enabled", [](S& s) -> auto& { return s.provisioning.enabled; },
      "Whether phones are given their files."));
  add(text(
      "provisioning.url_format", [](S& s) -> auto& { return s.provisioning.url_format; }, check_url_format,
      "a URL with {mac}, as in http://{{SERVER_IP}}:{{PORT}}/provision/{mac}.cfg",
      "Where a phone finds its file; knows {{SERVER_IP}}, {{PORT}} and {mac}."));
  add(text(
      "provisioning.custom_templates_dir", [](S& s) -> auto& { return s.provisioning.custom_templates_dir; },
      check_line, "a folder", "Files vendor_model.template in it take the place of the built-in ones. Empty: none."));
  add(text(
      "provisioning.firmware_dir", [](S& s) -> auto& { return s.provisioning.firmware_dir; }, check_line, "a folder",
      "Firmware for phones, found under its names at /provision/firmware/ and, where phones ask so, at /provision/. "
      "Empty: "
      "none."));
  add(devices());
  const auto reboots = [](auto member) { return [member](S& s) -> auto& { return s.provisioning.reboots.*member; }; };
  using R = Reboots;
  add(number<std::uint32_t>("provisioning.reboots.max_in_flight", reboots(&R::max_in_flight), 100'000,
                            "a number; 0 is no limit",
                            "Phones that are told at once to fetch a changed configuration and have not done so yet."));
  add(number<std::uint32_t>("provisioning.reboots.max_per_second", reboots(&R::max_per_second), 10'000,
                            "a number; 0 is no limit", ""));
  add(number<std::uint32_t>("provisioning.reboots.per_site", reboots(&R::per_site), 100'000, "a number; 0 is no limit",
                            "Of them, at one site."));
  add(text("provisioning.reboots.quiet_hours", reboots(&R::quiet_hours), check_quiet_hours,
           "hours such as 08:00-18:00, several with commas",
           "No phone is told by itself in these hours, by this machine's clock. Empty: none."));
  add(number<std::uint32_t>("provisioning.reboots.fetch_deadline", reboots(&R::fetch_deadline), 86'400, "seconds",
                            "How long a phone that agreed may take to fetch, before it is told again."));
  add(number<std::uint32_t>("provisioning.reboots.retries", reboots(&R::retries), 100, "a number",
                            "How often a phone is told again before that is said to have failed."));
  const auto access = [](auto member) { return [member](S& s) -> auto& { return s.provisioning.access.*member; }; };
  using PA = ProvisioningAccess;
  add(networks(
      "provisioning.access.allowed_networks", access(&PA::allowed_networks),
      "Networks whose phones are given their files without more. The default: this machine and private ranges."));
  add(networks("provisioning.access.credential_networks", access(&PA::credential_networks),
               "Networks whose phones are given their files when they prove themselves: by the device's HTTP password, "
               "the token in its URL or its certificate."));
  add(boolean("provisioning.access.require_credentials", access(&PA::require_credentials),
              "Whether phones in allowed_networks must prove themselves too."));
  add(text("provisioning.access.http_authentication", access(&PA::http_authentication), check_http_authentication,
           "digest, basic, both or none",
           "What phones are asked for that have a password. Digest is MD5 and SHA-256."));
  add(number<std::uint32_t>("provisioning.access.token_grace_minutes", access(&PA::token_grace_minutes), 525'600,
                            "minutes, up to 525600", "How long the token before is still taken after a new one."));
  add(number<std::uint32_t>(
      "provisioning.access.enrolment_minutes", access(&PA::enrolment_minutes), 525'600, "minutes, up to 525600",
      "How long after its registration a device is given its file without proof, until its phone "
      "registers by SIP; from then on only with proof, or from the network where it was enrolled. "
      "0: always."));
  add(networks("provisioning.access.trusted_proxies", access(&PA::trusted_proxies),
               "Reverse proxies whose X-Forwarded-For is believed."));
  add(number<std::uint32_t>(
      "provisioning.access.enumeration_limit", access(&PA::enumeration_limit), 100'000, "a number up to 100000",
      "How many different unknown MAC addresses one source may ask for in ten minutes before it is "
      "blocked. 0: any."));
  add(number<std::uint32_t>("provisioning.access.enumeration_block_minutes", access(&PA::enumeration_block_minutes),
                            525'600, "minutes, up to 525600", "How long it is blocked."));

  const auto https = [](auto member) { return [member](S& s) -> auto& { return s.provisioning.https.*member; }; };
  using PH = ProvisioningHttps;
  add(text("provisioning.https.host", https(&PH::host), check_host, "an address of this machine, 0.0.0.0 or ::",
           "Where phones find HTTPS, beside api.host; nothing but their files is there."));
  add(port("provisioning.https.port", https(&PH::port), ""));
  add(text("provisioning.https.cert_file", https(&PH::cert_file), check_line, "a PEM file",
           "Certificate and key switch it on. Both or neither. Taken anew when they change."));
  add(text("provisioning.https.key_file", https(&PH::key_file), check_line, "a PEM file", ""));
  add(list(
      "provisioning.https.client_ca_files", https(&PH::client_ca_files), not_empty, "PEM files",
      "CAs of phones' certificates, such as the vendors' own: a phone whose certificate names the MAC address that it "
      "asks for has proved itself. Empty: phones are not asked for one."));
  add(boolean("provisioning.https.require_client_certificate", https(&PH::require_client_certificate),
              "Whether HTTPS serves nobody else."));
  add(boolean("provisioning.https.legacy", https(&PH::legacy),
              "One more port for phones that know only TLS 1.0 or 1.1, which can be listened to and forged."));
  add(port("provisioning.https.legacy_port", https(&PH::legacy_port), ""));

  const auto tftp = [](auto member) { return [member](S& s) -> auto& { return s.provisioning.tftp.*member; }; };
  using PT = ProvisioningTftp;
  add(boolean("provisioning.tftp.enabled", tftp(&PT::enabled),
              "The files that phones share, and firmware, by TFTP too, to be read only. A file with a password or a "
              "token in it is never sent by TFTP."));
  add(text("provisioning.tftp.host", tftp(&PT::host), check_host, "an address of this machine, 0.0.0.0 or ::", ""));
  add(port("provisioning.tftp.port", tftp(&PT::port),
           "Phones ask at 69, which needs the right to listen below 1024 (CAP_NET_BIND_SERVICE)."));

  const auto pnp = [](auto member) { return [member](S& s) -> auto& { return s.provisioning.pnp.*member; }; };
  using PP = ProvisioningPnp;
  add(boolean("provisioning.pnp.enabled", pnp(&PP::enabled),
              "Whether registered phones that ask the whole LAN by SIP (multicast to 224.0.1.75:5060) are told their "
              "URL. Anybody on a LAN can give such an answer."));
  add(list("provisioning.pnp.interfaces", pnp(&PP::interfaces), check_interface, "network interfaces such as eth0",
           "On which interfaces; phones elsewhere are not answered. At least one where it is enabled.", true));

  const auto uploads = [](auto member) { return [member](S& s) -> auto& { return s.provisioning.uploads.*member; }; };
  using U = Uploads;
  add(boolean("provisioning.uploads.enabled", uploads(&U::enabled),
              "Whether phones may leave their logs, and what was changed at them, by PUT and POST. Only registered "
              "devices, under the same rules as their files; what they left of their settings they get back."));
  add(number<std::uint64_t>("provisioning.uploads.max_file_size", uploads(&U::max_file_size), 4'194'304,
                            "bytes, up to 4194304", "What is larger is refused."));
  add(number<std::uint64_t>("provisioning.uploads.max_total_size", uploads(&U::max_total_size), 1'099'511'627'776,
                            "bytes", "Of all devices together; the oldest leave for what is new."));
  add(number<std::uint32_t>("provisioning.uploads.max_files_per_device", uploads(&U::max_files_per_device), 1'000,
                            "a number up to 1000", "The oldest leave for what is new."));

  for (auto& key : directory_keys(&S::active_directory, "Names and numbers from Active Directory."))
    add(std::move(key));
  for (auto& key : directory_keys(&S::ldap, "Names and numbers from another LDAP directory.")) add(std::move(key));

  const auto kafka = [](auto member) { return [member](S& s) -> auto& { return s.kafka.*member; }; };
  const auto kafka_tls = [](auto member) { return [member](S& s) -> auto& { return s.kafka.tls.*member; }; };
  const auto kafka_sasl = [](auto member) { return [member](S& s) -> auto& { return s.kafka.sasl.*member; }; };
  add(boolean("integrations.kafka.enabled", kafka(&Kafka::enabled),
              "A copy of every event as CloudEvents JSON, keyed by stream, secrets masked. At least once: drop repeats "
              "by id."));
  add(text("integrations.kafka.brokers", kafka(&Kafka::brokers), check_brokers,
           "brokers such as kafka1:9092,kafka2:9092", ""));
  add(text("integrations.kafka.topic", kafka(&Kafka::topic), check_topic, "a topic's name",
           "Another topic gets the whole log from its beginning."));
  add(text("integrations.kafka.client_id", kafka(&Kafka::client_id), not_empty, line, ""));
  add(text("integrations.kafka.compression", kafka(&Kafka::compression), check_compression,
           "none, gzip, snappy, lz4 or zstd", ""));
  add(boolean("integrations.kafka.tls.enabled", kafka_tls(&KafkaTls::enabled), ""));
  add(text("integrations.kafka.tls.ca_file", kafka_tls(&KafkaTls::ca_file), check_line, "a PEM file",
           "Who may have signed the brokers' certificates. Empty: whom this system trusts."));
  add(text("integrations.kafka.tls.cert_file", kafka_tls(&KafkaTls::cert_file), check_line, "a PEM file",
           "This client's own, where the brokers ask for one."));
  add(text("integrations.kafka.tls.key_file", kafka_tls(&KafkaTls::key_file), check_line, "a PEM file", ""));
  add(text("integrations.kafka.tls.key_password", kafka_tls(&KafkaTls::key_password), check_line, "a password", ""));
  add(boolean("integrations.kafka.tls.verify_hostname", kafka_tls(&KafkaTls::verify_hostname), ""));
  add(text("integrations.kafka.sasl.mechanism", kafka_sasl(&KafkaSasl::mechanism), check_mechanism,
           "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", "Empty: no SASL."));
  add(text("integrations.kafka.sasl.username", kafka_sasl(&KafkaSasl::username), check_line, "a user", ""));
  add(text("integrations.kafka.sasl.password", kafka_sasl(&KafkaSasl::password), check_line, "a password",
           "Better not written here: ${NAME} reads the environment, ${credential:NAME} a systemd credential."));

  add(text(
      "log.engine", [](S& s) -> auto& { return s.log.engine; }, check_engine, "rocksdb", "What keeps the event log."));
  add(duration(
      "log.repeat_window", [](S& s) -> auto& { return s.log.repeat_window; },
      "a duration such as 10m, 1h or 30s; 0 for none",
      "The same refused request or failed login again within this time is not an event each but a count; so are "
      "fetches of the same file by the same phone, within this time and a minute at most."));
  const auto retention = [](auto member) { return [member](S& s) -> auto& { return s.log.retention.*member; }; };
  const std::string_view kept = "a duration such as 90d or 12h, or never";
  add(duration(
      "log.retention.config_served", retention(&Retention::config_served), kept,
      "How long each fetch, refused request and failed login is kept by itself. Then a summary of its day takes "
      "its place. Never: for ever."));
  add(duration("log.retention.refused", retention(&Retention::refused), kept, ""));
  add(duration("log.retention.failed_logins", retention(&Retention::failed_logins), kept, ""));
  add(duration("log.retention.wait_for_sinks", retention(&Retention::wait_for_sinks),
               "a duration such as 7d or 12h, or never",
               "How much longer they are kept while a copy of the log, such as Kafka's, is behind and has not read "
               "them. Beyond that it gets markers in their places. Never: they do not wait."));

  add(text(
      "logging.level", [](S& s) -> auto& { return s.logging.level; }, check_level, "trace, debug, info, warn or error",
      ""));
  add(text("logging.file", [](S& s) -> auto& { return s.logging.file; }, check_line, "a file", "Empty: none."));
  add(boolean("logging.console", [](S& s) -> auto& { return s.logging.console; }, ""));

  add(extensions());
  return out;
}

}  // namespace

std::span<const Key> keys() {
  static const std::vector<Key> table = make_keys();
  return table;
}

}  // namespace strowger::config
