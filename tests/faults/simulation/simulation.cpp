#include "tests/faults/simulation/simulation.hpp"

#include <array>

namespace strowger::test::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t steps = 1'000;
constexpr std::size_t most_commands = 16;
// Settling is a few hundred steps; more than this is a livelock.
constexpr std::size_t settling_steps = 50'000;

bool may_be_repeated(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded;
}

// Three phones at one site, and one at another.
std::string site_of(const MacAddress& mac) {
  return mac.bits() % 4 == 0 ? "south" : "north";
}

}  // namespace

// What an administrator wants: asked with one idempotency key until there is a final answer.
struct Simulation::Command {
  std::string what;
  std::string key;
  Uuid correlation;
  std::function<void(Server&, actors::AskMeta, actors::Reply)> carry_out;
  bool asked = false;  // in this incarnation, with no answer yet
  bool done = false;
};

struct Simulation::Phone {
  MacAddress mac;
  ExtensionNumber extension;
  std::uint16_t port = 5060;
  std::uint32_t call = 1;
  std::uint32_t cseq = 0;
  // NOTIFYs it has answered: a retransmission is answered alike, and not obeyed again.
  std::map<std::pair<std::uint64_t, std::uint64_t>, reboot::NoticeOutcome> answered{};

  std::string contact() const { return "sip:" + mac.text() + "@192.0.2.1:" + std::to_string(port); }
};

Simulation::Simulation(std::uint64_t seed) : dice_(seed) {
  for (const auto* number : {"1001", "1002", "1003"}) extensions_.push_back(*ExtensionNumber::parse(number));
  for (std::uint64_t i = 0; i < 4; ++i)
    phones_.push_back({MacAddress::from_bits(0x001565000001 + i), extensions_[i % extensions_.size()]});
  // Each seed has a world of its own: here projections crawl, there the disk does.
  constexpr std::array<std::size_t, 3> speeds{1, 4, 16};
  for (auto& action : actions_) {
    action.weight *= speeds[dice_.below(speeds.size())];
    total_weight_ += action.weight;
  }
}

Simulation::~Simulation() {
  ++incarnation_;  // what it still says on its way out is heard by nobody
  server_.reset();
}

std::optional<std::string> Simulation::run() {
  start();
  for (std::size_t i = 0; i < steps; ++i) {
    step();
    checker_.records();
    if (checker_.violation()) return checker_.violation();
  }
  if (auto violation = settle()) return violation;
  crash();  // what is at rest must be so after a start, too
  return settle();
}

// One step of something that has something to do.
bool Simulation::step() {
  if (crashes_left_ > 0 && dice_.below(250) == 0) {
    --crashes_left_;
    crash();
    return true;
  }
  for (std::size_t tries = 0; tries < 50; ++tries) {
    auto die = dice_.below(total_weight_);
    for (const auto& action : actions_) {
      if (die < action.weight) {
        if ((this->*action.act)()) return true;
        break;
      }
      die -= action.weight;
    }
  }
  return false;
}

bool Simulation::run_actor() {
  const auto runnable = server_->runnable_actors();
  if (runnable == 0) return false;
  const auto which = dice_.below(runnable);
  note("actor " + std::to_string(which) + " of " + std::to_string(runnable) + " runs");
  server_->run_actor(which);
  return true;
}

bool Simulation::write() {
  if (server_->log.queued() == 0) return false;
  const auto requests = 1 + dice_.below(server_->log.queued());
  const bool fails = !calm_ && dice_.percent(4);
  note(std::string(fails ? "the log fails to write " : "the log writes ") + std::to_string(requests));
  server_->log.write(requests, fails);
  return true;
}

bool Simulation::acknowledge() {
  if (server_->log.unacknowledged() == 0) return false;
  note("the log acknowledges");
  server_->log.acknowledge();
  return true;
}

bool Simulation::run_sip() {
  auto& tasks = server_->sip_thread;
  if (tasks.empty()) return false;
  note("the SIP thread runs a task");
  const auto task = std::move(tasks.front());
  tasks.pop_front();
  task();
  return true;
}

bool Simulation::project() {
  disk_.store.failing = !calm_ && dice_.percent(10);
  const auto done = server_->runner->step();
  if (done == Step::more) note("the projections apply a batch");
  return done == Step::more;
}

bool Simulation::react() {
  const auto done = server_->reboots->step(1 + dice_.below(3));
  if (done == Step::more) note("the reboot reactor follows");
  return done == Step::more;
}

bool Simulation::converge() {
  const auto before = server_->runnable_actors();
  const auto done = server_->convergence->step(1 + dice_.below(3));
  if (done == Step::more) note("the convergence reactor follows");
  return done == Step::more || server_->runnable_actors() != before;
}

