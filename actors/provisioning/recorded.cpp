#include "actors/provisioning/recorded.hpp"

#include "actors/provisioning/config_url.hpp"

#include <array>

#include <sodium.h>

namespace strowger::provisioning {
namespace {

constexpr std::array<std::pair<Format, TemplateGrammar>, 4> kGrammars{{{Format::text, TemplateGrammar::text},
                                                                       {Format::xml, TemplateGrammar::xml},
                                                                       {Format::colon, TemplateGrammar::colon},
                                                                       {Format::set, TemplateGrammar::set}}};

TemplateGrammar grammar_of(Format format) {
  for (const auto& [known, grammar] : kGrammars)
    if (known == format) return grammar;
  return TemplateGrammar::text;
}

Format format_of(TemplateGrammar grammar) {
  for (const auto& [format, known] : kGrammars)
    if (known == grammar) return format;
  return Format::text;
}

}  // namespace

std::string sha256_of(std::string_view bytes) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  crypto_hash_sha256(hash.data(), data, bytes.size());
  std::string out(hash.size() * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), hash.data(), hash.size());
  out.pop_back();  // the terminating NUL
  return out;
}

TemplatePublished published(const TemplateInForce& source) {
  TemplatePublished out;
  out.vendor = source.vendor;
  out.model = source.model;
  out.name = escape(Format::text, source.name);  // a file's name may be any bytes, an event is UTF-8
  out.origin = source.custom ? TemplateOrigin::custom : TemplateOrigin::built_in;
  out.grammar = grammar_of(source.format);
  out.content_type = source.content_type;
  out.model_name = source.model_name;
  out.sha256 = sha256_of(source.text);
  out.size = static_cast<std::uint32_t>(source.text.size());
  out.values_sha256 = source.kind.values->sha256();
  out.lines = source.kind.lines;
  out.keys = source.kind.keys;
  return out;
}

TemplateInForce in_force(const TemplatePublished& published, std::string text,
                         std::shared_ptr<const VendorValues> values) {
  return {published.vendor,
          published.model,
          published.name,
          published.origin == TemplateOrigin::custom,
          format_of(published.grammar),
          published.content_type,
          published.model_name,
          std::move(text),
          {std::move(values), published.lines, published.keys}};
}

ServerValues server_values(const SettingsApplied& settings) {
  return {settings.sip_server, settings.sip_port, settings.sip_realm, settings.server_name};
}

std::string config_url(const SettingsApplied& settings, std::string_view mac) {
  return config_url(UrlSettings{settings.url_format, settings.external_ip, settings.api_port}, mac);
}

}  // namespace strowger::provisioning
