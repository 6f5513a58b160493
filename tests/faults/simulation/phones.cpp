// Of Simulation: the phones, and what of their words gets through.
#include "tests/faults/simulation/simulation.hpp"

namespace strowger::test::simulation {

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
  if (die < 10) {  // switched off and on by hand: perhaps another address
    phone.port = static_cast<std::uint16_t>(5060 + dice_.below(3));
    boot(phone);
  } else if (die < 75) {
    send_register(phone, static_cast<std::uint32_t>(dice_.percent(50) ? 60 + dice_.below(120) : 3'600));
  } else if (die < 80) {
    send_register(phone, 0);
  } else {
    fetch(phone, [] {});
  }
  return true;
}

// It fetches its file, and registers as that says; where it gets none, as it did before.
void Simulation::boot(Phone& phone) {
  calls_.phones.erase(phone.mac);
  ++phone.call;
  phone.cseq = 0;
  fetch(phone, [this, &phone] { send_register(phone, dice_.percent(50) ? 120 : 3'600); });
}

void Simulation::fetch(Phone& phone, const std::function<void()>& then) {
  const auto arrives = [this, &phone, then] {
    const auto serial = ++phone.fetches;
    const auto file = server_->serve_config(phone.mac, [&phone, serial](bool recorded) {
      if (phone.fetches == serial) phone.recorded = recorded;
    });
    // One that is only counted tells nothing that the one before did not.
    if (file && file->counted)
      --phone.fetches;
    else
      phone.recorded = false;
    if (file) {
      phone.runs = file->etag;
      phone.extension = file->extension;
    }
    then();
  };
  send({"GET from " + phone.mac.text(), arrives, then});
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
        [this, &phone, request, met = std::make_shared<std::set<std::uint64_t>>()] {
          server_->sip_thread.emplace_back([this, &phone, request, met]() mutable {
            // Where its nonce is too old it uses the one that it is given at once, which must be taken.
            if (!server_->authenticated(phone.nonce, phone.uses) && !server_->authenticated(phone.nonce, phone.uses))
              checker_.kept_out(phone.mac);
            request.repeated = !met->insert(incarnation_).second;
            server_->receive(request, [this, extension = request.extension](const registrar::RegisterAnswer& answer) {
              note("REGISTER answered " + std::to_string(answer.status));
              if (answer.status == 200) checker_.registered(extension, answer);
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
                                                     : reboot::NoticeOutcome{480, "Temporarily Unavailable", false};
  phone.answered[{incarnation, transaction}] = outcome;
  send({"answer " + std::to_string(outcome.status) + " of " + phone.mac.text(),
        [this, incarnation, transaction, outcome] {
          if (incarnation != incarnation_) return;
          server_->sip_thread.emplace_back([this, transaction, outcome] { server_->answered(transaction, outcome); });
        }});
  if (!obeys) return;
  checker_.phone_accepted(phone.mac);
  note("phone " + phone.mac.text() + " reboots");
  boot(phone);
}

}  // namespace strowger::test::simulation
