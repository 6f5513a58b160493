// What became of each request for a phone's file: into the event log (ConfigServed on the device's stream; what was
// refused goes there by way of sightings.hpp) and, of those served, as a line into the server's log. The first fetch
// since an enrolment was opened binds it to its source: DeviceEnrolled goes with it, in the same batch.
//
// The threads that serve phones only leave a note here. A thread of its own collects the notes of some milliseconds,
// makes events and lines of them, and has the events committed together: nobody waits for a fact, so many may share one
// sync of the disk. What a kill takes away is at most the notes of that time and the batch before. The notes that wait
// are bounded; beyond, they are dropped and counted.
#pragma once

#include "actors/provisioning/vendor_catalog.hpp"
#include "adapters/http/provision/render_cache.hpp"
#include "adapters/http/sightings.hpp"
#include "adapters/http/token_mask.hpp"
#include "events/clock.hpp"
#include "events/event.hpp"
#include "events/log.hpp"
#include "events/projections/devices.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace spdlog {
class logger;
}

namespace strowger::http::provision {

class Facts {
 public:
  // All outlive it.
  Facts(EventLog& log, IdSource& ids, Clock clock, spdlog::logger& logger, Sightings& sightings,
        const provisioning::VendorCatalog& catalog, const DevicesProjection& devices, TokenMask mask = TokenMask());
  ~Facts();  // hands over what waits
  Facts(const Facts&) = delete;
  Facts& operator=(const Facts&) = delete;

  struct Served {
    const RenderedFilePtr& file;
    std::uint16_t status = 200;
    bool fetched = true;  // not by HEAD, which is no fetch: it is a line, and no event
    std::string_view path;
    std::string_view peer;
    std::string_view user_agent;
    // Of the reboot that the phone was told to do; nil where none waits.
    Uuid correlation;
    Uuid causation;
    std::string_view tls_identity{};
  };
  // Any thread; never blocks for long.
  void served(const Served& note);
  void refused(ConfigRefused event);

  // While one is held, the log gets no facts from here: they wait as notes do, within the same bounds. For a decision
  // on many devices at once, whose streams' versions the facts of a large fleet would move for ever. Hold it for the
  // time of one append. Any thread; it may outlive the Facts.
  class Pause;
  Pause pause() const;

  std::uint64_t dropped() const { return counts_->dropped.load(std::memory_order_relaxed); }
  std::uint64_t failed() const { return counts_->failed.load(std::memory_order_relaxed); }

 private:
  // A note's texts lie one after the other in Notes::text.
  struct Note {
    RenderedFilePtr file;
    Timestamp time;
    Uuid correlation;
    Uuid causation;
    std::uint32_t text = 0;
    std::uint16_t path = 0;
    std::uint16_t peer = 0;
    std::uint16_t user_agent = 0;
    std::uint16_t tls_identity = 0;
    std::uint16_t status = 0;
    bool fetched = true;
  };
  struct Notes {
    std::vector<Note> served;
    std::string text;

    std::size_t size() const { return served.size(); }
    bool has_room() const;
    void clear();
  };
  struct Texts {
    std::string_view path;
    std::string_view peer;
    std::string_view user_agent;
    std::string_view tls_identity;
  };
  struct Counts {
    std::atomic<std::uint64_t> dropped{0};  // too many waited
    std::atomic<std::uint64_t> failed{0};   // the log was not writable
  };
  // The batch that the log has; the next is made meanwhile, and waits for it.
  struct Handed {
    std::mutex mutex;
    std::condition_variable done;
    bool under_way = false;
    unsigned pauses = 0;
    bool ended = false;  // nothing is held back any more
  };

  template <class Write>
  void leave(Write write);
  void run();
  bool collect(Notes& notes);
  void append(Notes& notes);
  std::optional<Fact> enrolment_by(const Note& note, const Notes& notes, std::set<MacAddress>& known,
                                   const NewRecord& fetch);
  void hand_over(std::vector<Fact> facts);
  void log_served(const Notes& notes);
  const Recorded& words_for(const Note& note, const Notes& notes);
  RequestLog::Line line_of(const Note& note, const Texts& texts);
  static Texts texts_of(const Note& note, std::string_view text);

  EventLog& log_;
  IdSource& ids_;
  const Clock clock_;
  spdlog::logger& logger_;
  Sightings& sightings_;
  const provisioning::VendorCatalog& catalog_;
  const DevicesProjection& devices_;
  const TokenMask mask_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();  // completions may come after the end
  const std::shared_ptr<Handed> handed_ = std::make_shared<Handed>();

  std::mutex mutex_;
  std::condition_variable changed_;
  Notes waiting_;
  bool idle_ = false;  // the thread sleeps until there is something; only then does a note pay for a wake-up
  bool ended_ = false;

  std::thread thread_;
};

class Facts::Pause {
 public:
  explicit Pause(std::shared_ptr<Handed> handed);
  ~Pause();
  Pause(Pause&&) = default;
  Pause& operator=(Pause&&) = delete;

 private:
  std::shared_ptr<Handed> handed_;
};

}  // namespace strowger::http::provision
