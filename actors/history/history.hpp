// Time travel: what a device's file depended on, and what its phone was served, read from the log itself and not from
// any projection.
//
// Every method reads the log and may take as long as that does: never call one on a thread that serves. Any thread.
// Bounded: a stream of more than `most_read` events is refused (`history_too_long`).
//
// Phones are served from projections, which trail the log by moments: a fetch within such a moment of a change may be
// recorded behind the change and yet have got what was in force before it. before_last_change() leads there.
#pragma once

#include "actors/provisioning/past.hpp"
#include "actors/provisioning/point_in_time.hpp"
#include "events/log.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace strowger::history {

// A point of the log that is there.
struct Moment {
  Position position{};
  Timestamp time{};  // of the event at it
  // Where that event tells of a served file: what was served, to its own device.
  std::optional<ConfigServed> served{};
};

struct ServedFile {
  Position position{};
  StreamVersion version{};
  Timestamp time{};
  std::string by;
  Uuid id;
  Uuid correlation;
  Uuid causation;
  ConfigServed event;
  // Where it stands for several that were alike (ConfigServedRepeated): how many, and the first of them; `time` is that
  // of the last.
  std::uint64_t count = 1;
  std::optional<Timestamp> first_seen{};
  // Where it stands for fetches that were folded: then position and time are of the first of them, and `event` has only
  // what the summary of the day tells of the device's last one.
  struct FoldedFetches {
    std::uint64_t summary = 0;  // its version in history/summaries
    std::uint64_t fetches = 0;
    std::string day;
    std::uint64_t not_modified = 0;
    std::uint64_t bytes = 0;
    Timestamp last_served{};
  };
  std::optional<FoldedFetches> folded{};
};

struct PublishedTemplate {
  TemplatePublished published;
  provisioning::Origin origin;
};

struct ServedPage {
  std::vector<ServedFile> files;  // newest first; those that were folded (retention.hpp) as one for each summary
  std::size_t total = 0;
  bool more = false;  // older ones follow
};

class History {
 public:
  static constexpr std::size_t most_read = 2'000'000;

  // Both outlive it.
  History(EventLog& log, const Vault& vault) : log_(log), vault_(vault) {}

  // Fails with `not_yet` for what is to come, `before_the_log` for what was before the first event. Where the clock was
  // set back, a time may name several points; it gives one of them.
  Result<Moment> find(const provisioning::PointInTime& point, Timestamp now) const;

  // Fails with `device_not_found` (never registered), `device_not_registered_then`, `extension_not_found_then`,
  // `provisioning_disabled_then`, and `not_recorded_then` for what was before templates and settings were recorded.
  Result<provisioning::Past> read(const MacAddress& mac, const Moment& moment) const;

  // The moment before the last of the events that `past` comes from; none where that was the first.
  Result<std::optional<Moment>> before_last_change(const provisioning::Past& past) const;

  // Which were in force for a model, oldest first; empty where none was ever recorded.
  Result<std::vector<PublishedTemplate>> templates(std::string_view vendor, std::string_view model) const;
  // A template's text by its SHA-256. Fails with `not_found` where the log has none.
  Result<std::string> text_of(const std::string& sha256) const;

  // Those before `before`, where it is given. `device_not_found` for one that never was.
  Result<ServedPage> served(const MacAddress& mac, std::optional<Position> before, std::size_t limit) const;

 private:
  using Wanted = bool (*)(std::string_view type);
  // Of several streams, by position. Whether there was any event.
  Result<bool> scan(const std::vector<StreamId>& streams, Position until, Wanted wanted,
                    const std::function<void(const Envelope&)>& visit) const;
  Result<std::optional<Moment>> last_at(Position position) const;
  Result<void> fill_in(const MacAddress& mac, ServedFile& file) const;
  Result<std::shared_ptr<const provisioning::VendorValues>> values_of(const std::string& sha256) const;

  EventLog& log_;
  const Vault& vault_;
};

}  // namespace strowger::history
