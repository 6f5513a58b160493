// What the convergence reactor knows of one device, and what follows from it: a pure decider without I/O and clock.
//
//   decide(wave, fact) → commands; due(wave) → when to decide(wave, Tick) next
//
// A wave has four parts, each with a due time of its own:
//
//   recheck  the device's file may be another one ──▶ Look ──▶ Looked ──▶ it is: WantConfig
//   attempt  the phone does not run what it should ──▶ its turn ──▶ TellPhone ──▶ ConfigServed of the wanted ETag
//            ──▶ ReportFetched; or none by its time ──▶ ReportOverdue
//   recent   the file changed lately: fetches that come into the log now may have been made before
//   returns  the phone fetched and is expected to register ──▶ FindPhone ──▶ Bound ──▶ ReportReturned
//
// and one conversation with the device's entity: one command at a time, and none before the events that the last one
// led to were followed. Rules between the parts: a recheck that is due comes before the attempt's next step, as the
// phone may have to fetch another file; nothing else depends on another part.
//
// Complexity: O(1) for each fact. Threads: any, one at a time for a wave.
#pragma once

#include "actors/convergence/policy.hpp"
#include "actors/device/device.hpp"
#include "events/projections/devices.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace strowger::convergence {

// When templates or settings that were recorded are surely in force.
inline constexpr auto second_look = std::chrono::seconds(3);
// So much later than a change that they had not seen may fetches and requests come into the log.
inline constexpr auto unseen_for = std::chrono::seconds(60);

// Why a file may be another one.
struct Change {
  RebootReason reason = RebootReason::config_changed;
  Position cause{};  // the event; 0: found by looking at all devices
  Uuid correlation{};
  Uuid causation{};
  bool operator==(const Change&) const = default;
};

struct Recheck {
  Change change;
  Instant at;
  Position known{};    // not before events up to here are followed and in the tables
  Position first{};    // the earliest event that has not been looked at; 0: none
  bool twice = false;  // once more later: templates and settings are put in force after their event
  bool operator==(const Recheck&) const = default;
};

struct Recent {
  Change change;
  Instant until;
};

struct FetchedFile {
  Instant at;
  Uuid event;
};

struct Attempt {
  Convergence state;  // as the devices projection folds it
  Instant since;      // it is open for this configuration: its place in the wave
  Instant changed;    // the stage
  Instant told_at;    // the last time; or since when it is open
  // Of the stage. wanted: told later, as its phone is in a call. accepted: an older file was fetched, and the phone
  // may fetch again until then. retrying: told again then. failed: its phone is back and is looked for then.
  std::optional<Instant> at;
  std::optional<FetchedFile> fetched;  // what is wanted: to be reported
  std::optional<Instant> heard;        // since it was given up, its extension's phone was last heard of
  bool queued = false;                 // for its turn
};

struct Returns {
  Uuid reboot;
  Instant fetched;
  Instant look;
  Uuid correlation;
  Uuid causation;
};

// With the device's entity.
struct Talk {
  enum class About : std::uint8_t { nothing, file, turn, report };
  About about = About::nothing;   // the last command
  bool asking = false;            // it has no answer yet
  std::optional<Recheck> file{};  // what WantConfig was asked for
  Position after{};               // the next one not before this position is followed and in the tables,
  Instant not_before{};           // nor before this
};

struct DeviceWave {
  ExtensionNumber extension;
  std::vector<ExtensionNumber> former{};  // extensions that its phone may still be on
  std::string site;
  std::optional<Recheck> recheck;
  std::optional<Attempt> attempt;
  std::optional<Recent> recent;
  std::optional<Returns> returns;
  Talk talk;
};

struct Context {
  Instant now;
  Position known{};  // followed, and in the tables
  const Policy& policy;
};

// --- Facts

// An event of the device.
struct Happened {
  const Envelope* envelope = nullptr;
  Instant at;              // of the event
  const Change* lately{};  // of many devices, this one among them; none: null
};
// An event may have changed its file.
struct FileChanged {
  Change change;
  bool twice = false;
};
// A phone that may be its own registered, or moved to another contact.
struct PhoneSeen {
  Instant at;
};
// Answer to Look, or found by looking at many devices. No `etag`: it would be sent no file.
struct Looked {
  Recheck why;
  std::optional<std::string> etag;
  std::string served;  // that it was last sent
};
// Its turn in the wave has come, and this is how its phone is found.
struct Turn {
  bool registered = false;      // the device, in the tables
  std::string served{};         // that it was last sent
  std::optional<Instant> here;  // its phone is at a contact since then, the latest of them; none: no phone
  bool in_call = false;
  RebootVerb verb = RebootVerb::reboot;  // that makes the vendor's phone take over such a change
};
// Answer to FindPhone: its phone's registration after `after`, if any.
struct Bound {
  struct Registration {
    std::string contact;
    std::string ip;
    Timestamp registered_at;
  };
  bool registered = false;  // the device, in the tables
  std::optional<Registration> registration{};
};
// The entity's answer to the command under way.
struct Answered {
  bool carried_out = false;  // else it failed
  bool decided = false;      // events came of it
  Position position{};       // of the last
};
struct Tick {};
using WaveFact = std::variant<Happened, FileChanged, PhoneSeen, Looked, Turn, Bound, Answered, Tick>;

// --- Commands

// Render the device's file and answer with Looked at once.
struct Look {
  Recheck why;
};
// Answer with Bound at once.
struct FindPhone {
  Instant after;
};
// Ask the device's entity and answer with Answered.
struct AskDevice {
  actors::Device::Command command;
  Cause cause;
};
// The device has converged: how long that took.
struct Took {
  Instant::duration time;
};
using Command = std::variant<Look, FindPhone, AskDevice, Took>;

std::vector<Command> decide(DeviceWave& wave, const MacAddress& mac, const WaveFact& fact, const Context& context);

// When to decide(Tick) next: at an instant, or when a position is known; whichever is first.
struct Due {
  std::optional<Instant> at;
  std::optional<Position> position;
  bool operator==(const Due&) const = default;
};
Due due(const DeviceWave& wave, const Context& context);

// From the tables, when the reactor starts. Dates become instants of this process, so that no later step of the clock
// runs a timer out or puts it off.
DeviceWave restored(const DeviceRow& row, const Now& now, const Policy& policy);

// --- What the reactor indexes waves by

// Nothing is known of it that is not in the tables.
bool is_blank(const DeviceWave& wave);
// Nothing is under way and nothing comes by itself, but for a phone that is expected to register.
bool is_at_rest(const DeviceWave& wave);
// It counts as in flight. (What a campaign has begun counts for the campaign.)
bool in_flight(const DeviceWave& wave, Position known);
// It was given up as its phone was not there or did not answer.
bool awaits_phone(const DeviceWave& wave);
// The device has this extension now; its phone may still be on the one before.
void moves_to(DeviceWave& wave, const ExtensionNumber& extension);
// The earliest event that may have changed its file and has not been looked at; 0: none.
Position unlooked(const DeviceWave& wave);

}  // namespace strowger::convergence
