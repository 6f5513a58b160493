#include "config/loader.hpp"

#include "config/faults.hpp"
#include "config/network.hpp"
#include "config/reader.hpp"
#include "config/single_document.hpp"

#include <fstream>
#include <iterator>
#include <system_error>

namespace strowger::config {
namespace {

void check_directory(const Directory& directory, const std::string& prefix, const Reader& reader, Faults& faults) {
  const auto fault = [&](const char* given, const char* what, const char* why) {
    faults.add(reader.line_of(prefix + given), prefix + what, why);
  };
  if (directory.timeout_seconds == 0) fault("timeout_seconds", "timeout_seconds", "at least a second");
  if (directory.read_timeout_seconds == 0)
    fault("read_timeout_seconds", "read_timeout_seconds", "at least a second; 900 is the default");
  if (!directory.enabled) return;
  if (directory.server.empty()) fault("enabled", "server", "the directory is enabled but no server is set");
  if (directory.base_dn.empty()) fault("enabled", "base_dn", "the directory is enabled but no base_dn is set");
  // Such a bind succeeds, as nobody (RFC 4513 section 5.1.2).
  if (!directory.bind_dn.empty() && directory.bind_password.empty())
    fault("bind_dn", "bind_password", "a bind_dn without a password would be let in as nobody");
}

// What only several keys together can get wrong.
void check_together(const Settings& settings, const Reader& reader, Faults& faults) {
  if (!settings.api.require_authentication && !is_loopback(settings.api.host))
    faults.add(
        reader.line_of("api.require_authentication"), "api.require_authentication",
        "false is for a lab and needs api.host to be a loopback address such as 127.0.0.1; it is " + settings.api.host);
  const auto& tls = settings.api.tls;
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    const std::string given = tls.cert_file.empty() ? "api.tls.key_file" : "api.tls.cert_file";
    const std::string other = tls.cert_file.empty() ? "api.tls.cert_file" : "api.tls.key_file";
    faults.add(reader.line_of(given), given, "needs " + other + " beside it");
  }
  const auto& https = settings.provisioning.https;
  if (https.cert_file.empty() != https.key_file.empty()) {
    const std::string given = https.cert_file.empty() ? "provisioning.https.key_file" : "provisioning.https.cert_file";
    const std::string other = https.cert_file.empty() ? "provisioning.https.cert_file" : "provisioning.https.key_file";
    faults.add(reader.line_of(given), given, "needs " + other + " beside it");
  }
  const auto https_needs = [&](bool wanted, const char* key, bool has, const char* what) {
    if (wanted && !has) faults.add(reader.line_of(key), key, std::string("needs ") + what);
  };
  https_needs(https.require_client_certificate, "provisioning.https.require_client_certificate",
              !https.client_ca_files.empty(), "provisioning.https.client_ca_files: whose certificates would it take?");
  https_needs(https.legacy, "provisioning.https.legacy", https.enabled(), "provisioning.https.cert_file and key_file");
  https_needs(!https.client_ca_files.empty(), "provisioning.https.client_ca_files", https.enabled(),
              "provisioning.https.cert_file and key_file");
  const auto& pnp = settings.provisioning.pnp;
  constexpr const char* pnp_enabled = "provisioning.pnp.enabled";
  if (pnp.enabled && pnp.interfaces.empty())
    faults.add(reader.line_of(pnp_enabled), "provisioning.pnp.interfaces",
               "PnP is enabled but no interface is named; name those on which your phones are, such as [eth0]");
  const auto& sip_host = settings.server.sip_host;
  if (pnp.enabled && (is_loopback(sip_host) || sip_host.find(':') != std::string::npos))
    faults.add(reader.line_of(pnp_enabled), pnp_enabled,
               "phones are told their URL by SIP over IPv4, which needs server.sip_host to be 0.0.0.0 or an IPv4 "
               "address that they reach; it is " +
                   sip_host);
  check_directory(settings.active_directory, "integrations.active_directory.", reader, faults);
  check_directory(settings.ldap, "integrations.ldap.", reader, faults);
  const auto& kafka = settings.kafka;
  const auto kafka_needs = [&](std::string_view what, std::string_view given, const char* why) {
    faults.add(reader.line_of(given), std::string(what), why);
  };
  if (kafka.enabled && kafka.brokers.empty())
    kafka_needs("integrations.kafka.brokers", "integrations.kafka.enabled", "Kafka is enabled but no broker is set");
  if (kafka.tls.cert_file.empty() != kafka.tls.key_file.empty())
    kafka_needs(kafka.tls.cert_file.empty() ? "integrations.kafka.tls.cert_file" : "integrations.kafka.tls.key_file",
                kafka.tls.cert_file.empty() ? "integrations.kafka.tls.key_file" : "integrations.kafka.tls.cert_file",
                "certificate and key are needed together");
  if (!kafka.sasl.mechanism.empty() && (kafka.sasl.username.empty() || kafka.sasl.password.empty()))
    kafka_needs("integrations.kafka.sasl.username", "integrations.kafka.sasl.mechanism",
                "SASL needs a username and a password");
}

}  // namespace

Result<Settings> load_text(std::string_view text, const std::string& name, const Environment& environment) {
  Settings settings;
  Faults faults(name);
  Reader reader(settings, faults, environment);
  try {
    const std::string document(text);
    if (const auto line = second_document(document)) {
      faults.add(*line, "", "expected one YAML document; a second one, or a stray character, starts here");
    } else {
      reader.read(YAML::Load(document));
    }
  } catch (const YAML::Exception& fault) {
    const auto line = fault.mark.is_null() ? 0 : static_cast<std::size_t>(fault.mark.line) + 1;
    faults.add(line, "", "not YAML: " + fault.msg);
  }
  if (faults.empty()) check_together(settings, reader, faults);
  if (!faults.empty()) return faults.error();
  settings.source = name;
  settings.text = text;
  return settings;
}

Result<Settings> load_file(const std::filesystem::path& path, const Environment& environment) {
  std::ifstream file(path, std::ios::binary);
  std::error_code failed;
  const bool regular = !std::filesystem::is_directory(path, failed);
  if (!file || !regular)
    return unavailable("settings_unreadable",
                       path.string() + ": cannot be read; check that the file is there and its permissions");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto settings = load_text(text, path.string(), environment);
  if (!settings) return settings;
  const auto written = std::filesystem::last_write_time(path, failed);
  if (!failed)
    settings->modified_at = std::chrono::time_point_cast<Timestamp::duration>(std::chrono::file_clock::to_sys(written));
  return settings;
}

}  // namespace strowger::config
