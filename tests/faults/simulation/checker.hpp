// What must hold whatever happens. The checker knows only what is on the disk and what clients and phones were told,
// never the server's insides; each new record is looked at once.
#pragma once

#include "tests/faults/simulation/server.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace strowger::test::simulation {

class Checker {
 public:
  Checker(Disk& disk, const Time& time) : disk_(disk), time_(time) {}

  // The first thing found wrong. Said and not thrown: it may be found deep in the server, which must not swallow it.
  const std::optional<std::string>& violation() const { return violation_; }

  // After each step: positions and stream versions dense, ids unique, nothing decided twice, reboots answered once.
  void records();

  // A client was told that its command was carried out.
  void acknowledged(const std::string& command, const Uuid& correlation, std::size_t events, bool repeated);
  // A client was told that its command was refused: nothing of it may be in the log.
  void refused(const std::string& command, const Uuid& correlation, const Error& error);
  // A phone was told that it is registered.
  void registered(const ExtensionNumber& extension, const registrar::RegisterAnswer& answer);
  // A phone that brought what is right was not let in.
  void kept_out(const MacAddress& mac) {
    violated("phone " + mac.text() + " brings the right password and is refused");
  }
  // The server is killed. What is left are dates: where the clock has stepped since, a deadline is off by as much, and
  // a binding that was not dated anew may be taken for lapsed.
  void killed();

  // A server started: it may tell again what has no answer.
  void started();
  void told(const MacAddress& mac, const std::string& contact, bool in_call);
  // The phone did say yes to a NOTIFY.
  void phone_accepted(const MacAddress& mac) { ++accepted_by_phone_[mac]; }

  // Rows are the fold of the log up to where the server has applied it.
  void projections(const Server& server) const;
  // Whether every campaign has ended, or is paused.
  bool campaigns_at_rest(const Server& server) const;
  // When nothing is under way: every promise kept.
  void at_rest(const Server& server);
  // And the phone itself, whose last fetch is in the log, runs this.
  void runs(const Server& server, const MacAddress& mac, const std::string& etag) const;

 private:
  struct Reboot {
    MacAddress mac;
    std::size_t answers = 0;
    bool overtaken = false;  // by another request, or the device is gone
  };
  // A device as the log tells it: what its phone is to fetch, and whether it may be told so now.
  struct Fetch {
    std::string etag;   // wanted; empty: nothing is
    bool told = false;  // and neither fetched, given up nor to be told again
    Uuid reboot;        // the last
    Instant told_at{};  // that; or since when something is wanted, where it was not told
    // The attempt that it may be told as, not before a time: something changed, or the schedule says so.
    std::optional<std::uint16_t> attempt;
    Instant not_before{};
    Timestamp not_before_date;
    Timestamp told_date;
    std::string failed;              // the code, where it was given up
    std::optional<Instant> fetched;  // what is wanted
  };
  struct Limits {
    CampaignPace pace;
    std::set<MacAddress> told;       // ever: each is told once
    std::set<MacAddress> in_flight;  // told, and neither fetched nor given up
  };
  void violated(std::string what) const;
  void look_at(const Record& record);
  void answer(const Envelope& envelope, const Uuid& reboot);
  void follow(const Envelope& envelope);
  void told_for(const Envelope& envelope, const RebootRequested& request);
  void in_flight(const RebootRequested& request);
  void landed(const MacAddress& mac);
  bool came_back(const MacAddress& mac, const Fetch& fetch) const;
  void converged(const Server& server) const;
  std::size_t open_reboots(const MacAddress& mac) const;

  Disk& disk_;
  const Time& time_;
  mutable std::optional<std::string> violation_;
  std::size_t seen_ = 0;
  std::map<std::string, std::uint64_t> versions_;
  std::set<Uuid> ids_;
  std::map<Uuid, std::map<std::string, std::size_t>> by_admin_;  // decisions of a command: events of each type
  std::map<Uuid, std::size_t> promised_;                         // events of acknowledged commands
  std::map<Uuid, Reboot> reboots_;
  std::map<MacAddress, Uuid> last_reboot_;
  std::map<MacAddress, Fetch> fetches_;
  std::map<MacAddress, Timestamp> came_dates_;
  bool by_dates_ = false;               // a server was killed after the clock had stepped: dates are all that was left
  std::map<MacAddress, Instant> came_;  // its phone, registered or at another contact
  std::map<MacAddress, std::string> sites_;
  std::map<Uuid, Limits> campaigns_;
  std::map<MacAddress, std::size_t> may_tell_;  // in this incarnation, each contact
  std::map<std::pair<MacAddress, std::string>, std::size_t> told_;
  std::map<MacAddress, std::size_t> accepted_by_phone_;
  std::map<MacAddress, std::size_t> accepted_in_log_;
  // Until when each binding was promised to last, by its place in the store.
  std::map<std::string, Instant> granted_;
  // That the events say are registered, each with its instance.
  std::map<ExtensionNumber, std::map<std::string, std::string>> contacts_;
  std::map<ExtensionNumber, SealedSecret> passwords_;  // of those that exist
  std::vector<SealedSecret> deleted_;
  std::map<Uuid, std::set<MacAddress>> evicted_;  // by the event that deleted the extension: told for that
};

}  // namespace strowger::test::simulation
