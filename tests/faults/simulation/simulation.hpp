// The actor core against a hostile world, single-threaded and from a seed: administrators and phones ask, messages
// are dropped, doubled and come out of order, writes fail, projections lag, the wall clock is set forward and back by
// a second to a year, and the process is killed between any two steps and built again from its disk. Which step comes
// next is drawn from the seed, down to which actor runs next, so a seed is a run: the same one each time.
#pragma once

#include "tests/faults/simulation/checker.hpp"

#include <array>
#include <random>

namespace strowger::test::simulation {

// Draws. Not the standard distributions, which differ between libraries.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t next() { return random_(); }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool percent(std::size_t chance) { return below(100) < chance; }

 private:
  std::mt19937_64 random_;
};

class Simulation {
 public:
  // Whether the wall clock is set forward and back, by a second to a year, while the monotonic one goes on.
  enum class WallClock : std::uint8_t { runs_evenly, is_set };
  explicit Simulation(std::uint64_t seed, WallClock wall_clock = WallClock::runs_evenly);
  ~Simulation();
  // What was violated; the trace ends there.
  std::optional<std::string> run();
  const std::vector<std::string>& trace() const { return trace_; }
  const Disk& disk() const { return disk_; }

 private:
  // What an administrator wants: asked with one idempotency key until there is a final answer.
  struct Command {
    std::string what;
    std::string key;
    Uuid correlation;
    std::function<void(Server&, actors::AskMeta, actors::Reply)> carry_out;
    bool asked = false;  // in this incarnation, with no answer yet
    bool done = false;
  };

  struct Phone {
    MacAddress mac;
    ExtensionNumber extension;
    std::uint16_t port = 5060;
    std::uint32_t call = 1;
    std::uint32_t cseq = 0;
    std::string runs{};     // the file that it fetched last
    bool recorded = false;  // which is in the log
    std::string nonce{};    // of its digest, and how often it was used
    std::uint32_t uses = 0;
    std::size_t fetches = 0;
    // NOTIFYs it has answered: a retransmission is answered alike, and not obeyed again.
    std::map<std::pair<std::uint64_t, std::uint64_t>, reboot::NoticeOutcome> answered{};

    std::string contact() const { return "sip:" + mac.text() + "@192.0.2.1:" + std::to_string(port); }
  };

  // What administrators do.
  enum class Deed : std::uint8_t {
    create_extension,
    rename,
    delete_extension,
    register_device,
    change_device,
    unregister_device,
    reboot,
    start_campaign,
    steer_campaign
  };

  struct Packet {
    std::string what;
    std::function<void()> deliver;
    std::function<void()> lost{};
  };

  void note(std::string line) { trace_.push_back(std::move(line)); }
  void send(Packet packet) { wire_.push_back(std::move(packet)); }

  // Steps; false where there was nothing to do.
  bool step();
  bool run_actor();
  bool write();
  bool acknowledge();
  bool run_sip();
  bool project();
  bool react();
  bool converge();
  bool coordinate();
  bool delete_left_behind();
  bool evict();
  bool deliver();
  bool administer();
  bool phone_acts();
  bool wait();
  void pass_time(std::chrono::milliseconds time);
  void step_clock();
  void crash();
  void start();

  void new_command();
  Deed draw_deed();
  void fill(Command& command, Deed deed, const ExtensionNumber& extension, const MacAddress& mac);
  void ask(Command& command);
  void answer(Command& command, std::uint64_t incarnation, const Result<actors::Outcome>& outcome);
  void boot(Phone& phone);
  void fetch(Phone& phone, const std::function<void()>& then);
  void send_register(Phone& phone, std::uint32_t expires);
  void receive_notify(std::uint64_t incarnation, std::uint64_t transaction, const std::string& contact);

  // No more faults and nothing new, until every promise that was made can be checked.
  std::optional<std::string> settle();

  struct Action {
    bool (Simulation::*act)();
    std::size_t weight;
  };
  std::array<Action, 14> actions_{{{&Simulation::run_actor, 30},
                                   {&Simulation::write, 12},
                                   {&Simulation::acknowledge, 12},
                                   {&Simulation::run_sip, 8},
                                   {&Simulation::project, 8},
                                   {&Simulation::react, 6},
                                   {&Simulation::converge, 6},
                                   {&Simulation::coordinate, 3},
                                   {&Simulation::delete_left_behind, 4},
                                   {&Simulation::evict, 4},
                                   {&Simulation::deliver, 8},
                                   {&Simulation::administer, 5},
                                   {&Simulation::phone_acts, 4},
                                   {&Simulation::wait, 3}}};
  std::size_t total_weight_ = 0;

  Dice dice_;
  Disk disk_;
  Time time_;
  Instant catch_up_{};
  Calls calls_;
  Checker checker_{disk_, time_};
  std::uint64_t incarnation_ = 0;
  std::unique_ptr<Server> server_;
  std::vector<Packet> wire_;
  std::vector<std::unique_ptr<Command>> commands_;
  std::vector<Phone> phones_;
  std::vector<ExtensionNumber> extensions_;
  std::vector<Uuid> campaigns_;
  std::vector<std::string> trace_;
  const WallClock wall_clock_;
  Dice clock_dice_;               // of its own: the other draws are as without steps
  std::chrono::seconds wrong_{};  // that the clock is ahead by, and is put right again
  std::size_t crashes_left_ = 3;
  std::uint64_t house_ = 0;  // draws what administrators do
  bool furnished_ = false;   // it begins with extensions, devices and phones that are there
  bool calm_ = false;
};

}  // namespace strowger::test::simulation
