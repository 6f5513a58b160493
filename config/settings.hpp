// What an operator can set, with the defaults that serve when nothing is set. One immutable value: a reload makes a
// new one (config/loader.hpp reads it).
#pragma once

#include "events/time.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace strowger::config {

struct Tls {
  std::string cert_file;
  std::string key_file;
  bool enabled() const { return !cert_file.empty(); }
};

struct Server {
  std::string sip_host = "0.0.0.0";
  std::uint16_t sip_port = 5060;
  std::string external_ip;  // what phones are told; empty: the address of the default route
  std::string server_name = "Strowger";
  std::string sip_realm = "strowger";
  std::string sip_digest = "md5";      // what phones are challenged with: md5, sha-256 or both
  bool sip_digest_without_qop = true;  // RFC 2069: no nonce count, so each such nonce serves once
  bool force_rport = true;             // answer the port that a request came from, whether its Via asks for that or not
};

struct Api {
  std::string host = "0.0.0.0";
  std::uint16_t port = 8080;
  bool require_authentication = true;
  std::chrono::seconds idempotency_window = std::chrono::hours(24 * 7);  // how long an Idempotency-Key is known
  Tls tls;
};

struct ProvisioningAccess {
  // Networks (CIDR) whose phones are served without more.
  std::vector<std::string> allowed_networks{"127.0.0.0/8",    "::1/128",        "10.0.0.0/8", "172.16.0.0/12",
                                            "192.168.0.0/16", "169.254.0.0/16", "fc00::/7",   "fe80::/10"};
  // Networks whose phones are served when they prove themselves: by password, token or certificate.
  std::vector<std::string> credential_networks{"0.0.0.0/0", "::/0"};
  bool require_credentials = false;             // from allowed_networks too
  std::string http_authentication = "both";     // what is offered: digest, basic, both or none
  std::uint32_t token_grace_minutes = 24 * 60;  // how long the token before is taken
  std::uint32_t enrolment_minutes = 0;          // 0: devices need no enrolment
  std::vector<std::string> trusted_proxies;     // whose X-Forwarded-For is believed
  std::uint32_t enumeration_limit = 50;         // unknown MACs from one source within ten minutes; 0: no limit
  std::uint32_t enumeration_block_minutes = 15;
};

// Phones' own HTTPS listener, beside the one of the API; on where a certificate is set.
struct ProvisioningHttps {
  std::string host = "0.0.0.0";
  std::uint16_t port = 8443;
  std::string cert_file;
  std::string key_file;
  std::vector<std::string> client_ca_files;
  bool require_client_certificate = false;
  bool legacy = false;  // one more, for TLS 1.0 and 1.1
  std::uint16_t legacy_port = 8444;
  bool enabled() const { return !cert_file.empty(); }
  bool operator==(const ProvisioningHttps&) const = default;
};

// Phones' files by TFTP, those without a secret in them.
struct ProvisioningTftp {
  bool enabled = false;
  std::string host = "0.0.0.0";
  std::uint16_t port = 69;
  bool operator==(const ProvisioningTftp&) const = default;
};

// Phones that ask the LAN by SIP multicast where their file is.
struct ProvisioningPnp {
  bool enabled = false;
  std::vector<std::string> interfaces;  // by name; none is not enabled
};

struct SeedDevice {
  std::string mac;
  std::string extension;
  std::string vendor;
  std::string model;
};

struct SeedExtension {
  std::string number;
  std::string name;
  std::string email;
  std::string password;  // empty: a random one is made
  bool allow_external = true;
};

// How phones are told to fetch a changed configuration. Zero: no limit.
struct Reboots {
  std::uint32_t max_in_flight = 50;
  std::uint32_t max_per_second = 10;
  std::uint32_t per_site = 0;
  std::string quiet_hours;
  std::uint32_t fetch_deadline = 180;  // seconds
  std::uint32_t retries = 3;
};

// What phones may leave here: their logs, and what was changed at them. Bounded in every way.
struct Uploads {
  bool enabled = false;
  std::uint64_t max_file_size = 1'048'576;     // bytes
  std::uint64_t max_total_size = 268'435'456;  // bytes, of all that is kept
  std::uint32_t max_files_per_device = 20;
};

