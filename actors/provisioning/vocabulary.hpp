// What a template may name. The reference for whoever writes templates (README has it as a table):
//
// Every file            SERVER_NAME SIP_SERVER SIP_HOST (the same, with brackets where it is an IPv6 address: what
// stands
//                       in front of a port or in a URI) SIP_PORT SIP_REALM CONFIG_URL CONFIG_BASE_URL CONFIG_BASE_PATH
//                       CONFIG_HTTPS MODEL_NAME, of CONFIG_URL also CONFIG_HOST CONFIG_PORT CONFIG_FOLDER
// A phone's own file    MAC MAC_UPPER EXTENSION_NUMBER EXTENSION_NAME EXTENSION_PASSWORD LINE_LABEL (of line 1)
//   every setting by its name in capitals (phone_settings.cpp), in the vendor's words: NTP_SERVER TRANSPORT SRTP …;
//     it is empty, and its section not there, where nothing is set and there is no default
//   those of which the vendor has map_tables also as LANGUAGE_<TABLE>
//   choices also as flags: TRANSPORT_UDP SRTP_OFF DTMF_INFO TIME_FORMAT_24 …
//   URLs also without http:// as FIRMWARE_URL_PATH, and whether they are https as the flag FIRMWARE_URL_HTTPS
//   hosts also with brackets where they are IPv6 addresses: OUTBOUND_PROXY_HOST
//   REGISTER_EXPIRES_MINUTES
//   DIAL_PLAN in the vendor's grammar, DIAL_PLAN_TIMEOUTS (3|3|3: dial_timeout for each of its segments)
// {{#DIAL_RULES}}       of a grammar that has rules: DIAL_RULE_NUMBER DIAL_RULE; {{#DIAL_RULES_OFF}}: those that are
// free
//   CODEC_LIST, CODEC_1 … CODEC_8, CODEC_<TABLE>_1 … of the vendor's codec_tables, the flag CODECS_SET (a level names
//     codecs)
//   TIMEZONE (IANA's name) TIMEZONE_NAME (the vendor's) TIMEZONE_OFFSET (+1, -3:30) TIMEZONE_OFFSET_SECONDS
//     TIMEZONE_OFFSET_MINUTES TIMEZONE_OFFSET_QUARTERS TIMEZONE_WEST_MINUTES TIMEZONE_OFFSET_CLOCK (+1:00) TIMEZONE_GMT
//     (GMT+01:00) TIMEZONE_POSIX; the flag DST, DST_SAVING_MINUTES DST_SAVING_SECONDS and, for START and END, by the
//     week: DST_START_ MONTH WEEK (1 to 5, 5 the last) WEEK_DATE (1, 8, 15, 22; empty: the last) LAST (flag) WEEKDAY
//     (Sunday 0) WEEKDAY1 (Sunday 1) WEEKDAY7 (Monday 1, Sunday 7) HOUR MINUTE TIME (02:00:00) MONTH_NAME (Mar)
//     WEEKDAY_NAME (Sun) MONTH_2 WEEK_2 WEEKDAY7_2 (two digits); for phones that take "the first Friday on or after the
//     26th", where that is not the same, DATE (empty: the last week) DATE_WEEKDAY7 DATE_HOUR DATE_MINUTE
//   KEYS_SET (flag: a level names keys)
// {{#LINES}}…{{/LINES}} LINE (number) LINE_FIRST (flag) LINE_LABEL EXTENSION_NUMBER EXTENSION_NAME EXTENSION_PASSWORD
//                       and LINE_<NAME> of the vendor's per_line table
// {{#LINES_OFF}}        those that the phone has and no extension uses: LINE and LINE_<NAME>
// {{#CODECS}} those that are on, {{#CODECS_OFF}} those of the default list that are not, {{#ALL_CODECS}} the vendor's,
// in its
//                       order: CODEC (the vendor's name) CODEC_PRIORITY (from 1; 0: off) CODEC_ON (flag)
// {{#KEYS}}…{{/KEYS}}   in order; keys 1… are the lines' where no level says otherwise: KEY (number) KEY_TYPE (the
// vendor's code)
//                       KEY_VALUE KEY_LABEL KEY_LINE KEY_LINE_0 (from 0) KEY_PICKUP KEY_INDEX (among keys of the same
//                       code) KEY_SET (flag) KEY_IS_LINE KEY_IS_BLF … (flags) and KEY_<NAME> of the vendor's per_key
//                       table
//                       KEY_TYPE_<TABLE> of the vendor's key_tables
// {{#KEYS_OFF}}         the phone's other keys: KEY and KEY_<NAME>
// {{#ALL_KEYS}}         those of both lists, in order; the others have no KEY_TYPE
#pragma once

#include "actors/provisioning/vendor_values.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

struct Word {
  enum class Kind : std::uint8_t {
    text,  // anything, escaped
    code,  // letters, digits, - _ . only: may stand in a key or an element's name
    flag,  // 1, or empty
    list,  // only as a section
  };
  Kind kind = Kind::text;
  std::vector<std::string_view> within{};  // the lists that it is a member of
  bool everywhere = false;                 // it is known outside of them too
};

class Vocabulary {
 public:
  // Of the common file, which is sent to whoever asks: nothing that belongs to an extension or a device.
  static const Vocabulary& common();
  // Of a phone's own file.
  static Vocabulary device(const VendorValues& values);

  const Word* find(std::string_view name) const;
  // Whether it means something inside these lists.
  static bool is_known(const Word& word, std::span<const std::string_view> open);
  std::vector<std::string> names() const;

 private:
  void add(std::string name, Word::Kind kind, std::string_view within = {});

  std::map<std::string, Word, std::less<>> words_;
};

// A secret by its name: what it stands for must not be shown.
bool is_secret_placeholder(std::string_view name);
// The setting that a placeholder of a phone's own file is made from; empty: from none.
std::string_view setting_behind(std::string_view placeholder);
std::string capitals(std::string_view name);

}  // namespace strowger::provisioning
