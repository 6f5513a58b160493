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
  std::string sip_digest = "both";  // what phones are challenged with: md5, sha-256 or both
};

struct Api {
  std::string host = "0.0.0.0";
  std::uint16_t port = 8080;
  bool require_authentication = true;
  Tls tls;
};

struct ProvisioningAccess {
  // Networks (CIDR) whose phones are served.
  std::vector<std::string> allowed_networks{"127.0.0.0/8",    "::1/128",        "10.0.0.0/8", "172.16.0.0/12",
                                            "192.168.0.0/16", "169.254.0.0/16", "fc00::/7",   "fe80::/10"};
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

struct Provisioning {
  bool enabled = true;
  // Knows {{SERVER_IP}}, {{PORT}} and {mac}.
  std::string url_format = "http://{{SERVER_IP}}:{{PORT}}/provision/{mac}.cfg";
  std::string custom_templates_dir;
  std::vector<SeedDevice> devices;
  ProvisioningAccess access;
};

struct ActiveDirectory {
  bool enabled = false;
  std::string server;
  std::string base_dn;
  std::string user_search_base;
  std::string bind_dn;
  std::string bind_password;
  bool use_ssl = true;
  bool auto_provision = false;
  bool deactivate_removed_users = true;
  std::string extension_attribute;  // tried before ipPhone and telephoneNumber; empty: none
  std::string number_rule;          // how a directory number becomes an extension; empty: as it is
  std::string filter;               // LDAP filter that narrows the users; empty: all
  std::string schedule;             // when a sync runs by itself; empty: only on demand
  std::vector<std::pair<std::string, std::string>> group_roles;  // group -> admin, operator, viewer or user
  std::uint8_t max_change_percent = 20;  // a sync that would disable more of the users stops and asks
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
  ActiveDirectory active_directory;
  Kafka kafka;
  Log log;
  Logging logging;
  std::vector<SeedExtension> extensions;

  std::string source;       // the file it came from; empty: the defaults
  Timestamp modified_at{};  // of that file; of the start where there is none
};

using SettingsPtr = std::shared_ptr<const Settings>;

}  // namespace strowger::config