struct Provisioning {
  bool enabled = true;
  // Knows {{SERVER_IP}}, {{PORT}} and {mac}.
  std::string url_format = "http://{{SERVER_IP}}:{{PORT}}/provision/{mac}.cfg";
  std::string custom_templates_dir;
  std::string firmware_dir;
  std::vector<SeedDevice> devices;
  ProvisioningAccess access;
  Reboots reboots;
  ProvisioningHttps https;
  ProvisioningTftp tftp;
  ProvisioningPnp pnp;
  Uploads uploads;
};

// Active Directory, or a plain LDAP directory: the same settings.
struct Directory {
  bool enabled = false;
  std::string server;  // hosts or ldap:// and ldaps:// URLs, with commas or spaces; tried in this order
  std::string base_dn;
  std::string user_search_base;
  std::string bind_dn;
  std::string bind_password;
  bool use_ssl = true;
  bool start_tls = false;
  std::string ca_file;  // empty: whom this system trusts
  std::uint16_t timeout_seconds = 10;
  std::uint16_t read_timeout_seconds = 900;
  bool auto_provision = false;
  bool deactivate_removed_users = true;
  std::string extension_attribute;  // tried before ipPhone and telephoneNumber; empty: none
  std::string number_rule;          // how a directory number becomes an extension; empty: as it is
  std::string name_attributes;      // "displayName, givenName sn"; empty: as the kind of directory has it
  std::string filter;               // LDAP filter that narrows the users; empty: all
  std::string disabled_attribute;   // set and not false: the user is disabled; empty: as the kind of directory has it
  std::string schedule;             // when a sync runs by itself; empty: only on demand
  std::vector<std::pair<std::string, std::string>> group_roles;  // group -> admin, operator, viewer or user
  std::uint8_t max_change_percent = 20;  // a sync that would disable more of the users stops and asks
  bool operator==(const Directory&) const = default;
};

struct KafkaTls {
  bool enabled = false;
  std::string ca_file;    // empty: the system's
  std::string cert_file;  // of this client; empty: none
  std::string key_file;
  std::string key_password;
  bool verify_hostname = true;
  bool operator==(const KafkaTls&) const = default;
};

struct KafkaSasl {
  std::string mechanism;  // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; empty: none
  std::string username;
  std::string password;
  bool operator==(const KafkaSasl&) const = default;
};

// A copy of every event for others.
struct Kafka {
  bool enabled = false;
  std::string brokers;  // host:port, with commas
  std::string topic = "strowger.events";
  std::string client_id = "strowger";
  std::string compression = "lz4";
  KafkaTls tls;
  KafkaSasl sasl;
  bool operator==(const Kafka&) const = default;
};

// How long facts of high volume are kept each by itself, before a summary of their day takes their place. Zero: for
// ever.
struct Retention {
  std::chrono::seconds config_served = std::chrono::days(90);
  std::chrono::seconds refused = std::chrono::days(90);
  std::chrono::seconds failed_logins = std::chrono::days(90);
  std::chrono::seconds wait_for_sinks = std::chrono::days(7);  // beyond these; zero: not at all
};

struct Log {
  std::string engine = "rocksdb";
  std::chrono::seconds repeat_window = std::chrono::minutes(10);  // in which the same again is only counted
  Retention retention;
};

struct Logging {
  std::string level = "info";         // trace, debug, info, warn, error
  std::string file = "logs/pbx.log";  // empty: none
  bool console = true;
};

struct Settings {
  std::string data_dir = "data";
  Server server;
  Api api;
  Provisioning provisioning;
  Directory active_directory;
  Directory ldap;
  Kafka kafka;
  Log log;
  Logging logging;
  std::vector<SeedExtension> extensions;

  std::string source;       // the file it came from; empty: the defaults
  std::string text;         // of that file, as it was read
  Timestamp modified_at{};  // of that file; of the start where there is none
};

using SettingsPtr = std::shared_ptr<const Settings>;

}  // namespace strowger::config
