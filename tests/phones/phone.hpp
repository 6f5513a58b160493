// What a phone makes of its file: the neutral model that every family's reader fills (readers.hpp), and its facts, one
// text a name, by which what a phone has read is compared with what was configured.
//
// A value is in the server's words (transport udp, key type blf), whatever the file calls it. An empty text: the file
// says nothing of it, or takes it away.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strowger::phones {

struct Account {
  std::string server, port, transport;
  std::string user, auth, password;
  std::string name, label;
  std::string expires;  // seconds
  std::string proxy, proxy_port;
  std::string srtp, dtmf;  // of the phone as a whole where it has no such setting for an account
  std::string codecs;      // that are on, the preferred first: g722,pcma
  std::string voicemail;
};

// The clock changes on `weekday`, from Sunday 0, by one of the ways in which vendors say which one; or on a date.
struct Change {
  int month = 0;
  enum class By : std::uint8_t {
    week,         // the `number`th of the month; 5: the last
    on_or_after,  // the first on or after the `number`th day; below 0: the last one of the month
    date,         // the `number`th day itself, of one year
  };
  By by = By::week;
  int number = 0;
  int weekday = 0;
  int hour = 0;
  int minute = 0;
};
// 03-29 02:00 in that year.
std::string date_of(const Change& change, int year);

struct Clock {
  std::string ntp;
  std::optional<int> offset{};  // seconds east of Greenwich, in winter
  std::optional<Change> start{};
  std::optional<Change> end{};
  int saving = 0;     // seconds
  std::string hours;  // 12 or 24
};

struct Key {
  std::string type;
  std::string value;
  std::string label;
  std::string line;
  std::string pickup;
};

// What happens to digits that are dialled with the handset off the hook.
enum class Dialled : std::uint8_t { refused, after_the_timer, at_once };
using DialPlan = std::function<Dialled(std::string_view)>;

struct PhoneAsConfigured {
  std::map<std::uint16_t, Account> accounts;  // that are on, by line
  Clock clock;
  std::map<std::uint16_t, Key> keys;                                   // that do something; of the phone itself
  std::map<std::pair<std::uint16_t, std::uint16_t>, Key> module_keys;  // by module and key, from 1
  DialPlan dial_plan;                                                  // none: the file says nothing of it
  // By the setting's name: language, vlan_id, admin_password, firmware_url, ldap_server …
  std::map<std::string, std::string, std::less<>> settings;
  std::string provisioning_url;  // where it looks for its file next
};

// line.1.server, key.3.type, module.1.key.2.value, clock.start, dial.1001, language. Empty ones are left out.
using Facts = std::map<std::string, std::string, std::less<>>;
Facts facts(const PhoneAsConfigured& phone, int year);

// The numbers whose fate facts() tells, as dial.<number>.
const std::vector<std::string>& dialled_numbers();

}  // namespace strowger::phones
