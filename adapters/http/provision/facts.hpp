// What became of each request for a phone's file: into the event log (ConfigServed on device-activity/<mac>; what was
// refused goes there by way of sightings.hpp) and, of those served, as a line into the server's log. The first fetch
// since an enrolment was opened binds it to its source: DeviceEnrolled goes with it, in the same batch.
//
// The threads that serve phones only leave a note here. A thread of its own collects the notes of some milliseconds,
// makes events and lines of them, and has the events committed together: nobody waits for a fact, so many may share one
// sync of the disk. The notes that wait are bounded; beyond, they are dropped and counted.
//
// A phone that fetches the very same bytes again and again is one ConfigServedRepeated for each window of
// `FactsOptions::window` (fetch_windows.hpp); a fetch that a device waits for is an event of its own at once. Whether
// one waits is known when the projections have what was in the log at the time of the fetch; a fetch is told at once
// where they do not have it yet.
//
// Counts are exact, also across a kill: those of open windows are kept in the log's state, with each batch of notes,
// and become events at the next start. What a kill takes away is at most the notes of the last milliseconds and the
// batch before, whether they are told or counted. While the log cannot be written counts wait.
#pragma once

#include "actors/provisioning/vendor_catalog.hpp"
#include "adapters/http/provision/fetch_windows.hpp"
#include "adapters/http/provision/render_cache.hpp"
#include "adapters/http/sightings.hpp"
#include "adapters/http/token_mask.hpp"
#include "events/clock.hpp"
#include "events/event.hpp"
#include "events/log.hpp"
#include "events/projection_runner.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/requests.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace spdlog {
class logger;
}

namespace strowger::http::provision {

struct FactsOptions {
  std::function<std::chrono::seconds()> window{};  // asked for each fetch; zero, or none: each is an event
  // Outlives the Facts. None: the devices' projection is taken to have all that is in the log.
  ProjectionRunner* runner = nullptr;
  std::chrono::milliseconds retry{1'000};  // of counts that the log did not take
};

class Facts {
 public:
  // All outlive it.
  Facts(EventLog& log, IdSource& ids, Clock clock, spdlog::logger& logger, Sightings& sightings,
        const provisioning::VendorCatalog& catalog, const DevicesProjection& devices, TokenMask mask = TokenMask(),
        FactsOptions options = {});
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

  // Fetches that are counted, and not yet in the projections: of all devices, and of one.
  RequestCounts untold() const;
  struct Untold {
    std::uint64_t count = 0;
    Timestamp last_seen;
  };
  Untold untold(const MacAddress& mac) const;
  // Fetches that were counted instead of being told one by one, since the start.
  std::uint64_t repeated() const { return counts_->repeated.load(std::memory_order_relaxed); }

  std::uint64_t dropped() const { return counts_->dropped.load(std::memory_order_relaxed); }
  std::uint64_t failed() const { return counts_->failed.load(std::memory_order_relaxed); }

 private:
  // A note's texts lie one after the other in Notes::text.
  struct Note {
    RenderedFilePtr file;
    Timestamp time;
    Position position{};  // of the log's end then
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
    std::atomic<std::uint64_t> repeated{0};
  };
  using Repeats = FetchWindows::Repeats;
  struct Batch {
    std::vector<Fact> facts;
    std::vector<StateWrite> state;
    std::vector<Repeats> closed;  // among the facts
    std::size_t fetches = 0;      // that are facts
  };
  // The batch that the log has; the next is made meanwhile, and waits for it.
  struct Handed {
    std::mutex mutex;
    std::condition_variable done;
    bool under_way = false;
    bool closes = false;            // counts are in it
    std::vector<Repeats> returned;  // the log did not take them
    std::unordered_map<MacAddress, Untold> untold;
    std::uint64_t untold_fetches = 0;
    std::mutex runner_mutex;             // held while it is called; taken before `mutex`
    ProjectionRunner* runner = nullptr;  // none at the end

    void told(const std::vector<Repeats>& closed);
  };

  template <class Write>
  void leave(Write write);
  void run();
  bool collect(Notes& notes);
  void append(Notes& notes);
  bool matters(const Note& note, Position applied) const;
  bool is_repeated(const Note& note, const Notes& notes, Position applied, Batch& batch);
  void add(std::vector<Repeats> closed, Batch& batch);
  void add_changed(Batch& batch);
  void close_windows(FetchWindows::Ticks until);
  void restore();
  std::optional<Fact> enrolment_by(const Note& note, const Notes& notes, std::set<MacAddress>& known,
                                   const NewRecord& fetch);
  void hand_over(Batch batch);
  ConfigServed event_of(const Note& note, const Texts& texts) const;
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
  const FactsOptions options_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();  // completions may come after the end
  const std::shared_ptr<Handed> handed_ = std::make_shared<Handed>();

  std::mutex mutex_;
  std::condition_variable changed_;
  Notes waiting_;
  bool idle_ = false;  // the thread sleeps until there is something; only then does a note pay for a wake-up
  bool ended_ = false;

  // The thread's own.
  FetchWindows windows_;
  std::vector<Repeats> returned_;
  FetchWindows::Ticks retry_at_ = FetchWindows::Ticks::min();

  std::thread thread_;
};

}  // namespace strowger::http::provision
