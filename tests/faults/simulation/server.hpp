// One incarnation of the server's core, from its start to its crash: the real entities, reactors, registrar and
// projections, put together as adapters/application does, but every thread of theirs is a queue that the simulation
// drives.
#pragma once

#include "actors/campaign/coordinator.hpp"
#include "actors/convergence/convergence_reactor.hpp"
#include "actors/convergence/evictions.hpp"
#include "actors/extension/deletion_reactor.hpp"
#include "actors/extension/extension.hpp"
#include "actors/reboot/reboot_reactor.hpp"
#include "actors/registrar/registrar.hpp"
#include "adapters/digest/nonces.hpp"
#include "adapters/http/provision/fetch_windows.hpp"
#include "events/projection_runner.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/extensions.hpp"
#include "tests/faults/simulation/disk.hpp"
#include "tests/faults/simulation/pending_log.hpp"
#include "tests/support/entity_kit.hpp"

namespace strowger::test::simulation {

// Time of the world, and the wall clock that somebody sets. The server's clock reads both.
class Time {
 public:
  Timestamp date() const { return floor(instant_) + ahead_.back().of; }
  Instant instant() const { return instant_; }
  Clock clock() const {
    return {[this] { return date(); }, [this] { return instant(); }};
  }
  void pass(std::chrono::milliseconds time) { instant_ += time; }
  void step(std::chrono::seconds by) { ahead_.push_back({instant_, ahead_.back().of + by}); }

  bool has_stepped() const { return ahead_.size() > 1; }

  // When the wall clock showed a date: by a step back it may have done so more than once.
  struct Shown {
    Instant first;
    Instant last;
  };
  Shown shown(Timestamp date) const;

 private:
  struct Ahead {
    Instant since;
    Timestamp::duration of;
  };
  static Timestamp floor(Instant instant) {
    return Timestamp(std::chrono::floor<std::chrono::microseconds>(instant.time_since_epoch()));
  }
  Instant instant_{std::chrono::hours(1'000)};
  std::vector<Ahead> ahead_{{{}, parse_iso8601("2026-01-08T19:40:00Z").value() - floor(instant_)}};
};

// The world's phones that are in a call. A kill of the server ends none.
struct Calls : reboot::BusyPhones {
  std::set<MacAddress> phones;
  bool in_call(const MacAddress& mac, const ExtensionNumber&) const override { return phones.contains(mac); }
};

convergence::Policy policy();

class Server : public reboot::PhoneNotifier {
 public:
  // `send` puts a NOTIFY on the wire; its answer comes back through answered().
  using Send = std::function<void(std::uint64_t transaction, const reboot::Notice& notice)>;
  Server(Disk& disk, Time& time, const Calls& calls, std::uint64_t seed, Send send);
  ~Server() override;
  Server(Server&&) = delete;

  // As a process that is killed.
  void crash(std::size_t durable);

  // PhoneNotifier, on behalf of the reboot reactor.
  void notify(reboot::Notice notice, std::function<void(reboot::NoticeOutcome)> done) override;
  // The SIP transaction layer: an answer that nobody waits for any more is dropped.
  void answered(std::uint64_t transaction, reboot::NoticeOutcome outcome);

  // What the SIP thread does with a REGISTER: authenticated against the extensions, then the registrar.
  void receive(registrar::RegisterRequest request, registrar::Registrar::Answer answer);
  // What an HTTP thread does when a phone asks for its file: what it is sent, if any. `recorded` is told whether that
  // is in the log, and not called where the process is killed before.
  struct File {
    std::string etag;
    ExtensionNumber extension;
    bool counted = false;  // with others that were the same, instead of being told
  };
  std::optional<File> serve_config(const MacAddress& mac, std::function<void(bool)> recorded);
  bool phone_present(const MacAddress& mac, const ExtensionNumber& extension) const;
  // Of the file that the device would be sent now.
  Result<std::string> etag(const DeviceDefinition& device) const;

  // Whether the digest of a phone is taken that has this nonce and counts its uses; one that is not is given another.
  bool authenticated(std::string& nonce, std::uint32_t& count);

  // Every second, on the SIP thread: timer F of the NOTIFYs, and expiries.
  void tick();

  bool at_rest() const;

  Disk& disk;
  Time& time;
  const Clock clock;
  const Calls& calls;
  IdSource ids;
  PendingLog log;
  ExtensionsProjection extension_rows;
  DevicesProjection device_rows;
  CampaignsProjection campaign_rows;
  std::unique_ptr<ProjectionRunner> runner;
  DeterministicSystem actors;
  actors::EntityWorld world;
  std::unique_ptr<actors::Entities<actors::Extension>> extensions;
  std::unique_ptr<actors::Entities<actors::Device>> devices;
  std::unique_ptr<actors::Entities<actors::Campaign>> campaigns;
  std::deque<std::function<void()>> sip_thread;
  digest::Nonces nonces;
  registrar::BindingTable bindings;
  std::unique_ptr<registrar::Registrar> registrar;
  std::unique_ptr<reboot::RebootReactor> reboots;
  std::unique_ptr<actors::DeletionReactor> deletions;
  std::unique_ptr<convergence::ConvergenceReactor> convergence;
  std::unique_ptr<convergence::Evictions> evictions;
  std::unique_ptr<campaign::Coordinator> coordinator;

  // Runs one actor's next message, of those that could run.
  void run_actor(std::size_t which);
  std::size_t runnable_actors() const { return actors.scheduler->jobs.size(); }

 private:
  struct Transaction {
    std::function<void(reboot::NoticeOutcome)> done;
    Instant gives_up;
  };
  http::provision::FetchWindows::Ticks ticks() const {
    return http::provision::FetchWindows::Ticks(time.instant().time_since_epoch());
  }
  void tell_repeats(const std::vector<http::provision::FetchWindows::Repeats>& closed);

  Send send_;
  http::provision::FetchWindows windows_{[this] { return ids.next(); }};
  std::map<std::uint64_t, Transaction> transactions_;
  std::uint64_t last_transaction_ = 0;
};

}  // namespace strowger::test::simulation
