// How a vendor's phones write what settings say: templates/<vendor>/values.json, with the time zones that all share.
//
//   {
//     "defaults": {"codecs": "pcmu"},                 what the vendor's files say where nothing is set
//     "maps": {"transport": {"udp": "0", "tcp": "1", "tls": "2"}, …},
//                                                     a setting's values in the vendor's words; one that is missing is
//                                                     not written; without a map the values are written as they are
//     "map_tables": {"OLD": {"language": {"en": "0"}}}, the same in other words, where a part of its phones has them:
//                                                     LANGUAGE_OLD beside LANGUAGE
//     "timezone_offsets": {"60": "49"},               of a zone that is not in the map, by its minutes in winter
//     "codecs": {"g722": "9", "pcmu": "0"},           the codecs that its phones know, in the order of their files
//     "codec_separator": ",", "codec_slots": 4,       of CODEC_LIST; how many of CODEC_1… are always filled
//     "keys": {"line": "15", "blf": "16"},            the types of key that its phones know
//     "codec_tables": {"ALIAS": {"g722": "G.722"}},   the codecs in other words, where a part of its phones has them:
//                                                     CODEC_ALIAS_1… beside CODEC_1…
//     "key_tables": {"MPK": {"blf": "1"}},            the same of its keys: KEY_TYPE_MPK beside KEY_TYPE
//     "per_line": {"P_SERVER": ["P47", "P402"]},      placeholders {{LINE_P_SERVER}} in {{#LINES}}, one value a line
//     "per_key": {"P_MODE": ["P323", "P324"]},        placeholders {{KEY_P_MODE}} in {{#KEYS}}, one value a key; an
//     empty
//                                                     one: that key has none
//     "dial_plan": "cisco",                           the grammar of its dial plans (dial_plan.hpp); missing: none
//     "reserved": {"KEY_LABEL": ";"},                 signs that the vendor's own grammar inside of a value would take
//                                                     for its own: in a key's texts a blank stands for each; a setting
//                                                     that has one cannot be written
//     "doubled": {"PROVISIONING_PASSWORD": "$"},      signs that are written twice to mean themselves
//     "sources": {"P64": "tancredi sangoma.macros"},  where a fact is written in public, for readers of this file
//     "unproven": {"language": "…"},                  facts without public proof, and what they rest on
//     "phonebook": "phonebook/{mac}.xml"              where its phones find the phone book of this server; missing:
//                                                     they read none
//   }
#pragma once

#include "actors/provisioning/dial_plan.hpp"
#include "actors/provisioning/timezone.hpp"
#include "events/error.hpp"
#include "templates/files.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strowger::provisioning {

// Sorted names of IANA's time zones.
std::span<const std::string_view> timezone_names();

// Immutable; any thread.
class VendorValues {
 public:
  using Named = std::vector<std::pair<std::string, std::string>>;
  using Codes = std::vector<std::pair<std::string, std::vector<std::string>>>;
  using Tables = std::vector<std::pair<std::string, Named>>;

  // Of the vendor's folder; a vendor without a values.json writes everything as it is. Fails with what is wrong in it.
  static Result<std::shared_ptr<const VendorValues>> built_in(std::string_view vendor,
                                                              std::span<const templates::File> files);
  // As they were recorded: text().
  static Result<std::shared_ptr<const VendorValues>> parse(std::string text);
  // What a template of before such values is rendered with.
  static const std::shared_ptr<const VendorValues>& none();

  // All of it in one text, from which it can be made again; empty for none().
  const std::string& text() const { return text_; }
  const std::string& sha256() const { return sha256_; }

  // The value in the vendor's words; empty where it has none for it, and where it holds a sign that is reserved.
  std::string written(std::string_view setting, std::string_view value) const;
  // By its map, else by its offset.
  std::string written_timezone(std::string_view name, const TimeZone& zone) const;
  // A key's text without signs that are reserved, and with those doubled that are written twice.
  std::string written_text(std::string_view placeholder, std::string text) const;
  // What its files say where nothing is set.
  std::string fallback(std::string_view setting) const;
  std::optional<TimeZone> timezone(std::string_view name) const;
  // The codecs that its phones know, by our name and theirs; empty: all, by our names.
  const Named& codecs() const { return codecs_; }
  const std::string& codec_separator() const { return codec_separator_; }
  std::size_t codec_slots() const { return codec_slots_; }
  // By our names; none: its phones know no such key.
  const std::string* key_code(std::string_view type) const;
  const Named& key_codes() const { return keys_; }
  // By the name of the table; their members by our names.
  using Map = std::map<std::string, std::string, std::less<>>;
  const std::map<std::string, std::map<std::string, Map, std::less<>>, std::less<>>& map_tables() const {
    return map_tables_;
  }
  const Tables& codec_tables() const { return codec_tables_; }
  const Tables& key_tables() const { return key_tables_; }
  const Codes& per_line() const { return per_line_; }
  const Codes& per_key() const { return per_key_; }
  std::optional<DialGrammar> dial_grammar() const { return dial_grammar_; }
  // Behind the base of the phone's own URL; none: its phones read no phone book of this server.
  const std::optional<std::string>& phonebook() const { return phonebook_; }

 private:
  VendorValues() = default;

  std::string text_;
  std::string sha256_;
  std::map<std::string, std::string, std::less<>> defaults_;
  std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>> maps_;
  std::map<std::string, std::map<std::string, Map, std::less<>>, std::less<>> map_tables_;
  Map offsets_;
  std::map<std::string, std::string, std::less<>> zones_;
  Named codecs_;
  std::string codec_separator_ = ",";
  std::size_t codec_slots_ = 0;
  Named keys_;
  Tables codec_tables_;
  Tables key_tables_;
  Codes per_line_;
  Codes per_key_;
  std::optional<DialGrammar> dial_grammar_;
  std::map<std::string, std::string, std::less<>> reserved_;  // by placeholder
  std::map<std::string, std::string, std::less<>> doubled_;
  std::optional<std::string> phonebook_;
};

}  // namespace strowger::provisioning
