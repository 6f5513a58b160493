// Records what phones' files depend on besides devices and extensions (events/types/template.hpp) when, and only when,
// it differs from what the log has: at the start and at each reload, before the first file is rendered with it.
//
// A large text is stored once for each content, however often it is put in force and taken back. It may be called from
// any thread and waits for the log: never call it on one that serves.
#pragma once

#include "actors/provisioning/renderer.hpp"
#include "events/clock.hpp"
#include "events/event.hpp"
#include "events/log.hpp"

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::history {

// The streams.
StreamId template_stream(std::string_view vendor, std::string_view model);
StreamId template_text_stream(std::string_view sha256);
StreamId settings_stream();

class Publisher {
 public:
  // All outlive it.
  Publisher(EventLog& log, IdSource& ids, Vault& vault, Clock clock)
      : log_(log), ids_(ids), vault_(vault), clock_(std::move(clock)) {}

  // What was recorded, a line each for the operator's log (one for all templates where they are many); empty where
  // nothing had changed. After a failure the same
  // call goes on where it ended.
  Result<std::vector<std::string>> publish(const provisioning::Renderer& renderer, const SettingsApplied& settings,
                                           const std::string& by = "system");

 private:
  struct Last {
    StreamVersion version{};
    std::string data;  // of the last event, as it is written
  };
  Result<bool> record(const StreamId& stream, const Event& event, const std::string& by);
  Result<Last> read_last(const StreamId& stream);
  Result<void> store_text(const std::string& text, bool seal, const std::string& sha256);
  Result<NewRecord> encoded(const Event& event, const std::string& by) const;

  EventLog& log_;
  IdSource& ids_;
  Vault& vault_;
  Clock clock_;
  std::mutex mutex_;
  std::map<StreamId, Last> last_;
};

}  // namespace strowger::history
