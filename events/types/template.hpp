// What every phone's file depends on besides its device and extension, recorded when it changes so that an old file can
// be made again: streams template/<vendor>_<model> (which text is in force), template_text/<SHA-256> (each text, once)
// and system/settings (the values that templates name).
#pragma once

#include "events/secret.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace strowger {

// A text by its content: a template, or how a vendor's phones write values. An administrator's own may hold a password
// that was typed into it, so it is sealed; what was built into the program is public.
struct TemplateTextStored {
  static constexpr std::string_view type = "template.text_stored";
  static constexpr std::uint16_t schema = 1;
  std::string sha256;  // of the text in clear, 64 hex digits
  std::optional<std::string> text;
  std::optional<SealedSecret> sealed;  // where there is no `text`
};
BOOST_DESCRIBE_STRUCT(TemplateTextStored, (), (sha256, text, sealed))

enum class TemplateOrigin : std::uint8_t { built_in, custom };
BOOST_DESCRIBE_ENUM(TemplateOrigin, built_in, custom)

// The grammar of the file, which decides how values are escaped.
enum class TemplateGrammar : std::uint8_t { text, xml, colon, set };
BOOST_DESCRIBE_ENUM(TemplateGrammar, text, xml, colon, set)

// From now on files of this vendor and model are rendered from this text.
struct TemplatePublished {
  static constexpr std::string_view type = "template.published";
  static constexpr std::uint16_t schema = 2;
  std::string vendor;
  std::string model;
  std::string name;  // yealink/t46s.template, or the custom file's name
  TemplateOrigin origin = TemplateOrigin::built_in;
  TemplateGrammar grammar = TemplateGrammar::text;
  std::string content_type;
  std::string model_name;                // as templates name it: Yealink SIP-T46S
  std::string sha256;                    // of the text
  std::uint32_t size = 0;                // of the text, bytes
  std::string values_sha256{};           // of how the vendor's phones write values; empty: as they are
  std::optional<std::uint16_t> lines{};  // how many the model has; none: not known
  std::optional<std::uint16_t> keys{};
  bool operator==(const TemplatePublished&) const = default;
};
BOOST_DESCRIBE_STRUCT(TemplatePublished, (),
                      (vendor, model, name, origin, grammar, content_type, model_name, sha256, size, values_sha256,
                       lines, keys))

// The values of the server that all files are rendered with from now on; what is reloaded without touching them is no
// event.
struct SettingsApplied {
  static constexpr std::string_view type = "settings.applied";
  static constexpr std::uint16_t schema = 1;
  bool provisioning_enabled = true;
  std::string url_format;
  std::string external_ip;
  std::uint16_t api_port = 0;
  std::string sip_server;
  std::uint16_t sip_port = 0;
  std::string sip_realm;
  std::string server_name;
  bool operator==(const SettingsApplied&) const = default;
};
BOOST_DESCRIBE_STRUCT(SettingsApplied, (),
                      (provisioning_enabled, url_format, external_ip, api_port, sip_server, sip_port, sip_realm,
                       server_name))

}  // namespace strowger
