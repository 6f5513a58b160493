// Of Simulation: what administrators ask for, and what they are answered.
#include "tests/faults/simulation/simulation.hpp"

#include <array>
#include <numeric>

namespace strowger::test::simulation {
namespace {

constexpr std::size_t most_commands = 24;

bool may_be_repeated(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded;
}

// Three phones at one site, and one at another.
std::string site_of(const MacAddress& mac) {
  return mac.bits() % 4 == 0 ? "south" : "north";
}

using Mix = std::array<std::size_t, 9>;
// What administrators do, by weight: houses in which all comes and goes, in which little things change, and in which
// campaigns are run.
constexpr std::array<Mix, 3> mixes{
    {{15, 10, 10, 35, 10, 5, 6, 6, 3}, {4, 30, 2, 10, 25, 3, 10, 10, 6}, {3, 14, 1, 8, 10, 2, 8, 36, 18}}};

}  // namespace

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
  const auto number = commands_.size();
  command->key = "command-" + std::to_string(number);
  command->correlation.bytes[0] = 0xff;
  command->correlation.bytes[15] = static_cast<std::uint8_t>(number + 1);
  auto deed = draw_deed();
  auto extension = extensions_[dice_.below(extensions_.size())];
  auto mac = phones_[dice_.below(phones_.size())].mac;
  // The first few make something to work on.
  const auto extensions = furnished_ ? extensions_.size() : 3;
  if (number < extensions) {
    deed = Deed::create_extension;
    if (furnished_) extension = extensions_[number];
  } else if (furnished_ && number < extensions + phones_.size()) {
    deed = Deed::register_device;
    mac = phones_[number - extensions].mac;
    extension = phones_[number - extensions].extension;
  }
  fill(*command, deed, extension, mac);
  commands_.push_back(std::move(command));
}

auto Simulation::draw_deed() -> Deed {
  const auto& mix = mixes.at(house_ % mixes.size());
  auto die = dice_.below(std::accumulate(mix.begin(), mix.end(), std::size_t{0}));
  std::size_t deed = 0;
  while (die >= mix.at(deed)) die -= mix.at(deed++);
  if (campaigns_.empty() && static_cast<Deed>(deed) == Deed::steer_campaign) return Deed::start_campaign;
  return static_cast<Deed>(deed);
}

void Simulation::fill(Command& command, Deed deed, const ExtensionNumber& extension, const MacAddress& mac) {
  const auto serial = std::to_string(commands_.size());
  const auto on_extension = [&](const std::string& what, actors::Extension::Command wanted) {
    command.what = command.key + ": " + what + " extension " + extension.text();
    command.carry_out = [extension, wanted](Server& server, actors::AskMeta meta, actors::Reply reply) {
      server.extensions->ask(extension.text(), wanted, std::move(meta), std::move(reply));
    };
  };
  const auto on_device = [&](const std::string& what, actors::Device::Command wanted) {
    command.what = command.key + ": " + what + " device " + mac.text();
    command.carry_out = [mac, wanted](Server& server, actors::AskMeta meta, actors::Reply reply) {
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
  const auto on_campaign = [&](const std::string& what, const Uuid& id, actors::Campaign::Command wanted) {
    command.what = command.key + ": " + what + " campaign " + id.text();
    command.carry_out = [id, wanted](Server& server, actors::AskMeta meta, actors::Reply reply) {
      server.campaigns->ask(id.text(), wanted, std::move(meta), std::move(reply));
    };
  };
  switch (deed) {
    case Deed::create_extension:
      command.what = command.key + ": create extension " + extension.text();
      command.carry_out = [extension, serial](Server& server, actors::AskMeta meta, actors::Reply reply) {
        // A data key for each try, as the HTTP route does; refused, it goes.
        auto secret = server.disk.vault.seal(serial).value();
        server.extensions->ask(
            extension.text(), actors::CreateExtension{extension, "Ann " + serial, "", true, secret}, std::move(meta),
            [&vault = server.disk.vault, secret, reply = std::move(reply)](Result<actors::Outcome> outcome) {
              if (outcome ? outcome->repeated : !may_be_repeated(outcome.error()))
                static_cast<void>(vault.shred(secret));
              reply(std::move(outcome));
            });
      };
      return;
    case Deed::rename:
      // Also back to what it was.
      return on_extension("rename", actors::ChangeExtension{"Bob " + std::to_string(dice_.below(3)), {}, {}, {}});
    case Deed::delete_extension:
      return on_extension("delete", actors::DeleteExtension{});
    case Deed::register_device:
      return on_device("register", actors::RegisterDevice{mac, extension, "yealink", "t46s", false, {}, site_of(mac)});
    case Deed::change_device:
      if (dice_.percent(50)) return on_device("move", actors::ChangeDevice{extension, {}, {}});
      return on_device("change", actors::ChangeDevice{{}, {}, dice_.percent(50) ? "t48s" : "t46s"});
    case Deed::unregister_device:
      return on_device("unregister", actors::UnregisterDevice{});
    case Deed::reboot:
      return on_device("reboot", actors::RequestReboot{});
    case Deed::start_campaign: {
      actors::StartCampaign start;
      start.campaign.bytes[0] = 0xfe;
      start.campaign.bytes[15] = static_cast<std::uint8_t>(campaigns_.size() + 1);
      start.only_stale = dice_.percent(30);
      start.pace = {
          static_cast<std::uint32_t>(1 + dice_.below(3)), 1, static_cast<std::uint32_t>(dice_.below(3)), {}, 0};
      for (const auto& phone : phones_) start.devices.push_back(phone.mac);
      campaigns_.push_back(start.campaign);
      return on_campaign("start", start.campaign, start);
    }
    case Deed::steer_campaign: {
      const auto id = campaigns_[dice_.below(campaigns_.size())];
      const auto die = dice_.below(100);
      if (die < 40) return on_campaign("pause", id, actors::PauseCampaign{});
      if (die < 80) return on_campaign("resume", id, actors::ResumeCampaign{});
      return on_campaign("cancel", id, actors::CancelCampaign{});
    }
  }
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

}  // namespace strowger::test::simulation