bool Simulation::coordinate() {
  const auto done = server_->coordinator->step();
  if (done == Step::more) note("the campaigns' coordinator goes round");
  return done == Step::more;
}

bool Simulation::delete_left_behind() {
  const auto done = server_->deletions->step(1 + dice_.below(3));
  if (done == Step::more) note("the deletion reactor follows");
  return done == Step::more;
}

bool Simulation::deliver() {
  if (wire_.empty()) return false;
  const auto which = dice_.below(wire_.size());
  const Packet packet = wire_[which];
  const bool doubled = !calm_ && dice_.percent(15);
  const bool dropped = !calm_ && !doubled && dice_.percent(15);
  if (!doubled) wire_.erase(wire_.begin() + static_cast<std::ptrdiff_t>(which));
  note((dropped ? "lost: " : doubled ? "delivered, and once more to come: " : "delivered: ") + packet.what);
  if (!dropped) packet.deliver();
  return true;
}

bool Simulation::administer() {
  std::vector<Command*> open;
  for (const auto& command : commands_)
    if (!command->done && !command->asked) open.push_back(command.get());
  if (!open.empty() && (calm_ || dice_.percent(50))) {
    ask(*open[dice_.below(open.size())]);
    return true;
  }
  if (calm_ || commands_.size() >= most_commands) return false;
  new_command();
  ask(*commands_.back());
  return true;
}

void Simulation::new_command() {
  auto command = std::make_unique<Command>();
  command->key = "command-" + std::to_string(commands_.size());
  command->correlation.bytes[0] = 0xff;
  command->correlation.bytes[15] = static_cast<std::uint8_t>(commands_.size() + 1);
  const auto extension = extensions_[dice_.below(extensions_.size())];
  const auto mac = phones_[dice_.below(phones_.size())].mac;
  const auto serial = std::to_string(commands_.size());
  const auto on_extension = [&](std::string what, actors::Extension::Command wanted) {
    command->what = command->key + ": " + std::move(what) + " extension " + extension.text();
    command->carry_out = [extension, wanted](Server& server, actors::AskMeta meta, actors::Reply reply) {
      server.extensions->ask(extension.text(), wanted, std::move(meta), std::move(reply));
    };
  };
  const auto on_device = [&](std::string what, actors::Device::Command wanted) {
    command->what = command->key + ": " + std::move(what) + " device " + mac.text();
    command->carry_out = [mac, wanted](Server& server, actors::AskMeta meta, actors::Reply reply) {
      auto now = wanted;
      // As the HTTP routes do.
      if (auto* device = std::get_if<actors::RegisterDevice>(&now)) {
        device->phone_present = server.phone_present(mac, device->extension);
        if (const auto file = server.etag({mac, device->extension, device->vendor, device->model}))
          device->etag = *file;
      }
      if (auto* reboot = std::get_if<actors::RequestReboot>(&now)) {
        const auto row = server.device_rows.find(mac);
        if (const auto file = row ? server.etag(*row->definition) : not_found("device_not_found", "no such device"))
          reboot->etag = *file;
      }
      server.devices->ask(mac.text(), now, std::move(meta), std::move(reply));
    };
  };
  const auto on_campaign = [&](std::string what, const Uuid& id, actors::Campaign::Command wanted) {
    command->what = command->key + ": " + std::move(what) + " campaign " + id.text();
    command->carry_out = [id, wanted](Server& server, actors::AskMeta meta, actors::Reply reply) {
      server.campaigns->ask(id.text(), wanted, std::move(meta), std::move(reply));
    };
  };
  const auto die = dice_.below(100);
  // The first few make something to work on.
  if (commands_.size() < 3 || die < 15) {
    command->what = command->key + ": create extension " + extension.text();
    command->carry_out = [extension, serial](Server& server, actors::AskMeta meta, actors::Reply reply) {
      // A data key for each try, as the HTTP route does; refused, it goes.
      auto secret = server.disk.vault.seal(serial).value();
      server.extensions->ask(
          extension.text(), actors::CreateExtension{extension, "Ann " + serial, "", true, secret}, std::move(meta),
          [&vault = server.disk.vault, secret, reply = std::move(reply)](Result<actors::Outcome> outcome) {
            if (outcome ? outcome->repeated : !may_be_repeated(outcome.error())) static_cast<void>(vault.shred(secret));
            reply(std::move(outcome));
          });
    };
  } else if (die < 25) {
    on_extension("rename", actors::ChangeExtension{"Bob " + serial, {}, {}, {}});
  } else if (die < 35) {
    on_extension("delete", actors::DeleteExtension{});
  } else if (die < 70) {
    on_device("register", actors::RegisterDevice{mac, extension, "yealink", "t46s", false, {}, site_of(mac)});
  } else if (die < 80) {
    on_device("change", actors::ChangeDevice{extension, {}, "t48s"});
  } else if (die < 85) {
    on_device("unregister", actors::UnregisterDevice{});
  } else if (die < 91) {
    on_device("reboot", actors::RequestReboot{});
  } else if (die < 97 || campaigns_.empty()) {
    actors::StartCampaign start;
    start.campaign.bytes[0] = 0xfe;
    start.campaign.bytes[15] = static_cast<std::uint8_t>(campaigns_.size() + 1);
    start.only_stale = dice_.percent(30);
    start.pace = {static_cast<std::uint32_t>(1 + dice_.below(3)), 1, static_cast<std::uint32_t>(dice_.below(3)), {}, 0};
    for (const auto& phone : phones_) start.devices.push_back(phone.mac);
    campaigns_.push_back(start.campaign);
    on_campaign("start", start.campaign, start);
  } else {
    const auto id = campaigns_[dice_.below(campaigns_.size())];
    switch (dice_.below(3)) {
      case 0:
        on_campaign("pause", id, actors::PauseCampaign{});
        break;
      case 1:
        on_campaign("resume", id, actors::ResumeCampaign{});
        break;
      default:
        on_campaign("cancel", id, actors::CancelCampaign{});
    }
  }
  commands_.push_back(std::move(command));
}

