// A site on real sockets: the SIP server, the device entities and the reactors of the closed loop, each on threads of
// its own, and phones that register over UDP and answer NOTIFYs as each is told to. Only the files are not fetched by
// HTTP: a phone that fetches appends the fact that the server would.
#pragma once

#include "actors/campaign/coordinator.hpp"
#include "actors/convergence/convergence_reactor.hpp"
#include "actors/convergence/evictions.hpp"
#include "actors/reboot/reboot_reactor.hpp"
#include "tests/support/sip/phone.hpp"
#include "tests/support/sip/server_fixture.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <caf/all.hpp>

namespace strowger::test {

// obeys: answers 200, fetches and registers again · deaf: answers 200 · challenges: first wants credentials, then obeys
// · refuses: answers 481 · vanished: does not answer.
enum class Habit : std::uint8_t { obeys, deaf, challenges, refuses, vanished };

class LoopSite {
 public:
  explicit LoopSite(sip::ServerOptions options = SipServer::default_options());
  ~LoopSite();

  struct Desk {
    MacAddress mac;
    ExtensionNumber extension;
    std::atomic<Habit> habit = Habit::obeys;
    std::unique_ptr<Phone> phone;
    // How its REGISTER says who it is: parameters of its Contact, and more header lines.
    std::string contact_parameters{}, headers{};
    std::atomic<std::size_t> told = 0;  // NOTIFYs that it answered or ought to
    std::set<std::string> call_ids{};   // of them: a retransmission is none
  };
  // A device with a registered phone that runs the present configuration.
  Desk& add(std::size_t number, Habit habit = Habit::obeys, bool registers_again = true);
  // The phone's socket is closed, and it registers from another one, at `ip` (any of 127.0.0.0/8).
  void moves(Desk& desk, const std::string& ip = "127.0.0.1");
  void registers(Desk& desk, const std::string& expires = "3600");
  void rename(const Desk& desk, const std::string& name);
  // The device gets another extension, by a command; its phone has that when it has fetched. Whether it is told at
  // once.
  bool give(const Desk& desk, const std::string& extension, bool phone_present);
  void disable(const ExtensionNumber& extension);
  void remove(const ExtensionNumber& extension);
  void start_evictions();
  void stop_evictions() { evictions_.reset(); }
  void change_template();
  void fetch(const Desk& desk);
  // Sets the clock forward after the reactor has followed the whole log. The reactor takes an event for at most a
  // minute old: one that it follows after the step would have a later deadline.
  void pass(std::chrono::seconds time);

  // From now on phones answer; registering and moving is done before or in between (phones of the caller's thread).
  void answer_notifies();
  void stop_answering();

  template <class T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (const auto& record : server.log->records())
      if (record.type == T::type) out.push_back(std::get<T>(decode(record).value().event));
    return out;
  }

  convergence::Policy policy;  // before start()
  void start();
  SipServer server;
  std::vector<std::unique_ptr<Desk>> desks;
  std::atomic<std::size_t> converged = 0;  // DeviceConverged that there are

 private:
  void append(const StreamId& stream, const Event& event);
  std::string etag(const MacAddress& mac) const;
  void run(const std::stop_token& stop);
  void receive(Desk& desk);
  void apply(const Envelope& envelope);
  void when_applied(Position position, std::function<void()> done);

  struct Config : caf::actor_system_config {
    Config();
  };
  Config config_;
  caf::actor_system system_{config_};
  actors::EntityWorld world_;
  actors::Entities<actors::Device> devices_;
  actors::Entities<actors::Campaign> campaigns_;
  DevicesProjection device_rows_;
  ExtensionsProjection extension_rows_;
  CampaignsProjection campaign_rows_;
  mutable std::mutex mutex_;  // of the four below
  Position applied_{};
  std::vector<std::pair<Position, std::function<void()>>> waiting_;
  std::map<MacAddress, std::string> names_;
  std::map<MacAddress, std::string> given_;  // extensions
  int template_ = 1;
  bool again_ = true;
  reboot::NoCalls calls_;
  std::unique_ptr<actors::LogFollower> projector_;
  std::unique_ptr<reboot::RebootReactor> reboots_;
  std::unique_ptr<convergence::ConvergenceReactor> convergence_;
  std::unique_ptr<convergence::Evictions> evictions_;
  std::jthread phones_;
};

}  // namespace strowger::test