void Simulation::ask(Command& command) {
  note("asked: " + command.what);
  command.asked = true;
  command.carry_out(*server_, {{"admin:sim", command.correlation, {}}, {}, command.key},
                    [this, &command, incarnation = incarnation_](const Result<actors::Outcome>& outcome) {
                      answer(command, incarnation, outcome);
                    });
}

void Simulation::answer(Command& command, std::uint64_t incarnation, const Result<actors::Outcome>& outcome) {
  if (incarnation != incarnation_) return;  // said by a dying process to nobody
  command.asked = false;
  if (!calm_ && dice_.percent(15)) {
    note("answer lost: " + command.what);
    return;
  }
  if (outcome) {
    note("acknowledged: " + command.what + (outcome->repeated ? " (repeated)" : ""));
    checker_.acknowledged(command.what, command.correlation, outcome->events.size(), outcome->repeated);
    command.done = true;
  } else if (may_be_repeated(outcome.error())) {
    note("answered " + outcome.error().code + ": " + command.what);
  } else {
    note("refused " + outcome.error().code + ": " + command.what);
    checker_.refused(command.what, command.correlation, outcome.error());
    command.done = true;
  }
}

bool Simulation::phone_acts() {
  if (calm_) return false;
  auto& phone = phones_[dice_.below(phones_.size())];
  if (dice_.percent(25)) {
    const bool begins = calls_.phones.insert(phone.mac).second;
    if (!begins) calls_.phones.erase(phone.mac);
    note("phone " + phone.mac.text() + (begins ? " is in a call" : " has hung up"));
    return true;
  }
  const auto die = dice_.below(100);
  if (die < 10) {  // restarted by hand: another Call-ID, perhaps another address
    calls_.phones.erase(phone.mac);
    ++phone.call;
    phone.cseq = 0;
    phone.port = static_cast<std::uint16_t>(5060 + dice_.below(3));
  }
  if (die < 75)
    send_register(phone, static_cast<std::uint32_t>(dice_.percent(50) ? 60 + dice_.below(120) : 3'600));
  else if (die < 85)
    send_register(phone, 0);
  else
    send({"GET from " + phone.mac.text(), [this, mac = phone.mac] { server_->serve_config(mac); }});
  return true;
}

void Simulation::send_register(Phone& phone, std::uint32_t expires) {
  registrar::RegisterRequest request;
  request.extension = phone.extension;
  request.contacts = {{phone.contact(), "urn:mac:" + phone.mac.text(), 0, 1000, expires, phone.mac}};
  request.call_id = phone.mac.text() + "-" + std::to_string(phone.call);
  request.cseq = ++phone.cseq;
  request.ip = "192.0.2.1";
  request.port = phone.port;
  request.transport = "udp";
  send({"REGISTER " + request.call_id + " " + std::to_string(request.cseq) + " for " + std::to_string(expires) + " s",
        [this, request, met = std::make_shared<std::set<std::uint64_t>>()] {
          server_->sip_thread.emplace_back([this, request, met]() mutable {
            request.repeated = !met->insert(incarnation_).second;
            server_->receive(request, [this, extension = request.extension](const registrar::RegisterAnswer& answer) {
              note("REGISTER answered " + std::to_string(answer.status));
              if (answer.status == 200) checker_.registered(extension, answer.bindings);
            });
          });
        }});
}

void Simulation::receive_notify(std::uint64_t incarnation, std::uint64_t transaction, const std::string& contact) {
  const auto found =
      std::find_if(phones_.begin(), phones_.end(), [&](const Phone& p) { return p.contact() == contact; });
  if (found == phones_.end()) return;  // it has moved on
  auto& phone = *found;
  const auto known = phone.answered.find({incarnation, transaction});
  const bool obeys = known == phone.answered.end() && (calm_ || dice_.percent(75));
  const auto outcome = known != phone.answered.end() ? known->second
                       : obeys                       ? reboot::NoticeOutcome{200, "OK", false}
                                                     : reboot::NoticeOutcome{489, "Bad Event", false};
  phone.answered[{incarnation, transaction}] = outcome;
  send({"answer " + std::to_string(outcome.status) + " of " + phone.mac.text(),
        [this, incarnation, transaction, outcome] {
          if (incarnation != incarnation_) return;
          server_->sip_thread.emplace_back([this, transaction, outcome] { server_->answered(transaction, outcome); });
        }});
  if (!obeys) return;
  checker_.phone_accepted(phone.mac);
  note("phone " + phone.mac.text() + " reboots");
  calls_.phones.erase(phone.mac);
  ++phone.call;
  phone.cseq = 0;
  send({"GET from " + phone.mac.text(), [this, mac = phone.mac] { server_->serve_config(mac); }});
  send_register(phone, dice_.percent(50) ? 120 : 3'600);
}

bool Simulation::wait() {
  pass_time(std::chrono::milliseconds(dice_.below(8'000)));
  return true;
}

void Simulation::pass_time(std::chrono::milliseconds time) {
  note(std::to_string(time.count()) + " ms pass");
  time_.now += time;
  server_->actors.scheduler->advance_time(time);
  server_->sip_thread.emplace_back([this] { server_->tick(); });
}

void Simulation::crash() {
  checker_.projections(*server_);
  const auto durable = dice_.below(server_->log.queued() + 1);
  note("the process is killed; " + std::to_string(durable) + " of " + std::to_string(server_->log.queued()) +
       " queued appends are on the disk");
  ++incarnation_;  // whatever the dying one still says is heard by nobody
  server_->crash(durable);
  server_.reset();
  for (const auto& command : commands_) command->asked = false;
  start();
}

void Simulation::start() {
  ++incarnation_;
  note("the server starts");
  disk_.store.failing = false;
  checker_.started();
  server_ = std::make_unique<Server>(
      disk_, time_, calls_, dice_.next(),
      [this, incarnation = incarnation_](std::uint64_t transaction, const reboot::Notice& notice) {
        if (incarnation != incarnation_) return;
        note("NOTIFY " + std::to_string(transaction) + " to " + notice.binding->contact);
        const auto mac = notice.binding->mac.value();
        checker_.told(mac, notice.binding->contact, calls_.phones.contains(mac));
        send({"NOTIFY " + std::to_string(transaction) + " to " + notice.binding->contact,
              [this, incarnation, transaction, contact = notice.binding->contact] {
                receive_notify(incarnation, transaction, contact);
              }});
      });
}

std::optional<std::string> Simulation::settle() {
  calm_ = true;
  calls_.phones.clear();
  std::size_t quiet = 0;
  for (std::size_t i = 0; i < settling_steps; ++i) {
    const bool done = run_actor() || write() || acknowledge() || run_sip() || project() || react() || converge() ||
                      coordinate() || delete_left_behind() || deliver() || administer();
    checker_.records();
    if (checker_.violation()) return checker_.violation();
    if (done) continue;
    // A few rounds of time: for timer F, retries and expiries.
    if (server_->at_rest() && checker_.campaigns_at_rest(*server_) && ++quiet > 10) {
      checker_.at_rest(*server_);
      calm_ = false;
      return checker_.violation();
    }
    pass_time(7s);
  }
  return "it does not come to rest: queued " + std::to_string(server_->log.queued()) + ", SIP tasks " +
         std::to_string(server_->sip_thread.size()) + ", REGISTERs " + std::to_string(server_->registrar->pending()) +
         ", reboots under way " + std::to_string(server_->reboots->under_way()) +
         (server_->convergence->at_rest() ? "" : ", devices that have not converged") +
         (checker_.campaigns_at_rest(*server_) ? "" : ", campaigns");
}

}  // namespace strowger::test::simulation
